#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/paths.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>
#include <autohttps/tools/autohttps/packaged_texts.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace autohttps::tools {
namespace {

const std::vector<PackagedText> kAll = {PackagedText::service,       PackagedText::socket,
                                        PackagedText::renew_service, PackagedText::renew_timer,
                                        PackagedText::init_script,   PackagedText::cron};
constexpr double kMostExposure = 2.0;

bool is_there(const std::string& command) {
  return run_child({.arguments = {"sh", "-c", "command -v " + command}}).exit_code == 0;
}

class PackagedTextsTest : public testing::Test {
 protected:
  // As installed, but for a program that is here.
  std::vector<std::string> write_units() {
    PackagedValues values = packaged_defaults();
    values["PROGRAM"] = autohttps_program().string();
    values["USER"] = values["GROUP"] = "root";  // the service's own user need not be here
    std::vector<std::string> files;
    for (const PackagedText text : {PackagedText::service, PackagedText::socket,
                                    PackagedText::renew_service, PackagedText::renew_timer}) {
      files.push_back((folder_.path() / packaged_name(text)).string());
      std::ofstream(files.back()) << packaged_text(text, values);
    }
    return files;
  }

  TemporaryFolder folder_;
};

TEST_F(PackagedTextsTest, NoPlaceholderIsLeft) {
  for (const PackagedText text : kAll) {
    const std::string filled = packaged_text(text, packaged_defaults());
    EXPECT_FALSE(filled.empty());
    for (const auto& [name, value] : packaged_defaults()) {
      EXPECT_EQ(filled.find("@" + name + "@"), std::string::npos) << packaged_name(text);
    }
  }
}

TEST_F(PackagedTextsTest, AValueThatIsMissingIsABugAndNotAHole) {
  const auto error = thrown_error([] { packaged_text(PackagedText::cron, {}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::internal);
}

TEST_F(PackagedTextsTest, TheCadenceIsTheSameForTimerAndCron) {
  struct Case {
    int minutes, minute;
    std::string calendar, cron;
  };
  for (const Case& wanted : {Case{60, 17, "hourly", "17"}, Case{60, 77, "hourly", "17"},
                             Case{30, 17, "*:0/30", "17-59/30"}, Case{5, 17, "*:0/5", "2-59/5"},
                             Case{1, 17, "*:0/1", "0-59/1"}, Case{0, -1, "*:0/1", "0-59/1"},
                             Case{600, -1, "hourly", "59"}}) {
    PackagedValues values;
    with_cadence(values, wanted.minutes, wanted.minute);
    EXPECT_EQ(values["CALENDAR"], wanted.calendar) << wanted.minutes;
    EXPECT_EQ(values["CRON_MINUTES"], wanted.cron) << wanted.minutes;
  }
}

TEST_F(PackagedTextsTest, PathsAreQuotedAsEachFormatWants) {
  PackagedValues values = packaged_defaults();
  values["STORE"] = "/srv/my store's";
  EXPECT_NE(packaged_text(PackagedText::cron, values).find(R"(--store '/srv/my store'\''s')"),
            std::string::npos);
  EXPECT_NE(packaged_text(PackagedText::init_script, values).find(R"(STORE='/srv/my store'\''s')"),
            std::string::npos);
  values["STORE"] = R"(/srv/50% "off")";
  const std::string unit = packaged_text(PackagedText::service, values);
  EXPECT_NE(unit.find(R"(--store "/srv/50%% \"off\"")"), std::string::npos);
  EXPECT_NE(unit.find(R"(ReadWritePaths=-"/srv/50%% \"off\"")"), std::string::npos);
}

TEST_F(PackagedTextsTest, WhatAFormatCannotCarryIsRefused) {
  struct Case {
    PackagedText text;
    std::string store;
  };
  for (const Case& hostile :
       {Case{PackagedText::service, "/srv/a\nExecStartPre=/bin/sh"},
        Case{PackagedText::service, "/srv/$HOME"}, Case{PackagedText::renew_service, "/srv/${A}"},
        Case{PackagedText::cron, "/srv/a\n* * * * * root id"}, Case{PackagedText::cron, "/srv/5%"},
        Case{PackagedText::cron, "/srv/a\\"}, Case{PackagedText::init_script, "/srv/a\x1b[2J"}}) {
    PackagedValues values = packaged_defaults();
    values["STORE"] = hostile.store;
    const auto error = thrown_error([&] { packaged_text(hostile.text, values); });
    ASSERT_TRUE(error) << hostile.store;
    EXPECT_EQ(error->code(), ErrorCode::config) << hostile.store;
    EXPECT_FALSE(error->hint().empty());
  }
}

TEST_F(PackagedTextsTest, ShellsAgreeWithTheQuoting) {
  PackagedValues values = packaged_defaults();
  values["STORE"] = "/srv/$(id) `id` \"x\" 'y' \\ ;&|<>*?[a]~#!";
  std::string script = packaged_text(PackagedText::init_script, values);
  const std::size_t from = script.find("STORE="), to = script.find('\n', from);
  const std::string line = script.substr(from, to - from);
  const ChildResult said = run_child({.arguments = {"sh", "-c", line + "\nprintf %s \"$STORE\""}});
  EXPECT_EQ(said.out, values["STORE"]);
}

TEST_F(PackagedTextsTest, TheInitScriptIsAShellScript) {
  const std::string script = packaged_text(PackagedText::init_script, packaged_defaults());
  const ChildResult checked = run_child({.arguments = {"sh", "-n"}, .input = script});
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
}

TEST_F(PackagedTextsTest, SystemdFindsNothingWrongWithTheUnits) {
  ASSERT_TRUE(is_there("systemd-analyze")) << "tools/test installs it: apt-get install systemd";
  std::vector<std::string> words = {"systemd-analyze", "verify", "--man=no"};
  for (const std::string& file : write_units()) words.push_back(file);
  const ChildResult verified = run_child({.arguments = words});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  EXPECT_EQ(verified.out + verified.err, "");
}

TEST_F(PackagedTextsTest, SystemdFindsTheServiceHardlyExposed) {
  ASSERT_TRUE(is_there("systemd-analyze")) << "tools/test installs it: apt-get install systemd";
  PackagedValues values = packaged_defaults();
  values["PROGRAM"] = autohttps_program().string();
  const std::string unit = (folder_.path() / "autohttps.service").string();
  std::ofstream(unit) << packaged_text(PackagedText::service, values);
  const ChildResult judged = run_child(
      {.arguments = {"systemd-analyze", "security", "--offline=true", "--no-pager", unit}});
  const std::string heading = "Overall exposure level for autohttps.service: ";
  const std::size_t at = judged.out.find(heading);
  ASSERT_NE(at, std::string::npos) << judged.out << judged.err;
  EXPECT_LE(std::strtod(judged.out.c_str() + at + heading.size(), nullptr), kMostExposure)
      << judged.out;
}

}  // namespace
}  // namespace autohttps::tools
