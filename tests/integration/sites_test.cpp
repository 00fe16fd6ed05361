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

}  // namespace
}  // namespace autohttps
