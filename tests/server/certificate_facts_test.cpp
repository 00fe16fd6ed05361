#include <autohttps/common/error.h>
#include <autohttps/server/auto_https/metrics.h>
#include <autohttps/tests/support/certificate_store_fixture.h>

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using namespace std::chrono_literals;

class CertificateFactsTest : public acme::CertificateStoreFixture {
 protected:
  void add_certificate(const std::string& id) {
    put_spec(id, {id});
    renew(id);
  }
  void renew(const std::string& id) {
    const auto lock = lock_of(id);
    certificates_.add(*lock, id, bundle({id}), "due", clock_.wall());
    served_[id] = in_place(id);
  }
  std::string in_place(const std::string& id) {
    return certificates_.current(id)->key->fingerprint();
  }
  void fail(const std::string& id, int failures) {
    acme::CertificateState state = certificates_.state(id);
    state.failures = failures;
    state.last_failure = acme::Failure{clock_.wall(), "rateLimited", "too many", ""};
    certificates_.put_state(id, state);
  }
  std::vector<Problem> problems() { return problems_of(facts_.look(), clock_.wall()); }
  std::string text(const std::vector<CertificateFact>& facts) {
    MetricsSources sources;
    sources.listeners = {{"https", &https_}, {"http", &http_}};
    sources.certificates = &facts;
    sources.swaps = 3;
    return metrics_text(sources, clock_.wall());
  }
  std::string text() { return text(facts_.look()); }
  static bool has_line(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
  }

  Counters https_, http_;
  std::map<std::string, std::string> served_;  // by name
  int questions_ = 0;
  CertificateFacts facts_{certificates_, clock_, [this]() -> AskServed {
                            return [this](const std::string& name) -> std::optional<std::string> {
                              ++questions_;
                              const auto found = served_.find(name);
                              if (found == served_.end()) return std::nullopt;
                              return found->second;
                            };
                          }};
};

TEST_F(CertificateFactsTest, WhatHasNotChangedIsNotAskedForAgain) {
  add_certificate("a.test");
  add_certificate("b.test");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(facts_.look().size(), 2u);
  EXPECT_EQ(questions_, 2);
  renew("b.test");
  EXPECT_EQ(facts_.look()[1].served.served, Served::same);
  EXPECT_EQ(questions_, 3);
  clock_.advance(10min);
  facts_.look();
  EXPECT_EQ(questions_, 5);
}

TEST_F(CertificateFactsTest, ADeletedCertificateIsForgotten) {
  add_certificate("a.test");
  EXPECT_EQ(facts_.look().size(), 1u);
  certificates_.remove(*lock_of("a.test"), "a.test");
  EXPECT_TRUE(facts_.look().empty());
}

TEST_F(CertificateFactsTest, AHealthyServerHasNoProblems) {
  EXPECT_TRUE(problems().empty());  // nor one that manages nothing
  add_certificate("a.test");
  EXPECT_TRUE(problems().empty());
  fail("a.test", 3);  // failing is no trouble of visitors', as long as there is life left
  EXPECT_TRUE(problems().empty());
}

TEST_F(CertificateFactsTest, AWishWithoutACertificateIsAProblem) {
  put_spec("a.test", {"a.test"});
  ASSERT_EQ(problems().size(), 1u);
  EXPECT_EQ(problems()[0].text, "a.test has no certificate");
}

TEST_F(CertificateFactsTest, ATenthOfItsLifeIsAProblemAndTheEndIsOneAndANewOneIsNone) {
  add_certificate("a.test");
  const auto key = certificates_.current("a.test")->key;
  const auto life = key->not_after() - key->not_before();
  const auto advance_to = [&](WallTime time) {
    clock_.advance(std::chrono::duration_cast<std::chrono::seconds>(time - clock_.wall()));
  };
  advance_to(key->not_after() - life / 8);
  EXPECT_TRUE(problems().empty());
  advance_to(key->not_after() - life / 20);
  ASSERT_EQ(problems().size(), 1u);
  EXPECT_NE(problems()[0].text.find("% of its life left"), std::string::npos) << problems()[0].text;
  advance_to(key->not_after() + 1h);
  ASSERT_EQ(problems().size(), 1u);
  EXPECT_EQ(problems()[0].text, "a.test expired");
  EXPECT_TRUE(has_line(text(), "autohttps_healthy 0"));
}

// The moment between a renewal and its first handshake is none.
TEST_F(CertificateFactsTest, AnotherCertificateServedIsAProblemOnceItLasts) {
  add_certificate("a.test");
  served_["a.test"] = "0123";
  EXPECT_TRUE(problems().empty());
  EXPECT_TRUE(has_line(text(), "autohttps_certificate_served{certificate=\"a.test\"} 0"));
  clock_.advance(31s);
  ASSERT_EQ(problems().size(), 1u);
  EXPECT_EQ(problems()[0].text, "a.test is not what is served");
  served_["a.test"] = in_place("a.test");
  clock_.advance(5s);  // what was wrong is asked for soon
  EXPECT_TRUE(problems().empty());
  EXPECT_TRUE(has_line(text(), "autohttps_certificate_served{certificate=\"a.test\"} 1"));
}

TEST_F(CertificateFactsTest, TellsTimesFailuresAndTheTypeOfTheLastError) {
  add_certificate("a.test");
  const auto key = certificates_.current("a.test")->key;
  const auto seconds = [](WallTime time) {
    return std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  const std::string labels = "{certificate=\"a.test\",key_type=\"ec256\"} ";
  EXPECT_TRUE(has_line(text(), "autohttps_certificate_not_after_timestamp_seconds" + labels +
                                   seconds(key->not_after())));
  EXPECT_TRUE(has_line(text(), "autohttps_certificate_not_before_timestamp_seconds" + labels +
                                   seconds(key->not_before())));
  EXPECT_TRUE(has_line(text(), "autohttps_certificate_failures" + labels + "0"));
  EXPECT_NE(text().find("\nautohttps_certificate_next_attempt_timestamp_seconds" + labels),
            std::string::npos);
  fail("a.test", 2);
  EXPECT_TRUE(has_line(text(), "autohttps_certificate_failures" + labels + "2"));
  const std::string error =
      "autohttps_certificate_last_error{certificate=\"a.test\",key_type=\"ec256\","
      "type=\"rateLimited\"} ";
  EXPECT_TRUE(has_line(text(), error + "1"));
  fail("a.test", 0);
  EXPECT_TRUE(has_line(text(), error + "0"));
}

TEST_F(CertificateFactsTest, NoAccountNoKeyAndNoPathIsTold) {
  add_certificate("a.test");
  fail("a.test", 1);
  const std::string all = text();
  for (const char* never : {"account", "https://", "BEGIN", "too many", "/"}) {
    EXPECT_EQ(all.find(never), std::string::npos) << never;
  }
}

// The grammar of the exposition format 0.0.4, and its rules: a family once, its help and type
// first, no sample twice.
void expect_sound(const std::string& text) {
  const std::regex sample(
      R"re(([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*"(?:,[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*")*\})? ([0-9.e+-]+))re");
  const std::regex comment(R"re(# (HELP|TYPE) ([a-z_]+) (.+))re");
  std::map<std::string, int> helps, types, samples;
  std::string family;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::smatch found;
    if (std::regex_match(line, found, comment)) {
      family = found[2];
      const bool is_help = found[1] == "HELP";
      EXPECT_EQ(++(is_help ? helps : types)[family], 1) << line;
      if (is_help) continue;
      EXPECT_EQ(found[3] == "counter", family.ends_with("_total")) << line;
    } else if (std::regex_match(line, found, sample)) {
      EXPECT_EQ(found[1], family) << line;
      EXPECT_EQ(++samples[found[1].str() + found[2].str()], 1) << line;
    } else {
      ADD_FAILURE() << line;
    }
  }
  EXPECT_EQ(helps, types);
}

TEST_F(CertificateFactsTest, TheTextIsSoundWhateverTheStoreHas) {
  expect_sound(text());
  add_certificate("a.test");
  put_spec("none-yet", {"b.test"});
  fail("a.test", 1);
  expect_sound(text());
  MetricsSources nothing;
  expect_sound(metrics_text(nothing, clock_.wall()));
  EXPECT_TRUE(metrics_text(nothing, clock_.wall()).find("\nautohttps_store_readable 0\n") !=
              std::string::npos);
}

TEST_F(CertificateFactsTest, EveryCountOfTheEngineIsThere) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Count::kMany); ++i) {
    for (std::size_t times = 0; times <= i; ++times) https_.add(static_cast<Count>(i));
  }
  https_.note_answer(204, 10);
  const std::string all = text();
  for (std::size_t i = 0; i < static_cast<std::size_t>(Count::kMany); ++i) {
    const std::string name(name_of(static_cast<Count>(i)));
    const std::string value = std::to_string(i + 1);
    const bool as_limit = has_line(
        all, "autohttps_limits_hit_total{listener=\"https\",limit=\"" + name + "\"} " + value);
    const bool by_itself =
        std::regex_search(all, std::regex("\nautohttps_[a-z_]+_total\\{listener=\"https\"(,result="
                                          "\"(good|failed)\")?\\} " +
                                          value + "\n"));
    EXPECT_TRUE(as_limit || by_itself) << name;
  }
  EXPECT_TRUE(has_line(all, "autohttps_answers_total{listener=\"https\",class=\"2xx\"} 1"));
  EXPECT_TRUE(has_line(all, "autohttps_answers_total{listener=\"http\",class=\"2xx\"} 0"));
  EXPECT_TRUE(has_line(all, "autohttps_answer_bytes_total{listener=\"https\"} 10"));
  EXPECT_TRUE(has_line(all, "autohttps_certificate_swaps_total 3"));
}

TEST_F(CertificateFactsTest, AnUpstreamOfSeveralSitesIsOneSample) {
  MetricsSources sources;
  UpstreamStatus one;
  one.name = "http://127.0.0.1:3000";
  one.requests = 2;
  UpstreamStatus two = one;
  two.well = false;
  sources.upstreams = {one, two};
  const std::string all = metrics_text(sources, clock_.wall());
  expect_sound(all);
  const std::string label = "{upstream=\"http://127.0.0.1:3000\"} ";
  EXPECT_TRUE(has_line(all, "autohttps_upstream_requests_total" + label + "4"));
  EXPECT_TRUE(has_line(all, "autohttps_upstream_up" + label + "0"));
}

TEST_F(CertificateFactsTest, ThisProcessIsTold) {
  const std::string all = text();
  std::smatch found;
  ASSERT_TRUE(
      std::regex_search(all, found, std::regex("\nprocess_start_time_seconds ([0-9.e+]+)\n")));
  const double now = static_cast<double>(::time(nullptr));
  EXPECT_LT(std::stod(found[1]), now + 5);
  EXPECT_GT(std::stod(found[1]), now - 3'600);
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_open_fds", "process_max_fds", "autohttps_build_info"}) {
    EXPECT_NE(all.find("\n" + std::string(name)), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace autohttps
