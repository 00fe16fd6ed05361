#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/paths.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tools/autohttps/completion.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace autohttps::tools {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

bool is_there(const std::string& command) {
  return run_child({.arguments = {"sh", "-c", "command -v " + command}}).exit_code == 0;
}

Words lines_of(const std::string& text) {
  std::istringstream stream(text);
  Words lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::ranges::sort(lines);
  return lines;
}

class CompletionTest : public testing::Test {
 protected:
  void SetUp() override {
    // What completion asks for the names of certificates.
    folder_.write("autohttps",
                  "#!/bin/sh\n[ \"$1\" = list ] || exit 1\n"
                  "echo 'a.test          ok   expires in 60 days'\n"
                  "echo 'b.test          due  now'\n"
                  "echo '$(touch${IFS}planted) ok'\n");
    fs::permissions(folder_ / "autohttps", fs::perms(0755));
    folder_.write("script", bash_completion());
    folder_.write("x/my file.pem", "");
    fs::create_directory(folder_ / "x/my folder");
  }

  // What bash offers for the last of the words.
  Words offered(const Words& words) {
    std::string script = "source ./script\nCOMP_WORDS=(./autohttps";
    for (const std::string& word : words) script += " '" + word + "'";
    script += ")\nCOMP_CWORD=" + std::to_string(words.size()) +
              "\n_autohttps\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
    const ChildResult result = run_child(
        {.arguments = {"bash", "--norc", "-eu", "-c", script}, .folder = folder_.path().string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    Words lines = lines_of(result.out);
    std::erase(lines, "");
    return lines;
  }

  TemporaryFolder folder_;
};

TEST_F(CompletionTest, EveryShellKnowsEveryCommandAndFlag) {
  for (const Shell shell : {Shell::bash, Shell::zsh, Shell::fish}) {
    const std::string script = completion_script(shell);
    for (const VerbInfo& verb : verbs()) {
      EXPECT_NE(script.find(verb.name), std::string::npos) << verb.name;
    }
    for (const Option& option : options()) {
      const std::string flag = (shell == Shell::fish ? " -l " : "--") + std::string(option.name);
      EXPECT_NE(script.find(flag), std::string::npos) << option.name;
    }
  }
}

TEST_F(CompletionTest, BashOffersCommandsAndEachCommandsOwnFlags) {
  Words wanted = {"help", "--help", "--version"};
  for (const VerbInfo& verb : verbs()) wanted.emplace_back(verb.name);
  std::ranges::sort(wanted);
  EXPECT_EQ(offered({""}), wanted);
  EXPECT_EQ(offered({"ob"}), Words{"obtain"});
  for (const VerbInfo& verb : verbs()) {
    Words flags;
    for (const Option& option : options()) {
      if (takes(verb.verb, option)) flags.push_back("--" + std::string(option.name));
    }
    std::ranges::sort(flags);
    EXPECT_EQ(offered({std::string(verb.name), "--"}), flags) << verb.name;
  }
}

TEST_F(CompletionTest, BashOffersValues) {
  EXPECT_EQ(offered({"obtain", "--key-type", "ec"}), (Words{"ec256", "ec384"}));
  EXPECT_EQ(offered({"obtain", "--key-type", "=", "ec2"}), Words{"ec256"});
  EXPECT_EQ(offered({"obtain", "--key-type", "="}).size(), 5U);
  EXPECT_EQ(offered({"obtain", "--ca-bundle", "x/m"}), (Words{"x/my file.pem", "x/my folder"}));
  EXPECT_EQ(offered({"obtain", "--webroot", "x/m"}), Words{"x/my folder"});
  EXPECT_EQ(offered({"obtain", "--email", ""}), Words{});
  EXPECT_EQ(offered({"completion", ""}), (Words{"bash", "fish", "zsh"}));
  EXPECT_EQ(offered({"config", ""}), Words{"check"});
}

// As root on a store of somebody else's: what lies there as a name must not be run.
TEST_F(CompletionTest, BashOffersNamesOfCertificatesAndRunsNone) {
  EXPECT_EQ(offered({"renew", ""}), (Words{"a.test", "b.test"}));
  EXPECT_EQ(offered({"status", "b"}), Words{"b.test"});
  EXPECT_EQ(offered({"obtain", ""}), Words{});
  EXPECT_EQ(offered({"account", ""}),
            (Words{"deactivate", "import", "list", "rollover", "show", "update"}));
  EXPECT_EQ(offered({"revoke", ""}), (Words{"a.test", "b.test"}));
  EXPECT_EQ(offered({"revoke", "a.test", "--reason", "s"}), Words{"superseded"});
  EXPECT_EQ(offered({"hook", ""}), (Words{"a.test", "b.test", "deploy", "failed", "pre", "test"}));
  EXPECT_FALSE(fs::exists(folder_ / "planted"));
}

TEST_F(CompletionTest, TheReadyMadeHooksAreOffered) {
  Words ready, ready_for_dns;
  for (const auto& entry : fs::directory_iterator(source_folder() / "tools/hooks")) {
    const std::string name = entry.path().filename().string();
    (name.starts_with("dns-") ? ready_for_dns : ready).push_back(name);
  }
  std::ranges::sort(ready);
  std::ranges::sort(ready_for_dns);
  EXPECT_EQ(offered({"obtain", "--deploy", ""}), ready);
  EXPECT_EQ(offered({"obtain", "--dns-hook", ""}), ready_for_dns);
}

TEST_F(CompletionTest, ZshTakesIt) {
  ASSERT_TRUE(is_there("zsh")) << "tools/test installs it: apt-get install zsh";
  const ChildResult result =
      run_child({.arguments = {"zsh", "-f", "-c",
                               "autoload -Uz compinit && compinit -u -d $PWD/dump && source "
                               "/dev/stdin && print ${_comps[autohttps]} && whence -w _autohttps"},
                 .folder = folder_.path().string(),
                 .input = zsh_completion()});
  EXPECT_EQ(result.out, "_autohttps\n_autohttps: function\n") << result.err;
  EXPECT_EQ(result.err, "");
}

TEST_F(CompletionTest, FishTakesItAndOffers) {
  ASSERT_TRUE(is_there("fish")) << "tools/test installs it: apt-get install fish";
  folder_.write("script.fish", fish_completion());
  const auto offered_by_fish = [&](const std::string& line) {
    const ChildResult result =
        run_child({.arguments = {"fish", "--no-config", "-c",
                                 "source script.fish; complete -C '" + line +
                                     "' | string replace -r '\\t.*' ''"},
                   .environment = {{"HOME", folder_.path().string()},
                                   {"PATH", folder_.path().string() + ":/usr/bin:/bin"}},
                   .folder = folder_.path().string()});
    EXPECT_EQ(result.err, "");
    return lines_of(result.out);
  };
  EXPECT_EQ(offered_by_fish("autohttps ob"), Words{"obtain"});
  EXPECT_EQ(offered_by_fish("autohttps obtain --key-t"), Words{"--key-type"});
  EXPECT_EQ(offered_by_fish("autohttps obtain --key-type ec"), (Words{"ec256", "ec384"}));
  EXPECT_EQ(offered_by_fish("autohttps completion "), (Words{"bash", "fish", "zsh"}));
}

TEST_F(CompletionTest, TheCommandPrintsIt) {
  const auto run = [](const Words& words) {
    ChildOptions child{.arguments = {autohttps_program().string(), "completion"}};
    child.arguments.insert(child.arguments.end(), words.begin(), words.end());
    return run_child(child);
  };
  EXPECT_EQ(run({"bash"}).out, bash_completion());
  EXPECT_EQ(run({"zsh"}).out, zsh_completion());
  EXPECT_EQ(run({"fish"}).out, fish_completion());
  for (const Words& wrong : {Words{}, Words{"csh"}, Words{"bash", "zsh"}}) {
    const ChildResult refused = run(wrong);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_NE(refused.err.find("autohttps completion bash"), std::string::npos) << refused.err;
  }
}

}  // namespace
}  // namespace autohttps::tools
