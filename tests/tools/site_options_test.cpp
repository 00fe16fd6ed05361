#include <autohttps/tools/autohttps/site_options.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps::tools {
namespace {

Settings site(const std::string& name, const std::string& root) {
  Settings settings;
  settings.names = {name};
  settings.root = root;
  settings.server = "https://ca.test/dir";
  return settings;
}

TEST(SiteOptionsTest, TheConfigurationsSitesWithTheirWishes) {
  Config config;
  config.sites = {site("a.test", "/srv/a"), site("b.test", "")};
  config.sites[1].reverse_proxy = "http://127.0.0.1:1";
  config.sites[1].redirect_to = "b.test";
  const std::vector<SiteOptions> sites = site_options(config, {});
  ASSERT_EQ(sites.size(), 2);
  EXPECT_EQ(sites[0].names, std::vector<std::string>{"a.test"});
  EXPECT_EQ(sites[0].root, "/srv/a");
  ASSERT_TRUE(sites[0].certificate);
  EXPECT_EQ(sites[0].certificate->server, "https://ca.test/dir");
  EXPECT_EQ(sites[1].reverse_proxy, std::vector<std::string>{"http://127.0.0.1:1"});
  EXPECT_EQ(sites[1].redirect_to, "b.test");
}

TEST(SiteOptionsTest, DomainsOnTheLineAreServedAlone) {
  Config config;
  config.sites = {site("a.test", "/srv/a"), site("b.test", "/srv/b")};
  config.line.names = {"b.test"};
  const std::vector<SiteOptions> known = site_options(config, {});
  ASSERT_EQ(known.size(), 1);
  EXPECT_EQ(known[0].root, "/srv/b");
  config.line.names = {"c.test"};
  EXPECT_TRUE(site_options(config, {}).empty()) << "the small page";
  config.line.root = config.global.root = "/srv/c";
  ASSERT_EQ(site_options(config, {}).size(), 1);
  EXPECT_EQ(site_options(config, {})[0].root, "/srv/c");
}

TEST(SiteOptionsTest, ARootWithoutDomainsIsForTheWholeStore) {
  Config config;
  EXPECT_TRUE(site_options(config, {}).empty());
  config.line.root = "/srv";
  const std::vector<SiteOptions> sites = site_options(config, {});
  ASSERT_EQ(sites.size(), 1);
  EXPECT_TRUE(sites[0].names.empty());
}

TEST(SiteOptionsTest, RefusesWhatWouldBeForAllSitesOrBoth) {
  Config config;
  config.line.root = "/srv";
  config.line.reverse_proxy = "http://127.0.0.1:1";
  auto error = thrown_error([&] { site_options(config, {}); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("two ways to answer"), std::string::npos);
  config.line.reverse_proxy.clear();
  config.sites = {site("a.test", "")};
  error = thrown_error([&] { site_options(config, {}); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("the configuration has sites"), std::string::npos);
}

TEST(SiteOptionsTest, AFileThatIsNotThereIsTheSites) {
  Config config;
  config.sites = {site("a.test", "")};
  config.sites[0].ca_bundle = "/nowhere/ca.pem";
  const auto error = thrown_error([&] { site_options(config, {}); });
  ASSERT_TRUE(error);
  EXPECT_TRUE(std::string(error->what()).starts_with("site a.test: ")) << error->what();
}

TEST(SiteOptionsTest, KeysOfARunningServerThatChanged) {
  Settings before;
  Settings after;
  EXPECT_TRUE(fixed_keys_that_changed(before, after).empty());
  after.http_port = 8080;
  after.store = "/other";
  after.email = "x@a.test";
  EXPECT_EQ(fixed_keys_that_changed(before, after),
            (std::vector<std::string>{"http_port", "store"}));
}

}  // namespace
}  // namespace autohttps::tools
