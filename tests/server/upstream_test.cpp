#include <autohttps/server/sites/upstream.h>

#include <autohttps/server/httplib/http_server.h>
#include <autohttps/tests/support/raw_peer.h>
#include <autohttps/tests/support/running_server.h>

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace autohttps {
namespace {

using httplib::Request;
using httplib::Response;

UpstreamLimits quick() {
  UpstreamLimits limits;
  limits.silence = std::chrono::milliseconds(300);
  return limits;
}

UpstreamRequest get(const std::string& target) {
  return {"GET", target, {{"Host", "a.test"}}, false, {}};
}

std::string rest_of(UpstreamExchange& exchange) {
  std::string all, piece;
  while (exchange.read(piece)) all += piece;
  return all;
}

// The status that a failure is answered with; 0: there was none.
int failure(const std::string& url, UpstreamLimits limits = quick()) {
  try {
    Upstream upstream(parse_upstream_url(url), std::move(limits));
    const auto exchange = upstream.begin(get("/"));
    exchange->head();
    rest_of(*exchange);
    return 0;
  } catch (const UpstreamError& error) {
    EXPECT_NE(std::string(error.what()), "");
    return error.status();
  }
}

class UpstreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_->Get(".*", [this](const Request& request, Response& response) {
      ports_.insert(request.remote_port);
      response.set_header("X-Target", request.target);
      response.set_header("X-Host", request.get_header_value("Host"));
      response.set_header("X-Agent", request.has_header("User-Agent") ? "yes" : "no");
      response.set_content(std::string(1'000'000, 'x'), "text/x");
    });
    server_->Post("/echo", [](const Request& request, Response& response) {
      response.set_header("X-Coding", request.get_header_value("Transfer-Encoding"));
      response.set_content(request.body, request.get_header_value("Content-Type"));
    });
    server_.start();
  }
  std::string url() { return "http://127.0.0.1:" + std::to_string(server_.port()); }

  std::set<int> ports_;
  RunningServer<HttpServer> server_;
};

TEST_F(UpstreamTest, PassesTheTargetByteForByteAndTheAnswerInPieces) {
  Upstream upstream(parse_upstream_url(url() + "/base"));
  const auto exchange = upstream.begin(get("/a/../%2e%2e/b?x=%0a"));
  const UpstreamHead& head = exchange->head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.length, 1'000'000);
  EXPECT_EQ(first_field(head.fields, "X-Target"), "/base/a/../%2e%2e/b?x=%0a");
  EXPECT_EQ(first_field(head.fields, "X-Host"), "a.test");
  EXPECT_EQ(first_field(head.fields, "X-Agent"), "no");
  EXPECT_EQ(rest_of(*exchange), std::string(1'000'000, 'x'));
}

TEST_F(UpstreamTest, KeepsItsConnection) {
  Upstream upstream(parse_upstream_url(url()));
  for (int i = 0; i < 5; ++i) {
    const auto exchange = upstream.begin(get("/"));
    EXPECT_EQ(exchange->head().status, 200);
    rest_of(*exchange);
  }
  EXPECT_EQ(ports_.size(), 1);
}

TEST_F(UpstreamTest, AnAnswerThatIsNotReadEndsItsConnectionAndNoOther) {
  Upstream upstream(parse_upstream_url(url()));
  upstream.begin(get("/"))->head();
  const auto exchange = upstream.begin(get("/"));
  EXPECT_EQ(exchange->head().status, 200);
  EXPECT_EQ(rest_of(*exchange).size(), 1'000'000);
}

TEST_F(UpstreamTest, BodiesWithAndWithoutALength) {
  Upstream upstream(parse_upstream_url(url()));
  for (const bool with_length : {true, false}) {
    UpstreamRequest request{"POST", "/echo", {{"Host", "a"}, {"Content-Type", "a/b"}}, true, {}};
    if (with_length) request.length = 300'000;
    const auto exchange = upstream.begin(std::move(request));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(exchange->send(std::string(100'000, "abc"[i])));
    const UpstreamHead& head = exchange->head();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(first_field(head.fields, "X-Coding"), with_length ? "" : "chunked");
    EXPECT_EQ(first_field(head.fields, "Content-Type"), "a/b");
    EXPECT_EQ(rest_of(*exchange),
              std::string(100'000, 'a') + std::string(100'000, 'b') + std::string(100'000, 'c'));
  }
}

TEST_F(UpstreamTest, HeadTellsTheLengthWithoutABody) {
  Upstream upstream(parse_upstream_url(url()));
  UpstreamRequest request = get("/");
  request.method = "HEAD";
  const auto exchange = upstream.begin(std::move(request));
  EXPECT_EQ(exchange->head().length, 1'000'000);
  EXPECT_EQ(rest_of(*exchange), "");
}

TEST(UpstreamAnswersTest, InterimAnswersAreNotTheAnswer) {
  RawPeer peer(
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not\r\nX: y\r\nContent-Length: "
      "2\r\n\r\nno");
  Upstream upstream(parse_upstream_url(peer.url()), quick());
  const auto exchange = upstream.begin(get("/"));
  EXPECT_EQ(exchange->head().status, 404);
  EXPECT_EQ(count_fields(exchange->head().fields, "Link"), 0);
  EXPECT_EQ(rest_of(*exchange), "no");
}

TEST(UpstreamAnswersTest, AnAnswerMayEndWithItsConnection) {
  RawPeer peer("HTTP/1.0 200 OK\r\n\r\nall of it");
  Upstream upstream(parse_upstream_url(peer.url()), quick());
  const auto exchange = upstream.begin(get("/"));
  EXPECT_EQ(exchange->head().length, std::nullopt);
  EXPECT_EQ(rest_of(*exchange), "all of it");
}

TEST(UpstreamAnswersTest, AnEarlyAnswerEndsTheUpload) {
  RawPeer peer("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  Upstream upstream(parse_upstream_url(peer.url()), quick());
  const auto exchange =
      upstream.begin({"POST", "/", {{"Host", "a"}}, true, std::uint64_t{1} << 40});
  const std::string piece(1 << 20, 'x');
  int pieces = 0;
  while (pieces < 1000 && exchange->send(piece)) ++pieces;
  EXPECT_LT(pieces, 1000);
  EXPECT_EQ(exchange->head().status, 413);
}

TEST(UpstreamAnswersTest, WhatIsNoAnswerIsABadGateway) {
  std::uint16_t nobody = 0;
  {
    const OwnedFd closed = listen_tcp("127.0.0.1", 0);
    nobody = bound_port(closed.get());
  }
  EXPECT_EQ(failure("http://127.0.0.1:" + std::to_string(nobody)), 502);
  for (const char* answer : {"", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                             "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    RawPeer peer(answer);
    EXPECT_EQ(failure(peer.url()), 502) << answer;
  }
  RawPeer endless("HTTP/1.1 200 OK\r\n" + std::string(200'000, 'x'));
  EXPECT_EQ(failure(endless.url()), 502);
}

TEST(UpstreamAnswersTest, SilenceIsATimeout) {
  RawPeer silent("", RawPeer::Then::wait);
  EXPECT_EQ(failure(silent.url()), 504);
}

TEST(UpstreamAnswersTest, AServerThatStopsDoesNotWait) {
  RawPeer silent("", RawPeer::Then::wait);
  UpstreamLimits limits;
  limits.drain = std::chrono::milliseconds(0);
  limits.stopping = [] { return true; };
  EXPECT_EQ(failure(silent.url(), std::move(limits)), 502);
}

}  // namespace
}  // namespace autohttps
