#include <autohttps/tools/autohttps/output.h>
#include <autohttps/tools/autohttps/system_log.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace autohttps::tools {
namespace {

using Level = Event::Level;

struct LoggedOutput {
  std::vector<std::pair<Urgency, std::string>> lines;
  std::string err;
  Output output{[](std::string_view) {},
                [this](std::string_view text) { err += text; },
                {.look = {},
                 .failures_come_later = true,
                 .log = [this](Urgency urgency, const std::string& line) {
                   lines.emplace_back(urgency, line);
                 }}};
};

TEST(SystemLogTest, GetsLouderAsExpiryNears) {
  EXPECT_EQ(urgency_of(0.33), Urgency::warning);
  EXPECT_EQ(urgency_of(0.16), Urgency::error);
  EXPECT_EQ(urgency_of(0.04), Urgency::critical);
  EXPECT_EQ(urgency_of(0), Urgency::critical);
  EXPECT_EQ(urgency_of({}), Urgency::error) << "no certificate at all";
}

TEST(SystemLogTest, HasEachFailureOnceInOneLineAndNothingElse) {
  LoggedOutput logged;
  logged.output.event({Level::step, "a.test", "ordering", {}, {}});
  logged.output.event({Level::done, "a.test", "saved", {}, {}});
  logged.output.event({Level::warning, "a.test", "waits for its limit", "wait", {}});
  EXPECT_TRUE(logged.lines.empty());
  logged.output.event({Level::error, "a.test", "the CA is not there", "try this\nor that", 0.1});
  ASSERT_EQ(logged.lines.size(), 1u);
  EXPECT_EQ(logged.lines[0].first, Urgency::error);
  EXPECT_EQ(logged.lines[0].second, "a.test: the CA is not there; to fix it: try this or that");
  // The outcome at the end of the run tells it on standard error; the log has it already.
  logged.output.error("a.test: the CA is not there", "code: network", "try this");
  EXPECT_EQ(logged.lines.size(), 1u);
}

TEST(SystemLogTest, HasWhatStopsACommandAltogether) {
  LoggedOutput logged;
  logged.output.error(Error(ErrorCode::storage, "the store is gone"));
  ASSERT_EQ(logged.lines.size(), 1u);
  EXPECT_EQ(logged.lines[0].first, Urgency::error);
  EXPECT_NE(logged.lines[0].second.find("the store is gone; to fix it: "), std::string::npos);
}

TEST(SystemLogTest, IsSilentWhereSomebodyLooksOrTheJournalListens) {
  const Environment nothing = [](const char*) -> const char* { return nullptr; };
  const Environment journal = [](const char* name) -> const char* {
    return std::string_view(name) == "JOURNAL_STREAM" ? "9:12345" : nullptr;
  };
  EXPECT_FALSE(system_log(true, nothing));
  EXPECT_FALSE(system_log(false, journal));
  EXPECT_TRUE(system_log(false, nothing));
}

}  // namespace
}  // namespace autohttps::tools
