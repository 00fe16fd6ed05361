#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/site_contents.h>
#include <autohttps/tools/autohttps/site_options.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps::tools {
namespace {

using Texts = std::vector<std::string>;

class ConfigPathsTest : public ::testing::Test {
 protected:
  Config read(const std::string& text) {
    folder_.write("autohttps.toml", text);
    line_.config = (folder_ / "autohttps.toml").string();
    return read_config(line_);
  }
  Config read_site(const std::string& text) {
    return read("[[site]]\nnames = ['a.test']\n" + text);
  }
  // Text and hint of the only problem.
  std::string complaint(const std::string& text) {
    const Config config = read_site(text);
    if (config.problems.size() != 1) return std::to_string(config.problems.size()) + " problems";
    return config.problems[0].text + " | " + config.problems[0].hint;
  }

  TemporaryFolder folder_;
  Settings line_;
};

TEST_F(ConfigPathsTest, ASiteSaysWhatItServesAndDoes) {
  folder_.write("sites.d/b.toml", R"(
names = ["b.test"]
root = "b"
[[path]]
prefix = "/app"
reverse_proxy = "unix:/run/app.sock"
)");
  const Config config = read(R"(
security_headers = true
trusted_proxy = ["10.0.0.0/8"]
max_body = "512K"

[[site]]
names = ["a.test"]
reverse_proxy = ["http://127.0.0.1:1", "http://127.0.0.1:2"]
health_check = "/up"
upstream_ca_bundle = "ca.pem"
upstream_timeout = "2m"
header = ["Cache-Control: no-store", "Server:"]
hsts = true
basic_auth = "users"
compress = true
error_pages = "pages"
max_body = 3

[[site.path]]
prefix = "/static"
root = "public"
listing = true
basic_auth = "none"
header = "X-A: b"

[[site.path]]
prefix = "/app"
reverse_proxy = "http://127.0.0.1:3"
strip_prefix = true
compress = false
max_body = 1
)");
  ASSERT_TRUE(config.problems.empty()) << problem_text(config.problems.front());
  const Site site = site_contents(config.sites[0]);
  EXPECT_EQ(site.reverse_proxy, (Texts{"http://127.0.0.1:1", "http://127.0.0.1:2"}));
  EXPECT_EQ(site.health_check, "/up");
  EXPECT_EQ(site.upstream_ca_bundle, folder_ / "ca.pem");
  EXPECT_EQ(site.upstream_timeout, std::chrono::seconds(120));
  EXPECT_EQ(site.trusted_proxies, Texts{"10.0.0.0/8"}) << "of every site";
  EXPECT_EQ(site.headers, (HeaderFields{{"Cache-Control", "no-store"}, {"Server", ""}}));
  EXPECT_EQ(site.hsts, std::chrono::hours(24 * 365));
  EXPECT_EQ(site.basic_auth, folder_ / "users");
  EXPECT_EQ(site.error_pages, folder_ / "pages");
  EXPECT_EQ(site.compress, true);
  EXPECT_EQ(site.max_body, 3U << 20);
  EXPECT_TRUE(site.security_headers);
  ASSERT_EQ(site.paths.size(), 2);
  EXPECT_EQ(site.paths[0].prefix, "/static");
  EXPECT_EQ(site.paths[0].root, folder_ / "public");
  EXPECT_TRUE(site.paths[0].listing);
  EXPECT_EQ(site.paths[0].basic_auth, kNoBasicAuth);
  EXPECT_EQ(site.paths[0].headers, (HeaderFields{{"X-A", "b"}}));
  EXPECT_FALSE(site.paths[0].max_body);
  EXPECT_EQ(site.paths[1].reverse_proxy, Texts{"http://127.0.0.1:3"});
  EXPECT_TRUE(site.paths[1].strip_prefix);
  EXPECT_EQ(site.paths[1].compress, false);
  EXPECT_EQ(site.paths[1].max_body, 1U << 20);
  const Site other = site_contents(config.sites[1]);
  EXPECT_EQ(other.max_body, 512U << 10);
  ASSERT_EQ(other.paths.size(), 1);
  EXPECT_EQ(other.paths[0].reverse_proxy, Texts{"unix:/run/app.sock"});
  EXPECT_EQ(largest_body(config), 3U << 20);
}

TEST_F(ConfigPathsTest, WhatEverySiteDoesIsNotWrongOfOneThatHasNoUseForIt) {
  const Config config = read(
      "security_headers = true\nhsts = 60\nheader = ['X: y']\ncompress = true\nupstream_timeout = "
      "9\n[[site]]\nnames = ['a.test']\nredirect_to = 'b.test'\n[[site]]\nnames = "
      "['b.test']\nroot = '/srv'\n");
  ASSERT_TRUE(config.problems.empty()) << problem_text(config.problems.front());
  EXPECT_FALSE(site_contents(config.sites[0]).hsts);
  EXPECT_TRUE(site_contents(config.sites[0]).headers.empty());
  EXPECT_EQ(site_contents(config.sites[1]).hsts, std::chrono::seconds(60));
  EXPECT_FALSE(site_contents(config.sites[1]).upstream_timeout);
}

TEST_F(ConfigPathsTest, SaysWhatIsWrong) {
  struct Wrong {
    const char* text;
    const char* says;
  };
  for (const Wrong& wrong :
       {Wrong{"listing = true\n", "lists folders but has no root"},
        Wrong{"root = '/s'\nhealth_check = '/x'\n", "a health check but no reverse proxy"},
        Wrong{"root = '/s'\nupstream_timeout = 3\n", "says how an upstream is asked, and has none"},
        Wrong{"redirect_to = 'b.test'\nhsts = true\n", "for hsts to be about"},
        Wrong{"compress = true\n", "has no contents of its own"},
        Wrong{"root = '/s'\nbasic_auth = 'none'\n", "asks for no password"},
        Wrong{"root = '/s'\nhsts = 'long'\n", "hsts: \"long\" is not a number"},
        Wrong{"root = '/s'\nmax_body = '5X'\n", "max_body: \"5X\" is not a number"},
        Wrong{"root = '/s'\nmax_body = true\n", "MiB as a number, or a string such as"},
        Wrong{"root = '/s'\nheader = 'X'\n", "header: \"X\" is not \"Name: value\""},
        Wrong{"root = '/s'\nheader = 'Content-Length: 1'\n", "which the server says itself"},
        Wrong{"root = '/s'\ntrusted_proxy = 'b.test'\n", "trusted_proxy: "},
        Wrong{
            "root = '/s'\nstrip_prefix = true\n",
            "\"strip_prefix\" is about one path of a site | write it beneath a [[site.path]] line"},
        Wrong{"root = '/s'\nroute = '/a=/b'\n", "a [[site.path]] table says the same"},
        Wrong{"path = '/api'\n",
              "\"path\" is a string | each path begins with a line [[site.path]]"},
        Wrong{"path = [1]\n", "a path is a number"},
        Wrong{"paths = 1\n", "\"paths\" is not a key of a site | did you mean \"path\"?"},
        Wrong{"[[site.path]]\nroot = '/s'\n", "this path has no prefix | prefix = \"/api\""},
        Wrong{"[[site.path]]\nprefix = 1\n", "prefix is a number | it takes a string in quotes"},
        Wrong{"[[site.path]]\nprefix = 'api'\nroot = '/s'\n", "does not begin with \"/\""},
        Wrong{"[[site.path]]\nprefix = '/'\nroot = '/s'\n", "is the site's own"},
        Wrong{"[[site.path]]\nprefix = '/a%20b'\nroot = '/s'\n", "is written decoded"},
        Wrong{"[[site.path]]\nprefix = '/a'\nroot = '/s'\n[[site.path]]\nprefix = '/a/'\n",
              "is there twice"},
        Wrong{"[[site.path]]\nprefix = '/a'\nnames = ['b.test']\n",
              "\"names\" is not about one path of a site | write it above the site's paths"},
        Wrong{"[[site.path]]\nprefix = '/a'\nhttp_port = 1\n", "above the first [[site]] line"},
        Wrong{"[[site.path]]\nprefix = '/a'\nrot = '/s'\n",
              "\"rot\" is not a key of a path | did you mean \"root\"?"},
        Wrong{"[[site.path]]\nprefix = '/a'\nroot = '/s'\nreverse_proxy = 'http://b.test'\n",
              "the path \"/a\" of site \"a.test\" has both a root and a reverse proxy"}}) {
    EXPECT_NE(complaint(wrong.text).find(wrong.says), std::string::npos)
        << wrong.text << complaint(wrong.text);
  }
}

TEST_F(ConfigPathsTest, FilesThatAreNotThereAreProblemsWhereTheyAreLookedFor) {
  folder_.write(
      "autohttps.toml",
      "[[site]]\nnames = ['a.test']\nroot = '.'\nbasic_auth = 'users'\n[[site.path]]\n"
      "prefix = '/x'\nbasic_auth = 'none'\n[[site.path]]\nprefix = '/y'\nroot = 'gone'\n");
  line_.config = (folder_ / "autohttps.toml").string();
  const Config config = read_config(line_, /*look_at_paths=*/true);
  ASSERT_EQ(config.problems.size(), 2);
  EXPECT_NE(config.problems[0].text.find("basic_auth"), std::string::npos);
  EXPECT_NE(config.problems[1].text.find("root"), std::string::npos);
}

}  // namespace
}  // namespace autohttps::tools
