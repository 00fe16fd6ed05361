#include <autohttps/server/sites/forwarded_request.h>

#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/server/sites/hop_fields.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

class ForwardedRequestTest : public ::testing::Test {
 protected:
  ForwardedRequestTest() {
    request_.target = "/x?y";
    request_.host = "a.test:8443";
    request_.peer = "203.0.113.9";
  }
  const HeadView& scan(const std::string& fields, const std::string& line = "GET /x?y HTTP/1.1",
                       bool lenient = false) {
    text_ = line + "\r\nHost: a.test:8443\r\n" + fields + "\r\n";
    HeadLimits limits;
    limits.lenient = lenient;
    const HeadResult result = HeadScanner().scan(text_, limits, view_);
    EXPECT_EQ(result.kind, HeadResult::Kind::complete) << text_ << result.reason;
    return view_;
  }
  // What is passed on of these fields, without what is always said.
  std::string passed(const std::string& fields, const std::string& line = "GET /x?y HTTP/1.1") {
    std::string text;
    EXPECT_TRUE(append_forwarded_request(text, scan(fields, line), request_));
    return text;
  }

  ForwardedRequest request_;
  std::string text_;
  HeadView view_;
};

const std::string kOurs =
    "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
    "X-Forwarded-Host: a.test:8443\r\n"
    "Forwarded: for=203.0.113.9;proto=https;host=\"a.test:8443\"\r\nVia: 1.1 autohttps\r\n";

TEST_F(ForwardedRequestTest, IsWrittenAnewFromItsParts) {
  request_.base = "/base";
  EXPECT_EQ(
      passed("Accept:  a \r\nCookie: a=%0d%0a\r\nX:\r\n"),
      "GET /base/x?y HTTP/1.1\r\nHost: a.test:8443\r\nAccept: a\r\nCookie: a=%0d%0a\r\nX: \r\n" +
          kOurs + "\r\n");
  request_.base = "";
  request_.host = "up.test";
  request_.target = "/";
  EXPECT_EQ(passed("", "GET http://a.test:8443/x HTTP/1.1"),
            "GET / HTTP/1.1\r\nHost: up.test\r\n" + kOurs + "\r\n");
}

TEST_F(ForwardedRequestTest, SaysWhereARequestComesFromWhateverTheClientSaid) {
  EXPECT_EQ(passed("X-Forwarded-For: 10.0.0.1\r\nx-forwarded-proto: http\r\n"
                   "X_Forwarded_For: 10.0.0.1\r\nX-Forwarded_Host: evil.test\r\n"
                   "X-Real-IP: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\nX-Forwarded-Port: 1\r\n"
                   "X-Forwarded-Prefix: /evil\r\nX-Forwarded-Server: x\r\n"
                   "Proxy: http://evil.test\r\n"),
            "GET /x?y HTTP/1.1\r\nHost: a.test:8443\r\n" + kOurs + "\r\n");
}

TEST_F(ForwardedRequestTest, AddsToWhatATrustedProxySaid) {
  request_.believed = true;
  request_.secure = false;
  request_.prefix = "/app";
  EXPECT_EQ(passed("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2, 192.0.2.3\r\n"
                   "X-Forwarded-Proto: HTTPS\r\nX-Forwarded-Host: b.test\r\n"
                   "X-Forwarded-Port: 443\r\nX-Forwarded-Prefix: /outer\r\n"
                   "Forwarded: for=192.0.2.1\r\nVia: 1.0 fred\r\nX_Forwarded_For: 1.1.1.1\r\n"),
            "GET /x?y HTTP/1.1\r\nHost: a.test:8443\r\n"
            "X-Forwarded-For: 192.0.2.1, 192.0.2.2, 192.0.2.3, 203.0.113.9\r\n"
            "X-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b.test\r\n"
            "X-Forwarded-Prefix: /outer/app\r\n"
            "Forwarded: for=192.0.2.1, for=203.0.113.9;proto=http;host=\"a.test:8443\"\r\n"
            "Via: 1.0 fred, 1.1 autohttps\r\n\r\n");
  request_.peer = "2001:db8::1";
  EXPECT_NE(passed("X-Forwarded-Proto: javascript\r\n")
                .find("X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: http\r\n"),
            std::string::npos);
  EXPECT_NE(passed("").find("Forwarded: for=\"[2001:db8::1]\";"), std::string::npos);
}

TEST_F(ForwardedRequestTest, FieldsOfOneHopEndHere) {
  EXPECT_EQ(passed("Connection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\n"
                   "TE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"
                   "Proxy-Authorization: x\r\nProxy-Connection: x\r\nX-Kept: 1\r\n"),
            "GET /x?y HTTP/1.1\r\nHost: a.test:8443\r\nX-Kept: 1\r\n" + kOurs + "\r\n");
  EXPECT_EQ(passed("Connection: host, x-forwarded-for, via\r\n"),
            "GET /x?y HTTP/1.1\r\nHost: a.test:8443\r\n" + kOurs + "\r\n")
      << "ours are said all the same";
}

TEST_F(ForwardedRequestTest, APasswordThatWeAskedForGoesNoFurther) {
  EXPECT_NE(passed("Authorization: Basic eA==\r\n").find("Basic"), std::string::npos);
  request_.keeps_authorization = true;
  for (const char* name : {"Authorization", "AUTHORIZATION", "authorization"}) {
    EXPECT_EQ(passed(std::string(name) + ": Basic eA==\r\n").find("Basic"), std::string::npos);
  }
  EXPECT_NE(passed("Proxied-Authorization: x\r\n").find("Proxied-Authorization"),
            std::string::npos);
}

TEST_F(ForwardedRequestTest, FramesTheBodyOnce) {
  const std::string head = "POST /x?y HTTP/1.1\r\nHost: a.test:8443\r\n" + kOurs;
  const std::string line = "POST /x?y HTTP/1.1";
  EXPECT_EQ(passed("Content-Length: 003\r\n", line), head + "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(passed("Content-Length: 0\r\n", line), head + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(passed("Transfer-Encoding: chunked\r\n", line),
            head + "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(passed("Content-Length: 3\r\nExpect: 100-continue\r\n", line),
            head + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
}

TEST_F(ForwardedRequestTest, WhatNoUpstreamShouldReadIsNotPassedOn) {
  std::string text = "before";
  for (const char* target : {"", "x", "http://b.test/", "/a b", "/a\r\nX: y", "/#a", "**"}) {
    request_.target = target;
    EXPECT_FALSE(append_forwarded_request(text, scan(""), request_)) << target;
  }
  request_.target = "/";
  EXPECT_FALSE(
      append_forwarded_request(text, scan("X: a\x01\r\n", "GET / HTTP/1.1", true), request_));
  EXPECT_EQ(text, "before");
  request_.target = "*";
  EXPECT_TRUE(append_forwarded_request(text, scan("", "OPTIONS * HTTP/1.1"), request_));
  EXPECT_TRUE(text.starts_with("beforeOPTIONS * HTTP/1.1\r\n"));
}

TEST_F(ForwardedRequestTest, UpgradesAreAskedForButNotToAnotherHttp) {
  struct Case {
    const char *fields, *wanted;
  };
  for (const Case& each :
       {Case{"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", "websocket"},
        Case{"Connection: upgrade\r\nUpgrade: a/1, b\r\n", "a/1, b"},
        Case{"Upgrade: websocket\r\n", ""}, Case{"Connection: upgrade\r\n", ""},
        Case{"Connection: upgrade\r\nUpgrade: h2c\r\n", ""},
        Case{"Connection: upgrade\r\nUpgrade: websocket, H2C\r\n", ""},
        Case{"Connection: upgrade\r\nUpgrade: TLS/1.3\r\n", ""},
        Case{"Connection: upgrade\r\nUpgrade: HTTP/3\r\n", ""},
        Case{"Connection: upgrade\r\nUpgrade: ,\r\n", ""},
        Case{"Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n", ""},
        Case{"Connection: upgrade\r\nUpgrade: a\r\nContent-Length: 1\r\n", ""}}) {
    EXPECT_EQ(wanted_upgrade(scan(each.fields)), each.wanted) << each.fields;
  }
  request_.upgrades = true;
  EXPECT_NE(passed("Connection: upgrade\r\nUpgrade: websocket\r\n")
                .find("Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
            std::string::npos);
}

TEST_F(ForwardedRequestTest, KnowsCircles) {
  EXPECT_FALSE(goes_in_a_circle(scan("Via: 1.1 autohttps, 1.1 other\r\n")));
  EXPECT_FALSE(goes_in_a_circle(
      scan("Via: 1.1 a, 1.1 b, 1.1 c, 1.1 d, 1.1 e, 1.1 myautohttps, 1.1 autohttps\r\n")));
  EXPECT_TRUE(
      goes_in_a_circle(scan("Via: 1.1 autohttps, 1.1 autohttps\r\n"
                            "via: 1.0 autohttps, 1.1 autohttps, 1.1 autohttps\r\n")));
}

TEST_F(ForwardedRequestTest, TheClientsAddressIsThePeersUnlessThatIsTrusted) {
  const std::vector<Network> trusted = {Network::parse("10.0.0.0/8"), Network::parse("::1")};
  struct Case {
    const char *peer, *fields, *client;
  };
  for (const Case& each :
       {Case{"203.0.113.9", "X-Forwarded-For: 192.0.2.1\r\n", "203.0.113.9"},
        Case{"10.0.0.1", "X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
        Case{"10.0.0.1", "X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\n", "192.0.2.2"},
        Case{"10.0.0.1", "X-Forwarded-For: 192.0.2.1, 10.9.9.9\r\n", "192.0.2.1"},
        Case{"10.0.0.1", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.9.9.9\r\n",
             "192.0.2.1"},
        Case{"10.0.0.1", "X-Forwarded-For: evil, 10.9.9.9\r\n", "10.9.9.9"},
        Case{"10.0.0.1", "X-Forwarded-For: evil\r\n", "10.0.0.1"},
        Case{"10.0.0.1", "X-Forwarded-For: 192.0.2.1,\r\n", "10.0.0.1"},
        Case{"10.0.0.1", "", "10.0.0.1"},
        Case{"::1", "X-Forwarded-For: 2001:db8::9\r\n", "2001:db8::9"},
        Case{"", "X-Forwarded-For: 192.0.2.1\r\n", ""}}) {
    EXPECT_EQ(client_address(scan(each.fields), each.peer, trusted), each.client) << each.fields;
  }
}

TEST(HopFieldsTest, AnswersFieldsOfOneHopEndHereToo) {
  const std::vector<FieldView> fields = {{"Connection", "keep-alive, x-mine"},
                                         {"X-Mine", "1"},
                                         {"Keep-Alive", "timeout=5"},
                                         {"Transfer-Encoding", "chunked"},
                                         {"Trailer", "X"},
                                         {"Content-Length", "3"},
                                         {"Upgrade", "h2c"},
                                         {"Proxy-Authenticate", "x"},
                                         {"Set-Cookie", "a=1"},
                                         {"Set-Cookie", "b=2"},
                                         {"Expect", "x"}};
  const HeaderFields expected = {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}, {"Expect", "x"}};
  EXPECT_EQ(fields_beyond_this_hop(fields), expected);
}

}  // namespace
}  // namespace autohttps
