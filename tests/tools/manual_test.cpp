#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tools/autohttps/config_keys.h>
#include <autohttps/tools/autohttps/help.h>
#include <autohttps/tools/autohttps/manual.h>
#include <autohttps/tools/autohttps/options.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace autohttps::tools {
namespace {

bool has_man() {
  return run_child({.arguments = {"sh", "-c", "command -v man && command -v nroff"}}).exit_code ==
         0;
}

std::string text_of(const std::string& file) {
  for (const ManualPage& page : manual_pages()) {
    if (page.file == file) return page.text;
  }
  return {};
}

// As it stands in the source of a page.
std::string in_roff(std::string text) {
  for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2) {
    text.insert(at, "\\");
  }
  return text;
}

bool mentions(const std::string& text, const std::string& word) {
  return text.find(word) != std::string::npos;
}

TEST(ManualTest, SaysOfEveryCommandWhatHelpSays) {
  for (const VerbInfo& verb : verbs()) {
    const std::string page = text_of("autohttps-" + std::string(verb.name) + ".1");
    const std::string help = help_text(verb.verb);
    for (const Option& option : options()) {
      const std::string flag = "--" + std::string(option.name);
      EXPECT_EQ(mentions(page, "\\fB" + in_roff(flag) + "\\fR"), takes(verb.verb, option))
          << verb.name << " " << flag;
      EXPECT_EQ(mentions(help, "    " + flag + " ") || mentions(help, ", " + flag + " "),
                takes(verb.verb, option))
          << verb.name << " " << flag;
      if (takes(verb.verb, option) && option.name != "help") {
        EXPECT_TRUE(mentions(page, environment_name(option))) << verb.name << " " << flag;
      }
    }
  }
}

TEST(ManualTest, NamesEveryCommandAndExitCode) {
  const std::string page = text_of("autohttps.1");
  const std::string help = overview();
  for (const VerbInfo& verb : verbs()) {
    EXPECT_TRUE(mentions(page, "\\fB" + in_roff(std::string(verb.name)) + "\\fR")) << verb.name;
    EXPECT_TRUE(mentions(help, "  " + std::string(verb.name) + "  ")) << verb.name;
  }
  for (const char* code : {"0", "1", "2", "3", "4", "5", "6", "10"}) {
    EXPECT_TRUE(mentions(page, ".TP\n\\fB" + std::string(code) + "\\fR")) << code;
    EXPECT_TRUE(mentions(help, " " + std::string(code) + " ") ||
                mentions(help, "\n" + std::string(code) + " "))
        << code;
  }
}

TEST(ManualTest, NamesEveryKeyOfTheConfiguration) {
  const std::string page = text_of("autohttps.toml.5");
  for (const Option& option : options()) {
    EXPECT_EQ(mentions(page, ".TP\n\\fB" + in_roff(config_key(option)) + "\\fR"),
              option.scope != Scope::line)
        << option.name;
  }
}

TEST(ManualTest, SaysWhatTheTableOfACaMaySay) {
  const std::string page = text_of("autohttps.toml.5");
  const auto begin = page.find("Its keys:", page.find(".SH \"KEYS OF A CA\""));
  ASSERT_NE(begin, std::string::npos);
  const std::string keys = page.substr(begin, page.find('\n', begin) - begin);
  for (const Option& option : options()) {
    const std::string key = config_key(option);
    EXPECT_EQ(mentions(keys, " " + key + ",") || mentions(keys, " " + key + ";"),
              belongs(option, Where::ca_table))
        << key;
  }
}

TEST(ManualTest, ManFindsNothingToWarnOf) {
  ASSERT_TRUE(has_man()) << "tools/test installs it: apt-get install man-db";
  const TemporaryFolder folder;
  for (const ManualPage& page : manual_pages()) {
    folder.write(page.file, page.text);
    const ChildResult shown = run_child(
        {.arguments = {"man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page.file},
         .environment = {{"LC_ALL", "C.UTF-8"}, {"MANROFFSEQ", ""}},
         .folder = folder.path().string()});
    EXPECT_EQ(shown.exit_code, 0) << page.file << shown.err;
    EXPECT_EQ(shown.err, "") << page.file;
  }
}

}  // namespace
}  // namespace autohttps::tools
