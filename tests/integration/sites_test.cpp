#include <autohttps/server/httplib/http_server.h>
#include <autohttps/tests/integration/running_server.h>
#include <autohttps/tests/support/running_server.h>

#include <csignal>
#include <filesystem>
#include <string>

namespace autohttps {
namespace {

// `serve` on a configuration that the test writes; a store and a Pebble of its own.
class SitesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    here_.folder.write("a/index.html", "page of a");
    here_.folder.write("c/index.html", "page of c");
    upstream_->Get(".*", [](const httplib::Request& request, httplib::Response& response) {
      response.set_content("upstream: " + request.get_header_value("X-Forwarded-Host"),
                           "text/plain");
    });
    upstream_.start();
  }
  void write_main(const std::string& more = {}) {
    here_.folder.write(
        "etc/autohttps.toml",
        "store = \"" + here_.store() + "\"\nhttp_port = " +
            std::to_string(here_.pebble.http_port()) + "\nhttps_port = " + https_.text() +
            "\nserver = \"" + here_.pebble.directory_url() + "\"\nca_bundle = \"" +
            here_.pebble.ca_bundle().string() + "\"\nagree_tos = true\nlimits = \"none\"\n" + more +
            "[[site]]\nnames = [\"a.test\", \"www.a.test\"]\nroot = \"../a\"\n"
            "redirect_to = \"a.test\"\n");
  }
  void write_proxy_site() {
    here_.folder.write("etc/sites.d/b.toml",
                       "names = \"b.test\"\nreverse_proxy = \"http://127.0.0.1:" +
                           std::to_string(upstream_.port()) + "\"\n");
  }
  Words with_config() const { return {"--config", (here_.folder / "etc/autohttps.toml").string()}; }
  HttpsRequest request(const std::string& name) {
    return {.port = https_.number(), .name = name, .root_pem = here_.pebble.root_pem()};
  }
  // curl's answer, head and body, with more of its arguments.
  std::string curl(const std::string& name, const std::string& path, const Words& more = {}) {
    here_.folder.write("root.pem", here_.pebble.root_pem());
    Words words = {"curl",
                   "--silent",
                   "--show-error",
                   "--include",
                   "--cacert",
                   (here_.folder / "root.pem").string(),
                   "--path-as-is",
                   "--noproxy",
                   "*",
                   "--resolve",
                   name + ":" + https_.text() + ":127.0.0.1"};
    words = words + more + Words{"https://" + name + ":" + https_.text() + path};
    const ChildResult result = run_child({.arguments = words});
    EXPECT_EQ(result.exit_code, 0) << said(result);
    return result.out;
  }
  static int status(const std::string& answer) {
    return answer.size() > 12 ? std::stoi(answer.substr(answer.find(' ') + 1)) : 0;
  }
  static bool has(const std::string& answer, const std::string& text) {
    return answer.find(text) != std::string::npos;
  }
  std::string upstream_url() { return "http://127.0.0.1:" + std::to_string(upstream_.port()); }
  // The site of a.test: its contents come from what `more` says.
  void write_site(const std::string& more) {
    here_.folder.write("etc/sites.d/d.toml", "names = [\"d.test\"]\n" + more);
  }

  bool real(const std::string& name) {
    return eventually([&] { return https_get(request(name)).verified; });
  }

  ProgramOnPebble here_;
  FreePort https_;
  RunningServer<HttpServer> upstream_;
};

TEST_F(SitesTest, TheConfigurationsSitesAreServedAndAThirdIsAddedWhileRequestsRun) {
  write_main();
  write_proxy_site();
  Child child(program(Words{"serve"} + with_config()));
  ASSERT_TRUE(child.wait_for("serving https on port")) << child.err();
  ASSERT_TRUE(real("a.test")) << child.err();
  ASSERT_TRUE(real("b.test")) << child.err();
  EXPECT_EQ(https_get(request("a.test")).body, "page of a");
  EXPECT_EQ(https_get(request("b.test")).body, "upstream: b.test");
  const HttpsAnswer redirect = https_get(request("www.a.test"));
  EXPECT_EQ(redirect.status, 301);
  EXPECT_NE(redirect.headers.find("https://a.test:" + https_.text() + "/"), std::string::npos)
      << redirect.headers;

  Load files(request("a.test"), 1);
  Load proxied(request("b.test"), 1);
  here_.folder.write("etc/sites.d/c.toml", "names = [\"c.test\"]\nroot = \"../../c\"\n");
  child.signal(SIGHUP);
  ASSERT_TRUE(child.wait_for("configuration read again: 3 sites")) << child.err();
  ASSERT_TRUE(real("c.test")) << child.err();
  EXPECT_EQ(https_get(request("c.test")).body, "page of c");
  files.stop();
  proxied.stop();
  EXPECT_EQ(files.failures() + proxied.failures(), "");
  EXPECT_GT(files.connections(), 0);
  EXPECT_EQ(child.stop(), 0) << child.err();
}

TEST_F(SitesTest, AMistakeInAChangedConfigurationChangesNothing) {
  write_main();
  Child child(program(Words{"serve"} + with_config()));
  ASSERT_TRUE(child.wait_for("serving https on port")) << child.err();
  ASSERT_TRUE(real("a.test")) << child.err();
  here_.folder.write("etc/sites.d/c.toml", "names = [\"c.test\"]\nrot = \"../../c\"\n");
  child.signal(SIGHUP);
  ASSERT_TRUE(child.wait_for("the configuration stays as it was: ")) << child.err();
  EXPECT_NE(child.err().find("c.toml:2:1: \"rot\" is not a key of a site"), std::string::npos)
      << child.err();
  EXPECT_EQ(https_get(request("a.test")).body, "page of a");
  std::filesystem::remove(here_.folder / "etc/sites.d/c.toml");
  write_main("at_once = 2\nbind = \"127.0.0.1\"\n");
  child.signal(SIGHUP);
  ASSERT_TRUE(child.wait_for("configuration read again: 1 site")) << child.err();
  EXPECT_NE(child.err().find("not while running: bind"), std::string::npos) << child.err();
  EXPECT_EQ(child.stop(), 0) << child.err();
}

TEST_F(SitesTest, AHangupWithoutAConfigurationReadsNothing) {
  Child child(program(Words{"serve", "a.test"} + here_.at_pebble() +
                      Words{"--https-port", https_.text(), "--no-config"}));
  ASSERT_TRUE(child.wait_for("serving https on port")) << child.err();
  child.signal(SIGHUP);
  EXPECT_TRUE(child.wait_for("nothing to read again")) << child.err();
  EXPECT_EQ(child.stop(), 0) << child.err();
}

TEST_F(SitesTest, AServerDoesNotBeginWithAMistake) {
  write_main("http_prot = 80\n");
  const ChildResult result = here_.run(Words{"serve"} + with_config());
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_NE(result.err.find("did you mean \"http_port\"?"), std::string::npos) << said(result);
}

TEST_F(SitesTest, RenewObtainsWhatANewSiteLacksAndNothingForOneWithAMistake) {
  write_main();
  here_.folder.write("etc/sites.d/bad.toml", "names = [\"nodot\"]\n");
  const ChildResult first = here_.run(Words{"renew"} + with_config());
  EXPECT_EQ(first.exit_code, 0) << said(first);
  EXPECT_NE(first.err.find("bad.toml:1:9"), std::string::npos) << said(first);
  EXPECT_NE(here_.stored("a.test"), nullptr);
  std::filesystem::remove(here_.folder / "etc/sites.d/bad.toml");
  const ChildResult second = here_.run(Words{"renew"} + with_config());
  EXPECT_EQ(second.exit_code, 0) << said(second);
  EXPECT_EQ(second.err, "") << "nothing is due";
}

TEST_F(SitesTest, ANameThatASiteLosesIsOutOfTheNextCertificate) {
  write_main();
  ASSERT_EQ(here_.run(Words{"renew"} + with_config()).exit_code, 0);
  EXPECT_EQ(here_.stored("a.test")->names().size(), 2);
  std::string text = contents(here_.folder / "etc/autohttps.toml");
  const std::string lost = ", \"www.a.test\"";
  text.replace(text.find(lost), lost.size(), "");
  here_.folder.write("etc/autohttps.toml", text);
  const ChildResult renewed = here_.run(Words{"renew", "--force"} + with_config());
  EXPECT_EQ(renewed.exit_code, 0) << said(renewed);
  EXPECT_EQ(here_.stored("a.test")->names().size(), 1) << said(renewed);
}

TEST_F(SitesTest, ObtainForASitesNamesHasItsKeys) {
  write_main("[[site]]\nnames = \"k.test\"\nkey_type = \"ec384\"\n");
  const ChildResult result = here_.run(Words{"obtain", "k.test"} + with_config());
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(here_.stored("k.test")->key().type(), KeyType::ec384);
}

TEST_F(SitesTest, AReverseProxyFromTheLine) {
  Child child(program(Words{"serve", "a.test"} + here_.at_pebble() +
                      Words{"--https-port", https_.text(), "--reverse-proxy",
                            "http://127.0.0.1:" + std::to_string(upstream_.port())}));
  ASSERT_TRUE(child.wait_for("serving https on port")) << child.err();
  ASSERT_TRUE(real("a.test")) << child.err();
  EXPECT_EQ(https_get(request("a.test")).body, "upstream: a.test");
  EXPECT_EQ(child.stop(), 0) << child.err();
}

// "bob", "secret".
constexpr const char* kUsers = "bob:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

TEST_F(SitesTest, ASiteHasPathsPasswordsAndDressedAnswersAndAReloadChangesThem) {
  here_.folder.write("d/index.html", "page of d");
  here_.folder.write("d/long.txt", std::string(20'000, 'd'));
  here_.folder.write("files/only.txt", "listed");
  here_.folder.write("pages/404.html", "our own page");
  here_.folder.write("etc/users", kUsers);
  write_main();
  write_site(
      "root = \"../../d\"\nerror_pages = \"../../pages\"\ncompress = true\nsecurity_headers = "
      "true\nheader = [\"X-Site: d\"]\nhsts = \"5m\"\nmax_body = \"1K\"\n"
      "[[path]]\nprefix = \"/app\"\nreverse_proxy = \"" +
      upstream_url() +
      "\"\nstrip_prefix = true\nbasic_auth = \"../users\"\n"
      "[[path]]\nprefix = \"/files\"\nroot = \"../../files\"\nlisting = true\n");
  Child child(program(Words{"serve"} + with_config()));
  ASSERT_TRUE(child.wait_for("serving https on port")) << child.err();
  EXPECT_TRUE(has(child.err(), "d.test: hsts binds every browser that comes to HTTPS for 300"))
      << child.err();
  ASSERT_TRUE(real("d.test")) << child.err();

  const std::string page = curl("d.test", "/long.txt", {"--compressed"});
  EXPECT_EQ(status(page), 200) << page;
  EXPECT_TRUE(has(page, "Content-Encoding: gzip\r\n")) << page.substr(0, 500);
  EXPECT_TRUE(page.ends_with(std::string(20'000, 'd')));
  EXPECT_TRUE(has(page, "Strict-Transport-Security: max-age=300\r\n"));
  EXPECT_TRUE(has(page, "X-Content-Type-Options: nosniff\r\n"));
  EXPECT_TRUE(has(page, "X-Site: d\r\n"));
  EXPECT_TRUE(curl("d.test", "/nothing").ends_with("our own page"));
  EXPECT_TRUE(has(curl("d.test", "/files/"), "only.txt"));
  EXPECT_TRUE(curl("d.test", "/files/only.txt").ends_with("listed"));
  EXPECT_EQ(status(curl("d.test", "/app/x")), 401);
  const Words bob = {"--user", "bob:secret"};
  EXPECT_TRUE(curl("d.test", "/app/x", bob).ends_with("upstream: d.test:" + https_.text()));
  EXPECT_EQ(status(curl("d.test", "/app/x", {"--user", "bob:wrong"})), 401);
  EXPECT_EQ(status(curl("d.test", "/x/../app/x")), 400);
  EXPECT_EQ(status(curl("d.test", "//app/x")), 400);
  EXPECT_EQ(status(curl("d.test", "/app/x", bob + Words{"--data", std::string(2'000, 'x')})), 413);

  write_site("root = \"../../files\"\nheader = [\"X-Site: new\"]\n");
  child.signal(SIGHUP);
  ASSERT_TRUE(child.wait_for("configuration read again: 2 sites")) << child.err();
  const std::string changed = curl("d.test", "/only.txt");
  EXPECT_TRUE(changed.ends_with("listed")) << changed;
  EXPECT_TRUE(has(changed, "X-Site: new\r\n")) << changed;
  EXPECT_FALSE(has(changed, "Strict-Transport-Security")) << changed;
  EXPECT_EQ(status(curl("d.test", "/app/x")), 404);

  here_.folder.write("etc/users", "bob:$apr1$x$5tGnu1K7wWsYEnUX7RBhF/\n");
  write_site("root = \"../../files\"\nbasic_auth = \"../users\"\n");
  child.signal(SIGHUP);
  ASSERT_TRUE(child.wait_for("the configuration stays as it was: ")) << child.err();
  EXPECT_TRUE(has(child.err(), "users\": line 1: an MD5 hash")) << child.err();
  EXPECT_EQ(status(curl("d.test", "/only.txt")), 200) << "as before";
  EXPECT_EQ(child.stop(), 0) << child.err();
}

TEST_F(SitesTest, AServerWithAPasswordFileThatCannotBeUsedDoesNotBegin) {
  here_.folder.write("users", "bob:secret\n");
  const ChildResult result =
      here_.run(Words{"serve", "a.test"} + here_.at_pebble() +
                Words{"--https-port", https_.text(), "--root", (here_.folder / "a").string(),
                      "--basic-auth", (here_.folder / "users").string()});
  EXPECT_EQ(result.exit_code, 2) << said(result);
  EXPECT_TRUE(has(result.err, "line 1: not a hash")) << said(result);
  EXPECT_FALSE(has(result.err, "secret")) << said(result);
}

TEST_F(SitesTest, TheLinesSiteHasPathsToo) {
  here_.folder.write("users", kUsers);
  Child child(program(Words{"serve", "a.test"} + here_.at_pebble() +
                      Words{"--https-port", https_.text(), "--root", (here_.folder / "a").string(),
                            "--route", "/app=" + upstream_url(), "--route",
                            "/c=" + (here_.folder / "c").string(), "--header", "X-Line: yes"}));
  ASSERT_TRUE(child.wait_for("serving https on port")) << child.err();
  ASSERT_TRUE(real("a.test")) << child.err();
  EXPECT_TRUE(curl("a.test", "/").ends_with("page of a"));
  EXPECT_TRUE(curl("a.test", "/c/").ends_with("page of c"));
  const std::string app = curl("a.test", "/app");
  EXPECT_TRUE(app.ends_with("upstream: a.test:" + https_.text())) << app;
  EXPECT_TRUE(has(app, "X-Line: yes\r\n")) << app;
  EXPECT_EQ(child.stop(), 0) << child.err();
}

// What browsers are told of HSTS while they are shown a certificate that none of them trusts.
TEST_F(SitesTest, NoHstsBehindAPlaceholder) {
  here_.folder.write("etc/autohttps.toml", "store = \"" + here_.store() + "\"\nhttp_port = " +
                                               std::to_string(here_.pebble.http_port()) +
                                               "\nhttps_port = " + https_.text() +
                                               "\nserver = \"https://127.0.0.1:1/dir\"\nagree_tos "
                                               "= true\n[[site]]\nnames = [\"a.test\"]\nroot = "
                                               "\"../a\"\nhsts = 60\n");
  Child child(program(Words{"serve"} + with_config()));
  ASSERT_TRUE(child.wait_for("serving https on port")) << child.err();
  std::string answer;
  ASSERT_TRUE(eventually([&] {
    answer = curl("a.test", "/", {"--insecure", "--retry", "3", "--retry-all-errors"});
    return status(answer) == 200;
  })) << child.err();
  EXPECT_FALSE(has(answer, "Strict-Transport-Security")) << answer;
  EXPECT_EQ(child.stop(), 0) << child.err();
}

}  // namespace
}  // namespace autohttps
