#include <autohttps/server/sites/reverse_proxy.h>

#include <autohttps/common/strings.h>
#include <autohttps/tests/support/proxy_fixture.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

using Line = ScriptedUpstream::Line;
using Request = ScriptedUpstream::Request;

void tell_request(const Request& request, Line& line) {
  line.simple(request.method + " " + request.target + " " + request.body);
}

TEST(ReverseProxyTest, PassesRequestsOnAndAnswersBack) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    line.simple(request.method + " " + request.target + " " + request.body,
                "X-Mine: a\r\nServer: theirs\r\nDate: some day\r\n", 203);
  });
  ProxyUnderTest proxy(proxy_to({upstream.url() + "/base"}));
  FramedClient client(proxy);
  for (int i = 0; i < 3; ++i) {
    const FramedResponse answer = client.get("/a/../%2e%2e/b?x=%0a");
    EXPECT_EQ(answer.status, 203);
    EXPECT_EQ(answer.body, "GET /base/a/../%2e%2e/b?x=%0a ");
    EXPECT_EQ(answer.headers.at("x-mine"), "a");
    EXPECT_EQ(answer.headers.at("server"), "theirs");
    EXPECT_EQ(answer.headers.at("date"), "some day");
    EXPECT_EQ(client.post("/p", "some text").body, "POST /base/p some text");
  }
  EXPECT_EQ(upstream.connections(), 1) << "it is kept";
  EXPECT_EQ(proxy.status().idle, 1U);
  EXPECT_EQ(proxy.status().active, 0U);
  EXPECT_EQ(proxy.status().requests, 6U);
  EXPECT_EQ(proxy.events.lines().size(), 0U);
}

TEST(ReverseProxyTest, BodiesGoBothWaysWhateverTheirFraming) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    if (request.target == "/chunked") {
      line.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      line.write("5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n");
    } else if (request.target == "/end") {
      line.write("HTTP/1.1 200 OK\r\n\r\nhello world");
      line.close();
    } else if (request.target == "/old") {
      line.write("HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\nhello world");
      line.close();
    } else {
      line.simple("hello world");
    }
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  for (const char* target : {"/chunked", "/end", "/old", "/length", "/chunked", "/length"}) {
    const FramedResponse answer = client.get(target);
    EXPECT_EQ(answer.body, "hello world") << target;
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.headers.count("trailer"), 0U);
  }
  client.send("PUT /x HTTP/1.1\r\n" + kHost +
              "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n");
  EXPECT_EQ(client.read().body, "hello world");
}

TEST(ReverseProxyTest, AnswersWithoutABodyHaveNone) {
  ScriptedUpstream upstream([](const Request& request, Line& line) {
    if (request.target == "/204") {
      line.write("HTTP/1.1 204 No Content\r\nX: y\r\n\r\n");
    } else if (request.target == "/304") {
      line.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: \"a\"\r\n\r\n");
    } else if (request.target == "/empty") {
      line.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    } else if (request.target == "/unknown") {
      line.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    } else {
      line.write("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    }
  });
  ProxyUnderTest proxy(proxy_to({upstream.url()}));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/204").raw_head.find("ontent-"), std::string::npos);
  const FramedResponse unmodified = client.get("/304");
  EXPECT_EQ(unmodified.headers.at("etag"), "\"a\"");
  EXPECT_EQ(client.get("/empty").headers.at("content-length"), "0");
  for (const std::string target : {"/length", "/unknown"}) {
    client.send("HEAD " + target + " HTTP/1.1\r\n" + kHost + "\r\n");
    const FramedResponse answer = client.read(true);
    EXPECT_EQ(answer.headers.count("content-length"), target == "/length" ? 1U : 0U);
  }
  EXPECT_EQ(client.get("/empty").status, 200);
  EXPECT_EQ(upstream.connections(), 1);
}

TEST(ReverseProxyTest, SpeaksToUnixSockets) {
  const TemporaryFolder folder;
  ScriptedUpstream upstream((folder.path() / "a.sock").string(), tell_request);
  ProxyUnderTest proxy(proxy_to({upstream.url() + ":/app"}));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/x").body, "GET /app/x ");
  EXPECT_EQ(client.post("/x", std::string(100'000, 'a')).body,
            "POST /app/x " + std::string(100'000, 'a'));
  EXPECT_EQ(upstream.connections(), 1);
}

TEST(ReverseProxyTest, LooksUpNames) {
  ScriptedUpstream upstream(tell_request);
  ProxyUnderTest proxy(proxy_to({"http://localhost:" + std::to_string(upstream.port())}));
  FramedClient client(proxy);
  EXPECT_EQ(client.get("/x").body, "GET /x ") << "also where ::1 comes first and refuses";
  EXPECT_EQ(client.get("/y").body, "GET /y ");
}

}  // namespace
}  // namespace autohttps
