#include <autohttps/tests/integration/running_server.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace autohttps {
namespace {

constexpr std::chrono::seconds kSoon{20};

class WatchedServer {
 public:
  explicit WatchedServer(ProgramOnPebble& here, const Words& more = {})
      : here_(here),
        child_(program(
            Words{"serve", "a.test"} + here.at_pebble() +
            Words{"--https-port", https_.text(), "--metrics", "127.0.0.1:" + metrics_.text()} +
            more)) {}

  bool is_up() {
    return child_.wait_for("serving https on port") &&
           eventually([&] { return ask("/health").status != 0; });
  }
  HttpsAnswer ask(const std::string& path) const {
    return http_get({.port = metrics_.number(), .name = "localhost", .path = path});
  }
  // A sample's value; empty: there is none.
  std::string value(const std::string& sample) const {
    const std::string text = "\n" + ask("/metrics").body;
    const std::size_t begin = text.find("\n" + sample + " ");
    if (begin == std::string::npos) return {};
    const std::size_t from = begin + sample.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
  }
  HttpsRequest request() const {
    return {.port = https_.number(), .name = "a.test", .root_pem = here_.pebble.root_pem()};
  }
  Child& child() { return child_; }
  std::string said() const { return child_.out() + child_.err(); }

 private:
  ProgramOnPebble& here_;
  FreePort https_, metrics_;
  Child child_;
};

const std::string kNotAfter =
    "autohttps_certificate_not_after_timestamp_seconds{certificate=\"a.test\",key_type=\"ec256\"}";

TEST(MetricsProgramTest, TellARenewalAndTheRequestsMeanwhile) {
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  WatchedServer server(here);
  ASSERT_TRUE(server.is_up()) << server.said();
  const std::string before = server.value(kNotAfter);
  EXPECT_NE(before, "");
  EXPECT_EQ(server.value("autohttps_certificate_swaps_total"), "0");
  EXPECT_EQ(server.value("autohttps_certificate_served{certificate=\"a.test\"}"), "1");
  EXPECT_EQ(server.value("autohttps_healthy"), "1");

  EXPECT_EQ(https_get(server.request()).status, 200);
  EXPECT_TRUE(eventually([&] {
    return server.value("autohttps_answers_total{listener=\"https\",class=\"2xx\"}") == "1";
  }));
  EXPECT_EQ(server.value("autohttps_requests_in_flight{listener=\"https\"}"), "0");

  std::this_thread::sleep_for(std::chrono::milliseconds(1'100));  // notAfter has whole seconds
  ASSERT_EQ(here.renew({"--force"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return server.value("autohttps_certificate_swaps_total") == "1"; }));
  EXPECT_NE(server.value(kNotAfter), before);
  EXPECT_TRUE(eventually(
      [&] { return server.value("autohttps_certificate_served{certificate=\"a.test\"}") == "1"; }));
  EXPECT_EQ(server.ask("/health").body, "ok\n");
  EXPECT_EQ(server.ask("/else").status, 404);
  EXPECT_EQ(server.child().stop(), 0) << server.said();
}

TEST(MetricsProgramTest, AttemptsAreToldByTheirResult) {
  ProgramOnPebble here;
  WatchedServer server(here);
  ASSERT_TRUE(server.is_up()) << server.said();
  EXPECT_TRUE(eventually(
      [&] { return server.value("autohttps_attempts_total{result=\"issued\"}") == "1"; }, kSoon))
      << server.ask("/metrics").body;
  EXPECT_EQ(server.value("autohttps_attempts_total{result=\"failed\"}"), "0");
}

// What has changed is read again at once.
void mark_changed(const ProgramOnPebble& here) {
  std::ofstream(here.folder / "store/certificates/a.test/state.json", std::ios::app) << "\n";
}

TEST(MetricsProgramTest, HealthTurnsBadWithItsCertificateAndGoodAgain) {
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::filesystem::path current = here.current("a.test");
  WatchedServer server(here);
  ASSERT_TRUE(server.is_up()) << server.said();
  ASSERT_EQ(server.ask("/health").status, 200) << server.ask("/health").body;
  // The pointer leads nowhere, and there is no other generation: nothing is in place.
  const std::filesystem::path generations = current.parent_path() / "generations";
  const std::filesystem::path aside = here.folder / "aside";
  std::filesystem::rename(generations, aside);
  mark_changed(here);
  EXPECT_TRUE(eventually([&] { return server.ask("/health").status == 503; }))
      << server.ask("/health").body;
  EXPECT_EQ(server.ask("/health").body, "a.test has no certificate\n");
  EXPECT_EQ(server.value("autohttps_healthy"), "0");
  std::filesystem::remove_all(generations);
  std::filesystem::rename(aside, generations);
  mark_changed(here);
  EXPECT_TRUE(eventually([&] { return server.ask("/health").status == 200; }))
      << server.ask("/health").body;
  EXPECT_EQ(server.child().stop(), 0) << server.said();
}

TEST(MetricsProgramTest, AUnixSocketIsThereWhileItServesAndGoesWithIt) {
  ProgramOnPebble here;
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::filesystem::path socket = here.folder / "metrics.sock";
  FreePort https;
  Child child(program(Words{"serve", "a.test"} + here.at_pebble() +
                      Words{"--https-port", https.text(), "--metrics", "unix:" + socket.string()}));
  ASSERT_TRUE(child.wait_for("serving https on port")) << child.err();
  struct stat status {};
  ASSERT_EQ(::stat(socket.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  EXPECT_TRUE(eventually([&] {
    const ChildResult got = run_child(
        {.arguments = {"curl", "-s", "--unix-socket", socket.string(), "http://localhost/health"}});
    return got.out == "ok\n";
  }));
  EXPECT_EQ(child.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST(MetricsProgramTest, OtherMachinesAddressesAreRefusedAtTheStart) {
  ProgramOnPebble here;
  const ChildResult result =
      here.run(Words{"serve", "a.test", "--metrics", "0.0.0.0:9180"} + here.at_pebble());
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_NE(result.err.find("no place for metrics"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace autohttps
