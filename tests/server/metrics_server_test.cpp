#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/server/auto_https/metrics_server.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace autohttps {
namespace {

class MetricsServerTest : public ::testing::Test {
 protected:
  void SetUp() override { server_.start(); }
  TestResponse ask(const std::string& target, const std::string& host = "localhost",
                   const std::string& more = "", const std::string& method = "GET") {
    TestConnection client = TestConnection::plain(server_.port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n");
    return client.read_response(method == "HEAD");
  }

  std::vector<Problem> problems_;
  bool broken_ = false;
  MetricsServer server_{parse_metrics_address("127.0.0.1:0"),
                        {[this]() -> std::string {
                           if (broken_) throw std::runtime_error("no\nstore");
                           return "a 1\n";
                         },
                         [this] {
                           if (broken_) throw std::runtime_error("no\nstore");
                           return problems_;
                         }}};
};

TEST_F(MetricsServerTest, TellsMetricsInPrometheusOwnMediaType) {
  const TestResponse response = ask("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "a 1\n");
  EXPECT_EQ(response.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.headers.at("cache-control"), "no-store");
  EXPECT_EQ(ask("/metrics?x").status, 200);
}

TEST_F(MetricsServerTest, HealthIsOkOrSaysWhatIsWrong) {
  EXPECT_EQ(ask("/health").status, 200);
  EXPECT_EQ(ask("/health").body, "ok\n");
  const Json good = Json::parse(ask("/health", "localhost", "Accept: application/json\r\n").body);
  EXPECT_EQ(good["status"], "ok");
  EXPECT_TRUE(good["problems"].empty());

  problems_ = {{"a.test", "a.test expired"}, {"b.test", "b.test is not what is served"}};
  const TestResponse bad = ask("/health");
  EXPECT_EQ(bad.status, 503);
  EXPECT_EQ(bad.body, "a.test expired\nb.test is not what is served\n");
  const TestResponse json =
      ask("/health", "localhost", "Accept: text/html, Application/JSON;q=0.9\r\n");
  EXPECT_EQ(json.status, 503);
  EXPECT_EQ(json.headers.at("content-type"), "application/json");
  EXPECT_EQ(Json::parse(json.body)["problems"][0]["certificate"], "a.test");

  problems_.clear();
  EXPECT_EQ(ask("/health").status, 200);
}

TEST_F(MetricsServerTest, AStoreThatCannotBeReadIsNotHealthy) {
  broken_ = true;
  EXPECT_EQ(ask("/health").status, 503);
  EXPECT_EQ(ask("/health").body, "no\\x0astore\n");
  EXPECT_EQ(ask("/metrics").status, 500);
}

TEST_F(MetricsServerTest, NothingElseIsThere) {
  for (const char* target :
       {"/", "/metrics/", "/Metrics", "/metrics%2f", "/health/x", "//metrics"}) {
    EXPECT_EQ(ask(target).status, 404) << target;
  }
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    const TestResponse response = ask("/metrics", "localhost", "Content-Length: 0\r\n", method);
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.headers.at("allow"), "GET, HEAD");
  }
}

// A page in a browser, whose name leads here by now.
TEST_F(MetricsServerTest, ForeignHostsAreRefused) {
  for (const char* host : {"evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "192.0.2.1",
                           "127.evil.test", "0.0.0.0", "[::2]", "autohttps"}) {
    EXPECT_EQ(ask("/metrics", host).status, 421) << host;
    EXPECT_EQ(ask("/health", host).status, 421) << host;
  }
  for (const char* host :
       {"localhost", "LocalHost:9180", "127.0.0.1", "127.0.0.53:80", "[::1]:9180"}) {
    EXPECT_EQ(ask("/metrics", host).status, 200) << host;
  }
  TestConnection client = TestConnection::plain(server_.port());
  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 421);
}

TEST(MetricsAddressTest, IsThisMachinesAlone) {
  for (const char* good : {"127.0.0.1:9180", "127.1.2.3:1", "[::1]:65535", "localhost:9180"}) {
    EXPECT_NE(parse_metrics_address(good).host, "") << good;
  }
  EXPECT_EQ(parse_metrics_address("[::1]:9180").host, "::1");
  EXPECT_EQ(parse_metrics_address("unix:/run/x.sock").socket, "/run/x.sock");
  for (const char* bad :
       {"", "9180", ":9180", "0.0.0.0:9180", "[::]:9180", "192.0.2.1:9180", "[2001:db8::1]:9180",
        "example.com:9180", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:9180",
        "[127.0.0.1]:1", "127.evil.test:1", "unix:", "unix:relative", "127.0.0.1:-1",
        "127.0.0.1: 1"}) {
    try {
      parse_metrics_address(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::config) << bad;
      EXPECT_NE(error.hint().find("unix:"), std::string::npos);
    }
  }
}

TEST(MetricsServerOnASocketTest, AnswersWhateverTheHostAndTakesItsFileAlong) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "metrics.sock";
  {
    MetricsServer server(
        parse_metrics_address("unix:" + path.string()),
        {[] { return std::string("a 1\n"); }, [] { return std::vector<Problem>(); }});
    server.start();
    const OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n";
    ASSERT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    char bytes[4'096];
    for (ssize_t got; (got = ::recv(fd.get(), bytes, sizeof bytes, 0)) > 0;) {
      answer.append(bytes, static_cast<std::size_t>(got));
    }
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\na 1\n")) << answer;
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace autohttps
