#include <autohttps/server/httplib/http_server.h>
#include <autohttps/tests/integration/running_server.h>
#include <autohttps/tests/support/running_server.h>

#include <atomic>
#include <filesystem>
#include <string>

namespace autohttps {
namespace {

// `serve` and a Pebble that validates for real; somebody who knows which shops there are.
class OnDemandOnPebbleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    knows_->Get("/may-have", [this](const httplib::Request& request, httplib::Response& response) {
      ++questions_;
      const bool closed = request.get_param_value("domain") == "closed.shops.test";
      response.status = closed ? 404 : 200;
    });
    knows_.start();
    here_.folder.write("shop/index.html", "a shop");
  }
  Words serve(const Words& more) {
    return Words{"serve",       "--no-config", "--https-port",
                 https_.text(), "--root",      (here_.folder / "shop").string()} +
           here_.at_pebble() + more;
  }
  HttpsAnswer visit(const std::string& name) {
    return https_get({.port = https_.number(), .name = name, .root_pem = here_.pebble.root_pem()});
  }

  ProgramOnPebble here_;
  FreePort https_;
  std::atomic<int> questions_{0};
  RunningServer<HttpServer> knows_;
};

TEST_F(OnDemandOnPebbleTest, AFirstVisitGetsTheNamesCertificateAndOthersAreTurnedAway) {
  Child server(program(serve({"--on-demand", "*.shops.test", "--on-demand-ask",
                              "http://127.0.0.1:" + std::to_string(knows_.port()) + "/may-have"})));
  ASSERT_TRUE(server.wait_for("serving https on port")) << server.err();
  const HttpsAnswer first = visit("blue.shops.test");
  EXPECT_TRUE(first.verified) << first.failure << server.err();
  EXPECT_EQ(first.body, "a shop");
  EXPECT_EQ(visit("blue.shops.test").serial, first.serial);
  EXPECT_EQ(questions_, 1) << "asked once, then it is there";
  for (const char* name : {"closed.shops.test", "shops.test", "elsewhere.test", "a.b.shops.test"}) {
    EXPECT_NE(visit(name).failure, "") << name;
    EXPECT_FALSE(std::filesystem::exists(here_.folder.path() / "store/certificates" / name));
  }
  EXPECT_EQ(questions_, 2) << "about closed.shops.test; the others are no shops at all";
  const Json status = json_of(here_.run(Words{"list", "--json"} + here_.on_store()));
  EXPECT_NE(status.dump().find("blue.shops.test"), std::string::npos);
  EXPECT_EQ(server.stop(), 0) << server.err();
}

TEST_F(OnDemandOnPebbleTest, ANameThatLeadsNowhereIsAnEventAndLeavesNothing) {
  Child server(program(serve({"--on-demand", "*.shops.test"})));
  ASSERT_TRUE(server.wait_for("serving https on port")) << server.err();
  here_.pebble.set_default_ipv4("");
  EXPECT_NE(visit("lost.shops.test").failure, "");
  EXPECT_TRUE(server.wait_for("lost.shops.test: not had on demand: ")) << server.err();
  EXPECT_TRUE(eventually([&] {
    return !std::filesystem::exists(here_.current("lost.shops.test").parent_path() / "spec.json");
  }));
  EXPECT_EQ(server.stop(), 0) << server.err();
}

TEST_F(OnDemandOnPebbleTest, WhatCannotBeAllowedOrAskedIsAnErrorAtTheStart) {
  for (const Words& wrong :
       {Words{"--on-demand", "nodot"}, Words{"--on-demand-ask", "ftp://a.test"},
        Words{"--on-demand-per-hour", "5"}}) {
    const ChildResult result = here_.run(serve(wrong));
    EXPECT_EQ(result.exit_code, 2) << said(result);
    EXPECT_NE(result.err.find("on-demand"), std::string::npos) << said(result);
  }
}

}  // namespace
}  // namespace autohttps
