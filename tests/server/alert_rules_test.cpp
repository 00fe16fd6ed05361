// tools/packaging/monitoring/alerts.yml against what is really told. That Prometheus takes the
// rules, and that they fire when they should, promtool says (tests/integration/promtool_test.sh).
#include <autohttps/server/auto_https/metrics.h>
#include <autohttps/server/sites/access_log.h>
#include <autohttps/tests/support/paths.h>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace autohttps {
namespace {

std::string rules() {
  std::ifstream file(source_folder() / "tools/packaging/monitoring/alerts.yml");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::set<std::string> all_of(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    found.insert((*at)[1]);
  }
  return found;
}

std::string everything() {
  const Counters counters;
  const AccessLog log({.file = "/dev/null"}, {});
  const std::vector<CertificateFact> none;
  MetricsSources sources;
  sources.listeners = {{"https", &counters}};
  sources.upstreams.emplace_back().name = "http://127.0.0.1:3000";
  sources.access_log = &log;
  sources.certificates = &none;
  return metrics_text(sources, WallTime());
}

TEST(AlertRulesTest, EveryMetricInThemIsTold) {
  const std::string text = everything();
  const std::set<std::string> used = all_of(rules(), std::regex("(autohttps_[a-z_]+)"));
  EXPECT_GE(used.size(), 8u);
  for (const std::string& name : used) {
    EXPECT_NE(text.find("# TYPE " + name + " "), std::string::npos) << name;
  }
}

TEST(AlertRulesTest, TheValuesOfLabelsInThemAreTold) {
  const std::string text = everything();
  const std::set<std::string> standings = all_of(rules(), std::regex("standing=\"([^\"]+)\""));
  EXPECT_EQ(standings.size(), 1u);
  for (const std::string& standing : standings) {
    EXPECT_NE(text.find("{standing=\"" + standing + "\"}"), std::string::npos) << standing;
  }
  const std::set<std::string> limits = all_of(rules(), std::regex("limit=~\"([^\"]+)\""));
  ASSERT_EQ(limits.size(), 1u);
  const std::set<std::string> told = all_of(text, std::regex("limit=\"([^\"]+)\""));
  std::set<std::string> matched;
  for (const std::string& limit : told) {
    if (std::regex_match(limit, std::regex(*limits.begin()))) matched.insert(limit);
  }
  EXPECT_EQ(matched, (std::set<std::string>{"busy", "no_descriptors", "refused_address",
                                            "refused_connections", "refused_handshakes"}));
}

}  // namespace
}  // namespace autohttps
