#include <autohttps/server/auto_https/site_server.h>

#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/tests/support/running_server.h>
#include <autohttps/tests/support/scripted_upstream.h>
#include <autohttps/tests/support/served_credentials.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_connection.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using httplib::Request;
using httplib::Response;

// "secret".
constexpr const char* kUsers = "bob:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";
const std::string kBob = "Authorization: Basic Ym9iOnNlY3JldA==\r\n";

Site site(std::vector<std::string> names, const std::filesystem::path& root = {},
          const std::string& upstream = {}) {
  Site made;
  made.names = std::move(names);
  made.root = root;
  if (!upstream.empty()) made.reverse_proxy = {upstream};
  return made;
}

SitePath path(const std::string& prefix, const std::filesystem::path& root = {},
              const std::string& upstream = {}) {
  SitePath made;
  made.prefix = prefix;
  made.root = root;
  if (!upstream.empty()) made.reverse_proxy = {upstream};
  return made;
}

class SiteSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("www/index.html", "<p>files");
    folder_.write("www/big.bin", std::string(300'000, 'b'));
    folder_.write("www/api/file", "of the site's own root");
    folder_.write("www/page.txt", std::string(5'000, 't'));
    folder_.write("other/index.html", "other");
    folder_.write("other/x", "other x");
    folder_.write("users", kUsers);
    cache_->install(make_credentials(
        ca_, {"files.test", "proxy.test", "www.files.test", "routes.test", "other.test"}));
    server_->Get("/.*", [](const Request& request, Response& response) {
      response.set_content("routes " + request.path, "text/plain");
    });
    server_->Post("/form", [](const Request& request, Response& response) {
      response.set_content(request.get_param_value("a"), "text/plain");
    });
    apply();
    server_.start();
  }
  void apply(std::vector<Site> more = {}) {
    std::vector<Site> sites = {site({"files.test", "www.files.test"}, folder_ / "www"),
                               site({"proxy.test"}, "", upstream_.url()), site({"routes.test"})};
    sites[0].redirect_to = "files.test";
    for (Site& one : more) sites.push_back(std::move(one));
    server_->sites().serve_sites(std::move(sites), 8443);
  }
  // Of other.test, made from what it has in common.
  template <typename Change>
  void apply_other(Change&& change) {
    Site other = site({"other.test"}, folder_ / "www");
    change(other);
    apply({other});
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
  std::atomic<bool> trusted_{true};
  ScriptedUpstream upstream_{[](const ScriptedUpstream::Request& request,
                                ScriptedUpstream::Line& line) {
    line.simple(request.head + request.body, "Content-Type: text/x-echo\r\nX-Powered-By: it\r\n",
                request.target.starts_with("/missing") ? 404 : 200);
  }};
  RunningServer<SiteServer> server_{cache_, TlsPolicy{},
                                    [this](const Event& event) {
                                      const std::lock_guard lock(mutex_);
                                      told_.push_back(event.text);
                                    },
                                    [this](std::string_view) { return trusted_.load(); }};
};

TEST_F(SiteSinkTest, FilesOverOneConnection) {
  TestConnection client = connect("files.test");
  const TestResponse page = client.get("/", "files.test");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<p>files");
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.count("date"), 1);
  EXPECT_EQ(client.get("/big.bin", "files.test").body.size(), 300'000);
  EXPECT_EQ(client.get("/big.bin", "files.test", "Range: bytes=299998-\r\n").body, "bb");
  EXPECT_EQ(client.get("/nothing", "files.test").body, "404 Not Found\n");
}

TEST_F(SiteSinkTest, FilesAreNotWrittenToAndTheBodyIsNotWaitedFor) {
  TestConnection client = connect("files.test");
  client.send("POST / HTTP/1.1\r\nHost: files.test\r\nContent-Length: 3000000\r\n\r\nabc");
  EXPECT_EQ(client.read_response().status, 405);
}

TEST_F(SiteSinkTest, OtherNamesOfASiteAreSentToItsOne) {
  const TestResponse response = get("www.files.test", "/a?b=%20");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(response.headers.at("location"), "https://files.test:8443/a?b=%20");
  TestConnection client = connect("www.files.test");
  client.send("POST /a HTTP/1.1\r\nHost: www.files.test\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 308);
}

TEST_F(SiteSinkTest, AConnectionIsForItsOwnSite) {
  EXPECT_EQ(connect("proxy.test").get("/", "files.test").status, 421);
  EXPECT_EQ(connect("files.test").get("/", "unknown.test").status, 421);
  EXPECT_EQ(connect("other.test").get("/", "files.test").status, 421);
}

TEST_F(SiteSinkTest, HostsWithoutContentsAreTheRoutes) {
  EXPECT_EQ(get("routes.test", "/hello").body, "routes /hello");
  EXPECT_EQ(get("other.test", "/hello").body, "routes /hello");
  EXPECT_EQ(get("routes.test", "/x/../y").status, 200) << "cpp-httplib's own business";
  EXPECT_EQ(get("files.test", "/hello").status, 404) << "its host is the site's alone";
  TestConnection client = connect("routes.test");
  client.send(
      "POST /form HTTP/1.1\r\nHost: routes.test\r\nContent-Length: 3\r\nContent-Type: "
      "application/x-www-form-urlencoded\r\n\r\na=b");
  EXPECT_EQ(client.read_response().body, "b") << "as cpp-httplib has it";
}

TEST_F(SiteSinkTest, WhatIsNoRequestIsRefusedAndEndsTheConnection) {
  for (const char* raw :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: files.test\r\nHost: files.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: files.test\r\nX : y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: files.test\r\n folded\r\n\r\n"}) {
    TestConnection client = connect("files.test");
    client.send(raw);
    EXPECT_EQ(client.read_response().status, 400) << raw;
  }
}

TEST_F(SiteSinkTest, OptionsOfTheWholeServerAreAnsweredHere) {
  TestConnection client = connect("files.test");
  client.send("OPTIONS * HTTP/1.1\r\nHost: files.test\r\n\r\n");
  EXPECT_EQ(client.read_response(true).status, 204);
}

// ---- paths

TEST_F(SiteSinkTest, EachPathHasItsOwn) {
  apply_other([&](Site& it) {
    it.paths = {path("/api", "", upstream_.url()), path("/other", folder_ / "other"),
                path("/app", "", upstream_.url())};
    it.paths[2].strip_prefix = true;
  });
  EXPECT_EQ(get("other.test", "/").body, "<p>files");
  EXPECT_EQ(get("other.test", "/other/x").body, "other x");
  EXPECT_EQ(get("other.test", "/other").headers.at("location"), "/other/");
  EXPECT_EQ(get("other.test", "/other/").body, "other");
  EXPECT_EQ(get("other.test", "/otherx").status, 404);
  EXPECT_TRUE(
      get("other.test", "/api/%61?q=%2F").body.starts_with("GET /api/%61?q=%2F HTTP/1.1\r\n"));
  EXPECT_TRUE(get("other.test", "/api").body.starts_with("GET /api HTTP/1.1\r\n"));
  EXPECT_TRUE(get("other.test", "/%61pi/file").body.starts_with("GET /%61pi/file "))
      << "not the file of the site's own root";
  EXPECT_TRUE(get("other.test", "/app/%61/?q").body.starts_with("GET /%61/?q "));
  EXPECT_TRUE(get("other.test", "/app?q").body.starts_with("GET /?q "));
  EXPECT_NE(get("other.test", "/app/x").body.find("X-Forwarded-Prefix: /app\r\n"),
            std::string::npos);
}

// What is matched is what is served: none of these is read as one thing here and as another there.
TEST_F(SiteSinkTest, PathsThatCouldBeTakenForOthersAreRefused) {
  apply_other([&](Site& it) {
    it.reverse_proxy = {upstream_.url()};
    it.root.clear();
    it.paths = {path("/admin")};
    it.paths[0].basic_auth = folder_ / "users";
  });
  EXPECT_EQ(get("other.test", "/x").status, 200);
  for (const char* target : {"/admin", "/admin/", "/admin/x", "/%61dmin", "/%61%64%6D%69%6e/x",
                             "http://other.test/admin"}) {
    EXPECT_EQ(get("other.test", target).status, 401) << target;
  }
  const int before = upstream_.requests();
  for (const char* target :
       {"//admin", "/x/../admin", "/./admin", "/%2e/admin", "/x/%2e%2e/admin", "/admin%2Fx",
        "/%2Fadmin", "/admin;x", "/;/admin", "/x/..;/admin", "/%2561dmin", "/admin/../x",
        "/%00/admin", "/x%5c..%5cadmin", "/admin%5cx", "/%", "/x/.."}) {
    EXPECT_EQ(get("other.test", target).status, 400) << target;
  }
  EXPECT_EQ(upstream_.requests(), before);
}

TEST_F(SiteSinkTest, APathWithoutContentsHasThoseOfItsSiteAndPathsOfRoutesAreGuardedToo) {
  apply_other([&](Site& it) {
    it.paths = {path("/api")};
    it.paths[0].headers = {{"X-Path", "api"}};
  });
  const TestResponse file = get("other.test", "/api/file");
  EXPECT_EQ(file.body, "of the site's own root");
  EXPECT_EQ(file.headers.at("x-path"), "api");
  EXPECT_EQ(get("other.test", "/").headers.count("x-path"), 0);
  apply_other([&](Site& it) {
    it.root.clear();
    it.paths = {path("/admin")};
    it.paths[0].basic_auth = folder_ / "users";
  });
  EXPECT_EQ(get("other.test", "/x").body, "routes /x");
  EXPECT_EQ(get("other.test", "/admin/x").status, 401);
  EXPECT_EQ(get("other.test", "/admin/x", kBob).body, "routes /admin/x");
  EXPECT_EQ(get("other.test", "//admin/x", kBob).status, 400);
}

// ---- passwords

TEST_F(SiteSinkTest, AsksForAPasswordAndKeepsItToItself) {
  apply_other([&](Site& it) {
    it.root.clear();
    it.reverse_proxy = {upstream_.url()};
    it.basic_auth = folder_ / "users";
    it.paths = {path("/open")};
    it.paths[0].basic_auth = kNoBasicAuth;
  });
  const TestResponse refused = get("other.test", "/");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.headers.at("www-authenticate"),
            "Basic realm=\"other.test\", charset=\"UTF-8\"");
  EXPECT_EQ(get("other.test", "/", "Authorization: Basic Ym9iOndyb25n\r\n").status, 401);
  TestConnection client = connect("other.test");
  for (int i = 0; i < 3; ++i) {
    const TestResponse answer = client.get("/x", "other.test", kBob);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.find("Authorization"), std::string::npos) << answer.body;
  }
  EXPECT_NE(get("other.test", "/open", kBob).body.find("Authorization: Basic"), std::string::npos)
      << "we have not asked: it is the upstream's";
  folder_.write("users", "bob:plain\n");
  EXPECT_EQ(get("other.test", "/x", kBob).status, 500);
  EXPECT_EQ(get("other.test", "/open").status, 200);
  ASSERT_EQ(told().size(), 1);
  EXPECT_NE(told()[0].find("line 1"), std::string::npos) << told()[0];
}

TEST_F(SiteSinkTest, WhoHasNoPasswordNeedNotSendTheBody) {
  apply_other([&](Site& it) { it.basic_auth = folder_ / "users"; });
  TestConnection client = connect("other.test");
  client.send(
      "POST / HTTP/1.1\r\nHost: other.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 401);
}

TEST_F(SiteSinkTest, APasswordFileThatCannotBeUsedChangesNothing) {
  const auto error =
      thrown_error([&] { apply_other([&](Site& it) { it.basic_auth = folder_ / "nothing"; }); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("nothing\": No such file"), std::string::npos)
      << error->what();
  EXPECT_EQ(get("files.test", "/").body, "<p>files");
}

// ---- what answers get

TEST_F(SiteSinkTest, AnswersAreDressed) {
  folder_.write("pages/404.html", "<h1>ours");
  apply_other([&](Site& it) {
    it.headers = {{"X-Site", "a"}, {"X-Both", "site"}, {"X-Powered-By", ""}};
    it.security_headers = true;
    it.hsts = std::chrono::seconds(300);
    it.error_pages = folder_ / "pages";
    it.compress = true;
    it.paths = {path("/app", "", upstream_.url())};
    it.paths[0].headers = {{"x-both", "path"}, {"Referrer-Policy", "no-referrer"}};
  });
  const TestResponse page =
      get("other.test", "/page.txt", "Accept-Encoding: gzip\r\nConnection: close\r\n");
  EXPECT_EQ(page.headers.at("x-site"), "a");
  EXPECT_EQ(page.headers.at("x-both"), "site");
  EXPECT_EQ(page.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.headers.at("x-frame-options"), "SAMEORIGIN");
  EXPECT_EQ(page.headers.at("referrer-policy"), "strict-origin-when-cross-origin");
  EXPECT_EQ(page.headers.at("strict-transport-security"), "max-age=300");
  EXPECT_EQ(page.headers.at("content-encoding"), "gzip");
  const TestResponse app = get("other.test", "/app/");
  EXPECT_EQ(app.headers.at("x-both"), "path");
  EXPECT_EQ(app.headers.at("referrer-policy"), "no-referrer");
  EXPECT_EQ(app.headers.count("x-powered-by"), 0);
  EXPECT_EQ(get("proxy.test", "/").headers.at("x-powered-by"), "it");
  EXPECT_EQ(get("other.test", "/nothing").body, "<h1>ours");
  EXPECT_TRUE(get("other.test", "/app/x").body.starts_with("GET /app/x"));
}

TEST_F(SiteSinkTest, AnUpstreamHasItsOwnWordsForWhatWentWrong) {
  folder_.write("pages/4xx.html", "<h1>ours");
  folder_.write("pages/5xx.html", "<h1>ours too");
  apply_other([&](Site& it) {
    it.root.clear();
    it.reverse_proxy = {upstream_.url()};
    it.error_pages = folder_ / "pages";
    it.paths = {path("/down", "", "http://127.0.0.1:1")};
  });
  const TestResponse theirs = get("other.test", "/missing");
  EXPECT_EQ(theirs.status, 404);
  EXPECT_TRUE(theirs.body.starts_with("GET /missing")) << theirs.body;
  const TestResponse down = get("other.test", "/down");
  EXPECT_EQ(down.status, 502);
  EXPECT_EQ(down.body, "<h1>ours too");
}

TEST_F(SiteSinkTest, HstsIsNotToldWhileTheCertificateIsNoneThatBrowsersTrust) {
  apply_other([&](Site& it) { it.hsts = std::chrono::seconds(0); });
  EXPECT_EQ(get("other.test", "/").headers.at("strict-transport-security"), "max-age=0");
  trusted_ = false;
  EXPECT_EQ(get("other.test", "/").headers.count("strict-transport-security"), 0);
}

// ---- bodies

TEST_F(SiteSinkTest, BodiesThatAreTooLargeAreRefused) {
  apply_other([&](Site& it) {
    it.root.clear();
    it.reverse_proxy = {upstream_.url()};
    it.max_body = 10;
    it.paths = {path("/upload")};
    it.paths[0].max_body = 20;
  });
  const auto put = [&](const std::string& target, const std::string& framed) {
    TestConnection client = connect("other.test");
    client.send("PUT " + target + " HTTP/1.1\r\nHost: other.test\r\n" + framed);
    return client.read_response().status;
  };
  const std::string fifteen = "Content-Length: 15\r\n\r\n0123456789abcde";
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\nf\r\n0123456789abcde\r\n0\r\n\r\n";
  EXPECT_EQ(put("/", fifteen), 413);
  EXPECT_EQ(put("/", chunked), 413);
  EXPECT_EQ(put("/", "Content-Length: 10\r\n\r\n0123456789"), 200);
  EXPECT_EQ(put("/upload", fifteen), 200);
  EXPECT_EQ(put("/upload", chunked), 200);
}

TEST_F(SiteSinkTest, BodiesPassUntouchedAsTheyCome) {
  TestConnection client = connect("proxy.test");
  const std::string body = "a=b&" + std::string(200'000, 'x');
  client.send(
      "PUT /put HTTP/1.1\r\nHost: proxy.test\r\nContent-Type: "
      "application/x-www-form-urlencoded\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_TRUE(client.read_response().body.ends_with("\r\n\r\n" + body));
  client.send(
      "PUT /put HTTP/1.1\r\nHost: proxy.test\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(client.read_response().body.ends_with("abcde"));
}

TEST_F(SiteSinkTest, FieldsComeToTheUpstreamByteForByte) {
  const TestResponse answer =
      get("proxy.test", "/y?q=%2F%0a",
          "X-Mine: %0d%0aX-Evil: 1\r\nX-Forwarded-For: 10.0.0.1\r\nREMOTE_ADDR: 10.0.0.1\r\n");
  EXPECT_TRUE(answer.body.starts_with("GET /y?q=%2F%0a HTTP/1.1\r\n")) << answer.body;
  EXPECT_NE(answer.body.find("X-Mine: %0d%0aX-Evil: 1\r\n"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("X-Forwarded-For: 127.0.0.1\r\n"), std::string::npos);
  EXPECT_NE(answer.body.find("X-Forwarded-Proto: https\r\n"), std::string::npos);
  EXPECT_NE(answer.body.find("Host: proxy.test\r\n"), std::string::npos);
}

// ---- changes

TEST_F(SiteSinkTest, SitesAreSwappedWhileAConnectionIsOpen) {
  TestConnection client = connect("files.test");
  EXPECT_EQ(client.get("/", "files.test").body, "<p>files");
  server_->sites().serve_sites({site({"files.test"}, folder_ / "other")}, 443);
  EXPECT_EQ(client.get("/", "files.test").body, "other");
  server_->sites().serve_sites({}, 443);
  EXPECT_EQ(client.get("/hello", "files.test").body, "routes /hello");
}

TEST_F(SiteSinkTest, AnUpstreamsConnectionsSurviveAChangeElsewhere) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get("proxy.test", "/").status, 200);
    apply({site({"other.test"}, folder_ / (i % 2 == 0 ? "www" : "other"))});
  }
  EXPECT_EQ(upstream_.connections(), 1);
  const std::vector<UpstreamStatus> status = server_->sites().upstreams();
  ASSERT_EQ(status.size(), 1);
  EXPECT_EQ(status[0].name, upstream_.url());
  EXPECT_EQ(status[0].requests, 3);
}

TEST_F(SiteSinkTest, ARequestUnderWayEndsAsItBegan) {
  std::promise<void> begun;
  ScriptedUpstream slow(
      [&](const ScriptedUpstream::Request&, ScriptedUpstream::Line& line) {
        begun.set_value();
        line.read_until("go on");
        line.simple("the old site's");
      },
      ScriptedUpstream::Takes::head);
  apply({site({"other.test"}, "", slow.url())});
  TestConnection client = connect("other.test");
  client.send("POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 5\r\n\r\n");
  begun.get_future().wait();
  server_->sites().serve_sites({}, 443);
  client.send("go on");
  EXPECT_EQ(client.read_response().body, "the old site's");
}

TEST_F(SiteSinkTest, SitesThatCannotBeChangeNothing) {
  EXPECT_TRUE(thrown_error([&] {
    server_->sites().serve_sites({site({"a.test"}), site({"a.test"})}, 443);
  }));
  EXPECT_EQ(get("files.test", "/").body, "<p>files");
}

TEST_F(SiteSinkTest, WhoATrustedProxySpeaksForIsKnownToTheLog) {
  Site trusting = site({"files.test"}, folder_ / "www");
  trusting.trusted_proxies = {"127.0.0.0/8"};
  SitePath wary = path("/wary", folder_ / "www");
  wary.trusted_proxies = {"192.0.2.1"};
  trusting.paths = {wary};
  RunningServer<SiteServer> other(cache_, TlsPolicy{}, EventSink{});
  std::mutex mutex;
  std::vector<std::string> clients;
  other->on_answered([&](const RequestRecord& record) {
    const std::lock_guard lock(mutex);
    clients.emplace_back(other->sites().client_of(record));
  });
  other->sites().serve_sites({trusting, site({"other.test"}, folder_ / "other")}, 443);
  other.start();
  const std::string forged = "X-Forwarded-For: 203.0.113.7, 198.51.100.9\r\n";
  for (const auto& [host, target] : std::vector<std::pair<std::string, std::string>>{
           {"files.test", "/"}, {"files.test", "/wary/"}, {"other.test", "/"}}) {
    TestConnection::tls(other.port(), host).get(target, host, forged);
  }
  other.stop();
  ASSERT_EQ(clients.size(), 3U);
  EXPECT_EQ(clients[0], "198.51.100.9") << "the last that the trusted one added";
  EXPECT_EQ(clients[1], "127.0.0.1") << "that path trusts somebody else";
  EXPECT_EQ(clients[2], "127.0.0.1") << "nobody is trusted there";
}

}  // namespace
}  // namespace autohttps
