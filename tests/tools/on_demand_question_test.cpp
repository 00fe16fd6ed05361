#include <autohttps/server/httplib/http_server.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/thrown_error.h>
#include <autohttps/tools/autohttps/on_demand_question.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::tools {
namespace {

class OnDemandQuestionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_->Get("/ask", [](const httplib::Request& request, httplib::Response& response) {
      const std::string name = request.get_param_value("domain");
      response.status = name == "yes.test" ? 204 : name == "no.test" ? 404 : 500;
      if (request.get_param_value("key") == "redirect") response.set_redirect("/elsewhere");
    });
    server_.start();
    url_ = "http://127.0.0.1:" + std::to_string(server_.port()) + "/ask";
  }
  RunningServer<HttpServer> server_;
  std::string url_;
};

TEST_F(OnDemandQuestionTest, TheStatusIsTheAnswer) {
  const auto ask = on_demand_question(url_);
  EXPECT_TRUE(ask("yes.test"));
  EXPECT_FALSE(ask("no.test"));
  EXPECT_TRUE(on_demand_question(url_ + "?key=1")("yes.test"));
}

TEST_F(OnDemandQuestionTest, WhatIsNeitherYesNorNoIsAnError) {
  for (const std::string& url :
       {url_, url_ + "?key=redirect", std::string("http://127.0.0.1:1/")}) {
    const auto error = thrown_error([&] { on_demand_question(url)("other.test"); });
    ASSERT_TRUE(error) << url;
    EXPECT_EQ(error->code(), ErrorCode::network) << error->what();
  }
}

TEST_F(OnDemandQuestionTest, WhatIsNoUrlIsAnErrorAtTheStart) {
  for (const char* url : {"", "ask", "http://", "ftp://a.test/", "file:///etc/passwd",
                          "http://a.test/#x", "http://a b/"}) {
    const auto error = thrown_error([&] { on_demand_question(url); });
    ASSERT_TRUE(error) << url;
    EXPECT_EQ(error->code(), ErrorCode::config) << url;
  }
}

}  // namespace
}  // namespace autohttps::tools
