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
  config.sites[1].reverse_proxy = {"http://127.0.0.1:1"};
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

TEST(SiteOptionsTest, ARootThatIsNotThereIsToldAndStopsNothing) {
  const TemporaryFolder folder;
  Config config;
  config.sites = {site("a.test", folder.path().string()), site("b.test", "/nowhere/b")};
  Settings path;
  path.prefix = "/x";
  path.root = "/nowhere/x";
  config.sites[0].paths = {path};
  std::vector<std::string> told;
  EXPECT_EQ(site_options(config, [&](const Event& event) { told.push_back(event.text); }).size(),
            2);
  ASSERT_EQ(told.size(), 2);
  EXPECT_EQ(told[0].find("site a.test: root \"/nowhere/x\" is not there"), 0) << told[0];
  EXPECT_EQ(told[1].find("site b.test: root \"/nowhere/b\" is not there"), 0) << told[1];
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
  config.line.root = config.global.root = "/srv";
  const std::vector<SiteOptions> sites = site_options(config, {});
  ASSERT_EQ(sites.size(), 1);
  EXPECT_TRUE(sites[0].names.empty());
}

TEST(SiteOptionsTest, RefusesWhatWouldBeForAllSitesOrBoth) {
  Config config;
  config.line.root = config.global.root = "/srv";
  config.global.reverse_proxy = {"http://127.0.0.1:1"};
  auto error = thrown_error([&] { site_options(config, {}); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("both a root and a reverse proxy"), std::string::npos);
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
  after.access_log = "/var/log/a.log";
  after.access_log_format = AccessLogFormat::json;
  after.metrics = "127.0.0.1:9180";
  EXPECT_EQ(fixed_keys_that_changed(before, after),
            (std::vector<std::string>{"http_port", "access_log", "access_log_format", "metrics",
                                      "store"}));
}

TEST(SiteOptionsTest, RoutesOfTheLineArePaths) {
  Config config;
  config.global.root = "/srv";
  config.global.routes = {"/api=http://127.0.0.1:1", "/static=/srv/static"};
  config.global.strip_prefix = true;
  config.line = config.global;
  const std::vector<SiteOptions> sites = site_options(config, {});
  ASSERT_EQ(sites.size(), 1);
  ASSERT_EQ(sites[0].paths.size(), 2);
  EXPECT_EQ(sites[0].paths[0].prefix, "/api");
  EXPECT_EQ(sites[0].paths[0].reverse_proxy, std::vector<std::string>{"http://127.0.0.1:1"});
  EXPECT_TRUE(sites[0].paths[0].strip_prefix);
  EXPECT_EQ(sites[0].paths[1].root, "/srv/static");
  EXPECT_FALSE(sites[0].paths[1].strip_prefix);
}

TEST(SiteOptionsTest, HstsIsToldLoudlyAndNotOfATestCa) {
  std::vector<Event> told;
  const EventSink sink = [&](const Event& event) { told.push_back(event); };
  Config config;
  config.global.root = "/srv";
  config.global.hsts = std::chrono::hours(24 * 30);
  EXPECT_EQ(site_options(config, sink)[0].hsts, std::chrono::hours(24 * 30));
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(told[0].level, Event::Level::warning);
  EXPECT_NE(told[0].text.find("30 days"), std::string::npos) << told[0].text;
  EXPECT_NE(told[0].text.find("cannot be taken back"), std::string::npos);
  config.global.staging = true;
  EXPECT_FALSE(site_options(config, sink)[0].hsts);
  ASSERT_EQ(told.size(), 2);
  EXPECT_NE(told[1].text.find("test CA"), std::string::npos) << told[1].text;
}

// Above all a password that would be asked of nobody.
TEST(SiteOptionsTest, WhatIsAboutContentsIsRefusedWithoutThem) {
  for (const char* option : {"basic-auth", "hsts", "compress", "header", "listing"}) {
    Config config;
    config.global.told = {option};
    const auto error = thrown_error([&] { site_options(config, {}); });
    ASSERT_TRUE(error) << option;
    EXPECT_NE(std::string(error->what()).find(option), std::string::npos) << error->what();
  }
}

}  // namespace
}  // namespace autohttps::tools
