#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/integration/running_server.h>

#include <csignal>
#include <filesystem>

namespace autohttps {
namespace {

class Serving {
 public:
  explicit Serving(ProgramOnPebble& here, const Words& more = {}, const Words& domains = {"a.test"})
      : here_(here),
        child_(program(Words{"serve"} + domains + here.at_pebble() +
                       Words{"--https-port", https_.text()} + more)) {}

  bool is_up() { return child_.wait_for("serving https on port"); }
  HttpsRequest request(const std::string& root_pem = {}) const {
    return {.port = https_.number(), .name = "a.test", .root_pem = root_pem};
  }
  HttpsRequest verified() const { return request(here_.pebble.root_pem()); }
  Child& child() { return child_; }
  std::string log() const { return child_.out() + child_.err(); }

  // A certificate of the CA's, not the placeholder.
  bool real_within(std::chrono::milliseconds limit) const {
    return eventually([&] { return https_get(verified()).verified; }, limit);
  }

 private:
  ProgramOnPebble& here_;
  FreePort https_;
  Child child_;
};

TEST(ServeTest, ObtainsServesAndRedirects) {
  ProgramOnPebble here;
  here.folder.write("www/index.html", "the page");
  Serving serving(here, {"--root", (here.folder / "www").string()});
  ASSERT_TRUE(serving.is_up()) << serving.log();
  ASSERT_TRUE(serving.real_within(std::chrono::seconds(20))) << serving.log();
  const HttpsAnswer page = https_get(serving.verified());
  EXPECT_EQ(page.status, 200) << page.failure;
  EXPECT_EQ(page.body, "the page");
  EXPECT_GE(page.chain_length, 2u);

  HttpsRequest plain = serving.request();
  plain.port = here.pebble.http_port();
  plain.path = "/x?y=1";
  const HttpsAnswer redirect = http_get(plain);
  EXPECT_EQ(redirect.status, 301) << redirect.headers;
  EXPECT_NE(
      redirect.headers.find("https://a.test:" + std::to_string(serving.request().port) + "/x?y=1"),
      std::string::npos)
      << redirect.headers;
  EXPECT_EQ(serving.child().stop(), 0) << serving.log();
}

TEST(ServeTest, BothAddressFamiliesAreServed) {
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  Serving serving(here);
  ASSERT_TRUE(serving.is_up()) << serving.log();
  for (const char* address : {"127.0.0.1", "::1"}) {
    HttpsRequest request = serving.verified();
    request.address = address;
    const HttpsAnswer answer = https_get(request);
    EXPECT_TRUE(answer.verified) << address << ": " << answer.failure;
  }
}

TEST(ServeTest, OneAddressFamilyIsEnough) {
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  for (const char* address : {"127.0.0.1", "::1"}) {
    Serving serving(here, {"--bind", address});
    ASSERT_TRUE(serving.is_up()) << serving.log();
    HttpsRequest request = serving.verified();
    request.address = address;
    EXPECT_TRUE(https_get(request).verified) << address;
    request.address = std::string(address) == "::1" ? "127.0.0.1" : "::1";
    EXPECT_FALSE(https_get(request).failure.empty()) << address;
  }
}

TEST(ServeTest, RenewalsOfAnotherProcessAreServedWithoutOneFailure) {
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test", "b.test"}).exit_code, 0);
  Serving serving(here, {}, {"a.test", "b.test"});
  ASSERT_TRUE(serving.is_up()) << serving.log();
  ASSERT_TRUE(serving.real_within(std::chrono::seconds(5))) << serving.log();
  Load load(serving.verified(), 2);
  renew_under_load(here, serving.verified(), load, 20);
  load.stop();
  EXPECT_EQ(load.failures(), "");
  EXPECT_GT(load.connections(), 20);
  EXPECT_EQ(serving.child().stop(), 0) << serving.log();
}

TEST(ServeTest, StatusSaysWhoServes) {
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  Serving serving(here);
  ASSERT_TRUE(serving.is_up()) << serving.log();
  const Words status = Words{"status", "--json"} + here.on_store();
  const Json during = json_of(here.run(status));
  EXPECT_EQ(during["serving"]["pid"], serving.child().pid());
  EXPECT_EQ(during["serving"]["https_port"], serving.request().port);
  serving.child().kill();
  EXPECT_TRUE(json_of(here.run(status))["serving"].is_null()) << "a record without its process";
}

TEST(ServeTest, WithTheCaDownWhatIsInTheStoreIsServedAtOnce) {
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::string root = here.pebble.root_pem();
  here.pebble.stop();
  Serving serving(here);
  ASSERT_TRUE(serving.is_up()) << serving.log();
  const HttpsAnswer answer = https_get(serving.request(root));
  EXPECT_TRUE(answer.verified) << answer.failure << serving.log();
  EXPECT_EQ(answer.serial, here.stored("a.test")->serial());
  EXPECT_EQ(answer.status, 200);
}

TEST(ServeTest, WithNothingAtAllThePlaceholderIsServedUntilTheCaIsBack) {
  ProgramOnPebble here;
  here.pebble.stop();
  Serving serving(here);
  ASSERT_TRUE(serving.is_up()) << serving.log();
  const HttpsAnswer before = https_get(serving.request());
  EXPECT_EQ(before.failure, "") << serving.log();
  EXPECT_NE(before.common_name.find("placeholder"), std::string::npos) << before.common_name;
  here.pebble.start();
  EXPECT_TRUE(serving.real_within(std::chrono::seconds(10))) << serving.log();
}

TEST(ServeTest, ATakenPortEndsItWithTheHoldersName) {
  ProgramOnPebble here;
  const OwnedFd taken = listen_tcp("", here.pebble.http_port());
  Serving serving(here);
  EXPECT_EQ(serving.child().wait(std::chrono::seconds(10)), 5) << serving.log();
  EXPECT_NE(serving.log().find("pid " + std::to_string(::getpid())), std::string::npos)
      << serving.log();
}

TEST(ServeTest, EndsCleanlyOnSignalsWhateverItIsDoing) {
  ProgramOnPebble here;
  for (const int number : {SIGTERM, SIGINT}) {
    Serving serving(here);
    ASSERT_TRUE(serving.is_up()) << serving.log();
    serving.child().signal(number);
    EXPECT_EQ(serving.child().wait(std::chrono::seconds(10)), 0) << serving.log();
  }
}

}  // namespace
}  // namespace autohttps
