#include <autohttps/tools/autohttps/command_line.h>

#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/help.h>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace autohttps::tools {
namespace {

using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

Command parse(const Words& words, const Variables& variables = {}) {
  return parse_command_line(words, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

// The error's text and hint in one string; empty when there was none.
std::string complaint(const Words& words, const Variables& variables = {}) {
  try {
    parse(words, variables);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config) << error.what();
    return std::string(error.what()) + " | " + error.hint();
  }
  return "";
}

TEST(CommandLineTest, TakesDomainsAndFlagsInAnyOrder) {
  const Command command =
      parse({"obtain", "a.test", "--http-port", "5002", "b.test", "--agree-tos", "-d", "c.test",
             "d.test", "--server=https://ca.test/dir", "--json"});
  EXPECT_EQ(command.verb, Verb::obtain);
  EXPECT_EQ(command.settings.names, (Words{"a.test", "b.test", "d.test", "c.test"}));
  EXPECT_EQ(command.settings.http_port, 5002);
  EXPECT_TRUE(command.settings.agree_to_terms);
  EXPECT_TRUE(command.settings.json);
  EXPECT_EQ(command.settings.server, "https://ca.test/dir");
}

TEST(CommandLineTest, LettersMayBeJoined) {
  const Command command = parse({"delete", "a.test", "-yq"});
  EXPECT_EQ(command.verb, Verb::remove);
  EXPECT_TRUE(command.settings.yes);
  EXPECT_TRUE(command.settings.quiet);
}

TEST(CommandLineTest, TheLastOfARepeatedFlagWins) {
  EXPECT_EQ(parse({"renew", "--at-once", "2", "--at-once", "3"}).settings.at_once, 3);
}

TEST(CommandLineTest, TheEnvironmentFillsWhatTheLineDoesNotSay) {
  const Variables variables = {{"AUTOHTTPS_STORE", "/var/lib/x"},
                               {"AUTOHTTPS_HTTP_PORT", "5002"},
                               {"AUTOHTTPS_DOMAIN", "a.test b.test"},
                               {"AUTOHTTPS_AGREE_TOS", "1"},
                               {"AUTOHTTPS_FORCE", ""},
                               {"AUTOHTTPS_HELP", "1"}};
  const Command command = parse({"obtain", "--http-port", "5003"}, variables);
  EXPECT_EQ(command.settings.store, "/var/lib/x");
  EXPECT_EQ(command.settings.http_port, 5003);
  EXPECT_EQ(command.settings.names, (Words{"a.test", "b.test"}));
  EXPECT_TRUE(command.settings.agree_to_terms);
  EXPECT_FALSE(command.settings.force);
  EXPECT_FALSE(command.settings.help);
  EXPECT_EQ(parse({"obtain", "c.test"}, variables).settings.names, Words{"c.test"});
}

TEST(CommandLineTest, WhatWasToldIsRemembered) {
  const Command command =
      parse({"obtain", "a.test", "--email", "x@a.test", "--pre", "one x", "--pre=two"},
            {{"AUTOHTTPS_KEY_TYPE", "rsa2048"}, {"AUTOHTTPS_PRE", "three"}});
  EXPECT_EQ(command.settings.told, (std::set<std::string_view>{"email", "pre", "key-type"}));
  EXPECT_EQ(command.settings.pre, (Words{"one x", "two"}));
}

TEST(CommandLineTest, AWrongVariableIsNamed) {
  EXPECT_NE(complaint({"renew"}, {{"AUTOHTTPS_HTTP_PORT", "eighty"}})
                .find("AUTOHTTPS_HTTP_PORT: \"eighty\" is not a number"),
            std::string::npos);
}

TEST(CommandLineTest, RenewHasTheVariablesOfSitesWishes) {
  const Command command =
      parse({"renew"}, {{"AUTOHTTPS_EMAIL", "x@a.test"}, {"AUTOHTTPS_ROOT", "/"}});
  EXPECT_EQ(command.settings.email, "x@a.test");
  EXPECT_EQ(command.settings.told, std::set<std::string_view>{"email"});
}

TEST(CommandLineTest, AVariableOfAnotherCommandIsNotLookedAt) {
  EXPECT_EQ(complaint({"list"}, {{"AUTOHTTPS_HTTP_PORT", "eighty"}}), "");
}

struct Mistake {
  Words words;
  std::string says;
};

TEST(CommandLineTest, SaysWhatIsWrongAndWhatWasMeant) {
  const std::vector<Mistake> mistakes = {
      {{"obtian", "a.test"}, "did you mean \"obtain\"?"},
      {{"stauts"}, "did you mean \"status\"?"},
      {{"--staging", "obtain"}, "flags come after the command"},
      {{"example.com"}, "autohttps obtain example.com"},
      {{"xyzzy"}, "--help shows what there is"},
      {{"obtain", "a.test", "--htp-port", "1"}, "did you mean \"--http-port\"?"},
      {{"obtain", "a.test", "--agree-tso"}, "did you mean \"--agree-tos\"?"},
      {{"obtain", "a.test", "--root", "x"}, "it belongs to: setup, serve"},
      {{"obtain", "a.test", "--frobnicate=1"}, "obtain --help shows what there is"},
      {{"obtain", "a.test", "-z"}, "\"-z\" is not a flag"},
      {{"obtain"}, "needs to be told for which domains"},
      {{"retry"}, "needs to be told for which certificate"},
      {{"delete"}, "autohttps list shows the names"},
      {{"list", "a.test"}, "takes no names"},
      {{"config"}, "autohttps config check"},
      {{"config", "chekc"}, "autohttps config check"},
      {{"config", "check", "check"}, "autohttps config check"},
      {{"obtain", "a.test", "--http-port"}, "--http-port needs a value"},
      {{"obtain", "a.test", "-d"}, "--domain needs a value"},
      {{"obtain", "a.test", "--http-port", "http"}, "--http-port: \"http\" is not a number"},
      {{"obtain", "a.test", "--server", "http://ca.test/dir"}, "use the CA's https:// address"},
      {{"obtain", "a.test", "--server", "https://ca.test/dir", "--staging"}, "two different CAs"},
      {{"obtain", "a.test", "--key-type", "rsa"}, "rsa2048"},
      {{"obtain", "a.test", "--\x1b[31m"}, "\\x1b"},
  };
  for (const Mistake& mistake : mistakes) {
    const std::string said = complaint(mistake.words);
    EXPECT_NE(said.find(mistake.says), std::string::npos)
        << mistake.words.front() << ": " << said << "\nexpected: " << mistake.says;
    EXPECT_EQ(said.find('\x1b'), std::string::npos);
  }
}

TEST(CommandLineTest, HelpAsksForNothingElse) {
  EXPECT_TRUE(parse({}).settings.help);
  EXPECT_FALSE(parse({"--help"}).verb);
  EXPECT_EQ(parse({"help", "obtain"}).verb, Verb::obtain);
  EXPECT_TRUE(parse({"obtain", "--help"}).settings.help);
  EXPECT_TRUE(parse({"retry", "-h"}).settings.help);
  EXPECT_EQ(parse({"--version"}).verb, Verb::version);
}

TEST(HelpTest, ShowsEveryFlagOfTheCommandAndHowItsVariableIsCalled) {
  for (const VerbInfo& verb : verbs()) {
    const std::string text = help_text(verb.verb);
    for (const Option& option : options()) {
      if (!takes(verb.verb, option) || option.name == "help") continue;
      EXPECT_NE(text.find("--" + std::string(option.name)), std::string::npos) << option.name;
    }
    EXPECT_NE(text.find("--store is AUTOHTTPS_STORE"), std::string::npos);
    EXPECT_NE(overview().find(std::string(verb.summary)), std::string::npos);
  }
}

TEST(HelpTest, AFlagTooLongForItsColumnKeepsApartFromWhatItDoes) {
  for (const VerbInfo& verb : verbs()) {
    const std::string text = help_text(verb.verb);
    for (const Option& option : options()) {
      if (!takes(verb.verb, option)) continue;
      std::string flag = "--" + std::string(option.name);
      if (!option.value_name.empty()) flag += " " + std::string(option.value_name);
      const auto column = text.find(flag + "\n") != std::string::npos ? text.find(flag + "\n")
                                                                      : text.find(flag + " ");
      EXPECT_NE(column, std::string::npos) << flag;
    }
  }
}

TEST(HelpTest, FitsIntoAHundredColumns) {
  for (const VerbInfo& verb : verbs()) {
    std::string text = help_text(verb.verb);
    while (!text.empty()) {
      const std::string line = text.substr(0, text.find('\n'));
      EXPECT_LE(line.size(), 100u) << line;
      text.erase(0, line.size() + 1);
    }
  }
}

}  // namespace
}  // namespace autohttps::tools
