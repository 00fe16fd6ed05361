#include <autohttps/acme/protocol/transport.h>

#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

struct CountingTransport final : Transport {
  HttpResponse send(const HttpRequest&, std::stop_token) override {
    ++sent;
    HttpResponse response;
    response.status = 200;
    return response;
  }
  int sent = 0;
};

TEST(TransportTest, HeaderIsTheFirstOfItsName) {
  HttpResponse response;
  response.headers = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(response.header("a"), "1");
  EXPECT_EQ(response.header("b"), "2");
  EXPECT_EQ(response.header("c"), "");
}

TEST(TransportTest, ABudgetIsNotExceeded) {
  CountingTransport inner;
  BudgetedTransport transport(inner, 3);
  const HttpRequest request{.method = "GET", .url = "https://ca.test/"};
  for (int i = 0; i < 3; ++i) transport.send(request, {});
  for (int i = 0; i < 3; ++i) {
    const auto error = thrown_error([&] { transport.send(request, {}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::protocol);
  }
  EXPECT_EQ(inner.sent, 3);
}

}  // namespace
}  // namespace autohttps::acme
