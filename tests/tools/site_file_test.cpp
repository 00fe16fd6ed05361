#include <autohttps/tools/autohttps/options.h>
#include <autohttps/tools/autohttps/setup/site_file.h>

#include <gtest/gtest.h>

namespace autohttps::tools {
namespace {

Settings usual() {
  Settings site;
  site.names = {"a.test", "www.a.test"};
  site.root = "/srv/a";
  site.agree_to_terms = true;
  return site;
}

std::string body(const std::string& text) { return text.substr(text.find('\n') + 1); }

TEST(SiteFileTest, HasWhatIsNotAtItsDefault) {
  EXPECT_EQ(body(site_text(usual(), {})),
            "names = [\"a.test\", \"www.a.test\"]\nroot = \"/srv/a\"\nagree_tos = true\n");
  Settings site = usual();
  site.key_types = {KeyType::rsa2048};
  site.deploy = {"reload-nginx", "copy /x \"a b\""};
  EXPECT_EQ(body(site_text(site, {})),
            "names = [\"a.test\", \"www.a.test\"]\nroot = \"/srv/a\"\nagree_tos = true\n"
            "key_type = \"rsa2048\"\ndeploy = [\"reload-nginx\", \"copy /x \\\"a b\\\"\"]\n");
}

TEST(SiteFileTest, NoValueBecomesALineOfItsOwn) {
  Settings site = usual();
  site.root = "/srv/a\"\nagree_tos = false\n\\\x01\x7f";
  EXPECT_NE(site_text(site, {}).find(
                "root = \"/srv/a\\\"\\u000Aagree_tos = false\\u000A\\\\\\u0001\\u007F\"\n"),
            std::string::npos)
      << site_text(site, {});
}

TEST(SiteFileTest, LeavesToTheMainFileWhatThatSays) {
  Settings above;
  above.email = "me@a.test";
  above.agree_to_terms = true;
  above.staging = true;
  Settings site = above;
  site.names = {"a.test"};
  site.staging = false;
  EXPECT_EQ(body(site_text(site, above)), "names = [\"a.test\"]\nstaging = false\n");
}

TEST(SiteFileTest, EveryKeyThatASiteMayHaveIsWritten) {
  Settings site;
  for (const Option& option : options()) {
    if (option.scope != Scope::every_site && option.scope != Scope::one_site) continue;
    const std::string name(option.name);
    const bool is_flag = option.kind == ValueKind::flag;
    option.set(site, is_flag                   ? "true"
                     : name == "key-type"      ? "rsa2048"
                     : name == "limits"        ? "none"
                     : name == "reverse-proxy" ? "http://127.0.0.1:1"
                     : name == "health-check"  ? "/up"
                     : name == "trusted-proxy" ? "10.0.0.1"
                     : name == "header"        ? "X: y"
                     : option.kind == ValueKind::size || option.kind == ValueKind::duration ? "30"
                     : name.ends_with("server") ? "https://ca.test/"
                     : name == "email"          ? "me@a.test"
                     : name == "challenge"      ? "http-01"
                     : name == "dns-hook"       ? "dns-nsupdate"
                     : name == "eab-algorithm"  ? "HS384"
                                                : "x.test");
  }
  const std::string text = "\n" + body(site_text(site, {}));
  for (const Option& option : options()) {
    if (option.scope != Scope::every_site && option.scope != Scope::one_site) continue;
    EXPECT_NE(text.find("\n" + config_key(option) + " = "), std::string::npos) << option.name;
  }
}

TEST(SiteFileTest, PathsAndRoutesAreTablesBehindTheSitesOwnKeys) {
  Settings site = usual();
  site.routes = {"/api=http://127.0.0.1:1", "/static=/srv/s"};
  site.strip_prefix = true;
  site.max_body = 512U << 10;
  Settings& path = site.paths.emplace_back();
  path.prefix = "/admin";
  path.basic_auth = "/etc/users";
  path.compress = false;
  EXPECT_EQ(body(site_text(site, {})),
            "names = [\"a.test\", \"www.a.test\"]\nroot = \"/srv/a\"\nmax_body = \"512K\"\n"
            "agree_tos = true\n"
            "\n[[path]]\nprefix = \"/admin\"\nbasic_auth = \"/etc/users\"\ncompress = false\n"
            "\n[[path]]\nprefix = \"/api\"\nreverse_proxy = [\"http://127.0.0.1:1\"]\n"
            "strip_prefix = true\n"
            "\n[[path]]\nprefix = \"/static\"\nroot = \"/srv/s\"\n");
}

TEST(SiteFileTest, ASwitchThatIsOffInTheSiteAloneIsWritten) {
  Settings above;
  above.compress = true;
  above.hsts = std::chrono::seconds(60);
  Settings site = above;
  site.compress = false;
  site.hsts.reset();
  EXPECT_EQ(body(site_text(site, above)), "compress = false\nhsts = false\n");
}

TEST(SiteFileTest, TheSameSettingsGiveTheSameText) {
  EXPECT_EQ(site_text(usual(), {}), site_text(usual(), {}));
}

TEST(SiteFileTest, AnEditIsSeen) {
  const std::string text = site_text(usual(), {});
  EXPECT_EQ(kind_of_site_file(text), SiteFile::ours);
  EXPECT_EQ(kind_of_site_file(text + "# mine\n"), SiteFile::edited);
  std::string other = text;
  other.replace(other.find("/srv/a"), 6, "/srv/b");
  EXPECT_EQ(kind_of_site_file(other), SiteFile::edited);
  EXPECT_EQ(kind_of_site_file(text.substr(0, text.find('\n'))), SiteFile::edited);
}

TEST(SiteFileTest, WhatOthersWroteIsTheirs) {
  for (const char* text : {"", "\n", "names = [\"a.test\"]\n", "# a comment\nroot = \"/x\"\n"}) {
    EXPECT_EQ(kind_of_site_file(text), SiteFile::theirs) << text;
  }
}

}  // namespace
}  // namespace autohttps::tools
