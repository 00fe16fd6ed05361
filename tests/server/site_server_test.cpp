#include <autohttps/server/auto_https/site_server.h>

#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/tests/support/raw_peer.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/served_credentials.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_connection.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using httplib::Request;
using httplib::Response;

class SiteServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("www/index.html", "<p>files");
    folder_.write("www/big.bin", std::string(300'000, 'b'));
    cache_->install(make_credentials(
        ca_, {"files.test", "proxy.test", "www.files.test", "routes.test", "other.test"}));
    server_->Get("/hello", [](const Request&, Response& response) {
      response.set_content("routes", "text/plain");
    });
    server_->Post("/form", [](const Request& request, Response& response) {
      response.set_content(request.get_param_value("a"), "text/plain");
    });
    const auto echo = [](const Request& request, Response& response) {
      std::string text = request.method + " " + request.target + "\n";
      for (const char* name : {"Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
                               "Via", "Content-Type", "Content-Encoding", "Accept-Encoding",
                               "Range", "X-Mine", "Connection", "REMOTE_ADDR"}) {
        bool own = std::string(name) == "REMOTE_ADDR";  // the first is its own front's
        const auto [first, last] = request.headers.equal_range(name);
        for (auto field = first; field != last; ++field) {
          if (!std::exchange(own, false)) text += field->first + ": " + field->second + "\n";
        }
      }
      response.set_header("Set-Cookie", "a=1");
      response.headers.emplace("Set-Cookie", "b=2");
      response.set_content(text + request.body, "text/x-echo");
    };
    upstream_->Get(".*", echo);
    upstream_->Options(".*", echo);
    upstream_->Put(".*", echo);
    upstream_->Post("/upload", [](const Request& request, Response& response,
                                  const httplib::ContentReader& reader) {
      std::size_t size = 0;
      if (request.is_multipart_form_data()) {
        reader([](const auto&) { return true; },  // its type has had several names
               [&](const char*, std::size_t more) {
                 size += more;
                 return true;
               });
      } else {
        reader([&](const char*, std::size_t more) {
          size += more;
          return true;
        });
      }
      response.set_content(std::to_string(size), "text/plain");
    });
    upstream_.start();
    apply();
    server_.start();
  }
  std::string upstream_url() { return "http://127.0.0.1:" + std::to_string(upstream_.port()); }
  void apply(std::vector<Site> more = {}) {
    std::vector<Site> sites = {
        {{"files.test", "www.files.test"}, folder_ / "www", "", "files.test"},
        {{"proxy.test"}, "", upstream_url(), ""},
        {{"routes.test"}, "", "", ""}};
    for (Site& site : more) sites.push_back(std::move(site));
    server_->serve_sites(std::move(sites), 8443);
  }
  TestConnection connect(const std::string& name) {
    return TestConnection::tls(server_.port(), name);
  }
  TestResponse get(const std::string& name, const std::string& target,
                   const std::string& more = {}) {
    return connect(name).get(target, name, more);
  }
  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

  TemporaryFolder folder_;
  const TestCa ca_;
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  std::mutex mutex_;
  std::vector<std::string> told_;  // guarded by mutex_
  RunningServer<HttpServer> upstream_;
  RunningServer<SiteServer> server_{cache_, TlsPolicy{}, [this](const Event& event) {
                                      const std::lock_guard lock(mutex_);
                                      told_.push_back(event.text);
                                    }};
};

TEST_F(SiteServerTest, FilesOverOneConnection) {
  TestConnection client = connect("files.test");
  const TestResponse page = client.get("/", "files.test");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<p>files");
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.count("date"), 1);
  EXPECT_EQ(client.get("/big.bin", "files.test", "Accept-Encoding: gzip, br\r\n").body.size(),
            300'000);
  EXPECT_EQ(client.get("/big.bin", "files.test", "Range: bytes=299998-\r\n").body, "bb");
  client.send("GET / HTTP/1.1\r\nHost: files.test\r\nIf-None-Match: " + page.headers.at("etag") +
              "\r\n\r\n");
  const TestResponse same = client.read_response(/*head_only=*/true);
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.headers.count("content-length"), 0);
}

TEST_F(SiteServerTest, WhatIsNotThereIs404) {
  EXPECT_EQ(connect("files.test").get("/nothing", "files.test").body, "404 Not Found\n");
  EXPECT_EQ(connect("files.test").get("/%2e%2e/x", "files.test").status, 404);
}

TEST_F(SiteServerTest, HeadHasTheLengthAndNoBody) {
  TestConnection client = connect("files.test");
  client.send("HEAD /big.bin HTTP/1.1\r\nHost: files.test\r\n\r\n");
  const TestResponse response = client.read_response(true);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-length"), "300000");
  EXPECT_EQ(client.get("/", "files.test").body, "<p>files");
}

TEST_F(SiteServerTest, FilesAreNotWrittenTo) {
  TestConnection client = connect("files.test");
  client.send(
      "POST / HTTP/1.1\r\nHost: files.test\r\nContent-Length: 3\r\nContent-Type: "
      "multipart/form-data\r\n\r\nabc");
  EXPECT_EQ(client.read_response().status, 405);
}

TEST_F(SiteServerTest, OtherNamesOfASiteAreSentToItsOne) {
  const TestResponse response = get("www.files.test", "/a?b=%20");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(response.headers.at("location"), "https://files.test:8443/a?b=%20");
  TestConnection client = connect("www.files.test");
  client.send("POST /a HTTP/1.1\r\nHost: www.files.test\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 308);
}

TEST_F(SiteServerTest, AConnectionIsForItsOwnSite) {
  EXPECT_EQ(connect("proxy.test").get("/", "files.test").status, 421);
  EXPECT_EQ(connect("files.test").get("/", "unknown.test").status, 421);
  EXPECT_EQ(connect("other.test").get("/", "files.test").status, 421);
}

TEST_F(SiteServerTest, HostsWithoutContentsAreTheRoutes) {
  EXPECT_EQ(get("routes.test", "/hello").body, "routes");
  EXPECT_EQ(get("other.test", "/hello").body, "routes");
  EXPECT_EQ(get("files.test", "/hello").status, 404) << "its host is the site's alone";
  EXPECT_EQ(get("routes.test", "/%0A").status, 404);
  EXPECT_EQ(get("routes.test", "%0A").status, 400) << "neither a path nor an URL";
  TestConnection client = connect("routes.test");
  client.send(
      "POST /form HTTP/1.1\r\nHost: routes.test\r\nContent-Length: 3\r\nContent-Type: "
      "application/x-www-form-urlencoded\r\n\r\na=b");
  EXPECT_EQ(client.read_response().body, "b") << "as cpp-httplib has it";
}

TEST_F(SiteServerTest, WhatIsNoRequestIsRefusedAndEndsTheConnection) {
  for (const char* raw :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: files.test\r\nHost: files.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: files.test\r\nX : y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: files.test\r\n folded\r\n\r\n"}) {
    TestConnection client = connect("files.test");
    client.send(raw);
    EXPECT_EQ(client.read_response().status, 400) << raw;
  }
}

TEST_F(SiteServerTest, PassesOnWhatTheClientSaidAndSaysWhoItIs) {
  const std::string host = "proxy.test";
  const TestResponse response =
      connect(host).get("/x/../y?q=%2F%0a", host,
                        "X-Mine: %0d%0aX-Evil: 1\r\nX-Forwarded-For: 10.0.0.1\r\nAccept-Encoding: "
                        "gzip\r\nREMOTE_ADDR: 10.0.0.1\r\nRange: bytes=0-1\r\n");
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.headers.at("content-range").substr(0, 10), "bytes 0-1/");
  const std::string whole =
      connect(host)
          .get("/x/../y?q=%2F%0a", host,
               "X-Mine: %41\r\nX-Forwarded-For: 10.0.0.1\r\nAccept-Encoding: identity\r\n")
          .body;
  EXPECT_EQ(whole,
            "GET /x/../y?q=%2F%0a\nHost: proxy.test\nX-Forwarded-For: 127.0.0.1\n"
            "X-Forwarded-Proto: https\nX-Forwarded-Host: proxy.test\nVia: 1.1 autohttps\n"
            "Accept-Encoding: identity\nX-Mine: A\n")
      << "the upstream of this test decodes %41 itself";
}

TEST_F(SiteServerTest, FieldsComeToTheUpstreamByteForByte) {
  RawPeer peer("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  apply({{{"other.test"}, "", peer.url(), ""}});
  TestConnection client = connect("other.test");
  client.send(
      "GET / HTTP/1.1\r\nHost: other.test\r\nCookie: a=%0d%0aX-Evil: 1; b=%3B\r\nREMOTE_ADDR: "
      "x\r\n\r\n");
  const TestResponse response = client.read_response(/*head_only=*/true);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.count("content-length"), 0);
  const std::string head = peer.received();
  EXPECT_NE(head.find("Cookie: a=%0d%0aX-Evil: 1; b=%3B\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("REMOTE_PORT"), std::string::npos) << "cpp-httplib's own fields";
}

TEST_F(SiteServerTest, AnswersKeepTheirFields) {
  const TestResponse response = get("proxy.test", "/");
  EXPECT_EQ(response.headers.at("content-type"), "text/x-echo");
  EXPECT_NE(response.raw_head.find("Set-Cookie: a=1\r\n"), std::string::npos) << response.raw_head;
  EXPECT_NE(response.raw_head.find("Set-Cookie: b=2\r\n"), std::string::npos);
}

TEST_F(SiteServerTest, BodiesPassUntouched) {
  TestConnection first = connect("proxy.test");
  const std::string body = "a=b&" + std::string(200'000, 'x');
  first.send(
      "PUT /put HTTP/1.1\r\nHost: proxy.test\r\nContent-Type: "
      "application/x-www-form-urlencoded\r\nX-Mine: y\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  const TestResponse echoed = first.read_response();
  // The upstream of this test, cpp-httplib, refuses long forms; that we did not is what counts.
  EXPECT_EQ(echoed.status, 413);
  TestConnection client = connect("proxy.test");
  client.send(
      "PUT /put HTTP/1.1\r\nHost: proxy.test\r\nContent-Type: text/x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  const TestResponse chunked = client.read_response();
  EXPECT_EQ(chunked.status, 200);
  EXPECT_TRUE(chunked.body.ends_with("\nabcde")) << chunked.body;
  const std::string form =
      "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\ndata\r\n--x--\r\n";
  client.send(
      "POST /upload HTTP/1.1\r\nHost: proxy.test\r\nContent-Type: multipart/form-data; "
      "boundary=x\r\nContent-Length: " +
      std::to_string(form.size()) + "\r\n\r\n" + form);
  EXPECT_EQ(client.read_response().body, "4");
}

TEST_F(SiteServerTest, HalfABodyIsNoRequestForTheUpstream) {
  RawPeer peer("", RawPeer::Then::wait);
  apply({{{"other.test"}, "", peer.url(), ""}});
  {
    TestConnection client = connect("other.test");
    client.send(
        "POST / HTTP/1.1\r\nHost: other.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    client.finish_sending();
    EXPECT_EQ(client.read_response().status, 400);
  }
  EXPECT_EQ(peer.received().find("0\r\n\r\n"), std::string::npos) << "an end that never came";
}

TEST_F(SiteServerTest, UpgradesAndCirclesAreRefused) {
  EXPECT_EQ(get("proxy.test", "/", "Connection: Upgrade\r\nUpgrade: websocket\r\n").status, 501);
  apply({{{"other.test"}, "", "http://127.0.0.1:1", ""}});
  std::string via;
  for (int i = 0; i < 5; ++i) via += "Via: 1.1 autohttps\r\n";
  EXPECT_EQ(get("other.test", "/", via).status, 508);
}

TEST_F(SiteServerTest, AnUpstreamThatFailsIsToldOnce) {
  std::uint16_t nobody = 0;
  {
    const OwnedFd closed = listen_tcp("127.0.0.1", 0);
    nobody = bound_port(closed.get());
  }
  apply({{{"other.test"}, "", "http://127.0.0.1:" + std::to_string(nobody), ""}});
  for (int i = 0; i < 3; ++i) {
    const TestResponse response = get("other.test", "/");
    EXPECT_EQ(response.status, 502);
    EXPECT_EQ(response.body, "502 Bad Gateway\n") << "nothing of what is behind";
  }
  ASSERT_EQ(told().size(), 1);
  EXPECT_NE(told()[0].find("other.test: http://127.0.0.1:"), std::string::npos) << told()[0];
}

TEST_F(SiteServerTest, AnAnswerThatBreaksOffIsCutOff) {
  RawPeer peer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  apply({{{"other.test"}, "", peer.url(), ""}});
  TestConnection client = connect("other.test");
  client.send("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_TRUE(all.ends_with("half")) << all;
}

TEST_F(SiteServerTest, AnswersWithoutALengthAreStreamed) {
  RawPeer peer("HTTP/1.1 200 OK\r\nX: y\r\n\r\nfirst", RawPeer::Then::wait);
  apply({{{"other.test"}, "", peer.url(), ""}});
  TestConnection client = connect("other.test");
  client.send("GET / HTTP/1.1\r\nHost: other.test\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_TRUE(client.read_until("5\r\nfirst\r\n")) << "before the end has come";
}

TEST_F(SiteServerTest, OldClientsGetNoChunks) {
  RawPeer peer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n");
  apply({{{"other.test"}, "", peer.url(), ""}});
  TestConnection client = connect("other.test");
  client.send("GET / HTTP/1.0\r\nHost: other.test\r\nConnection: Keep-Alive\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_TRUE(all.ends_with("\r\n\r\nfirst")) << all;
  EXPECT_EQ(all.find("Transfer-Encoding"), std::string::npos) << all;
}

TEST_F(SiteServerTest, SitesAreSwappedWhileAConnectionIsOpen) {
  folder_.write("next/index.html", "next");
  TestConnection client = connect("files.test");
  EXPECT_EQ(client.get("/", "files.test").body, "<p>files");
  server_->serve_sites({{{"files.test"}, folder_ / "next", "", ""}}, 443);
  EXPECT_EQ(client.get("/", "files.test").body, "next");
  server_->serve_sites({}, 443);
  EXPECT_EQ(client.get("/hello", "files.test").body, "routes");
}

TEST_F(SiteServerTest, SitesThatCannotBeChangeNothing) {
  const auto error = thrown_error([&] {
    server_->serve_sites({{{"a.test"}, "", "", ""}, {{"a.test"}, "", "", ""}}, 443);
  });
  EXPECT_TRUE(error);
  EXPECT_EQ(get("files.test", "/").body, "<p>files");
}

}  // namespace
}  // namespace autohttps
