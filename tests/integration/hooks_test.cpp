#include <autohttps/tests/integration/program_on_pebble.h>

#include <sys/stat.h>

#include <csignal>

#include <filesystem>

namespace autohttps {
namespace {

class HooksTest : public testing::Test {
 protected:
  // A hook that appends what it was told to a file, then does `then`.
  std::string script(const std::string& name, const std::string& then = "exit 0") {
    const std::string path = (here_.folder / name).string();
    here_.folder.write(name,
                       "#!/bin/sh\necho \"$AUTOHTTPS_HOOK $AUTOHTTPS_CERTIFICATE "
                       "$AUTOHTTPS_GENERATION $AUTOHTTPS_DRY_RUN\" >> " +
                           log() + "\n" + then + "\n");
    ::chmod(path.c_str(), 0755);
    return path;
  }
  std::string log() const { return (here_.folder / "log").string(); }
  std::string told() const { return contents(log()); }
  Json records(const std::string& generation) const {
    return parse_json(contents(here_.folder / ("store/certificates/a.test/generations/" +
                                               generation + "/hooks.json")),
                      "hooks.json");
  }

  ProgramOnPebble here_;
};

TEST_F(HooksTest, RunOncePerGenerationWithTheFactsAndNoShell) {
  const std::string deploy = script(
      "deploy",
      "env | sort > " + (here_.folder / "env").string() +
          "; readlink /proc/$$/fd/0; "
          "cmp \"$AUTOHTTPS_FULLCHAIN\" \"$(dirname \"$AUTOHTTPS_PRIVKEY\")/fullchain.pem\"");
  ChildResult result =
      here_.obtain({"a.test", "b.test", "--deploy", deploy, "--pre", script("pre")});
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(told(), "pre a.test  0\ndeploy a.test 1 0\n");
  EXPECT_NE(result.out.find("hooks        1 ran"), std::string::npos) << said(result);
  const std::string environment = contents(here_.folder / "env");
  EXPECT_NE(environment.find("AUTOHTTPS_NAMES=a.test b.test\n"), std::string::npos) << environment;
  EXPECT_NE(environment.find("AUTOHTTPS_CAUSE=first issue\n"), std::string::npos) << environment;
  EXPECT_EQ(environment.find("NO_COLOR"), std::string::npos) << "ours stays ours";
  EXPECT_EQ(records("1")["hooks"][0]["state"], "done");
  EXPECT_EQ(records("1")["hooks"][0]["output"], "/dev/null");

  EXPECT_EQ(here_.renew().exit_code, 0);
  EXPECT_EQ(here_.obtain({"a.test", "b.test"}).exit_code, 0) << "it keeps its hooks";
  EXPECT_EQ(told(), "pre a.test  0\ndeploy a.test 1 0\n");
  EXPECT_EQ(here_.renew({"--force"}).exit_code, 0);
  EXPECT_EQ(told(), "pre a.test  0\ndeploy a.test 1 0\npre a.test 1 0\ndeploy a.test 2 0\n");
  EXPECT_EQ(here_.obtain({"a.test", "b.test", "--deploy", "none", "--force"}).exit_code, 0);
  EXPECT_EQ(told().find("deploy a.test 3"), std::string::npos);
}

TEST_F(HooksTest, AFailedDeployIsRunByTheNextRunWithoutIssuing) {
  const std::string deploy = script("deploy", "echo 'no such server'; exit 4");
  ChildResult result = here_.obtain({"a.test", "--deploy", deploy});
  EXPECT_EQ(result.exit_code, 5) << said(result);
  EXPECT_NE(result.out.find("a.test: issued"), std::string::npos) << said(result);
  EXPECT_NE(result.err.find("failed: exit 4: no such server"), std::string::npos) << said(result);
  EXPECT_NE(result.err.find("the certificate itself is in place"), std::string::npos);
  const std::string serial = here_.stored("a.test")->serial();

  result = here_.renew();
  EXPECT_EQ(result.exit_code, 0) << "its waiting time holds, and cron hears nothing";
  EXPECT_EQ(result.out + result.err, "");
  script("deploy");  // mended
  result = here_.obtain({"a.test"});
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(told(), "deploy a.test 1 0\ndeploy a.test 1 0\n");
  EXPECT_EQ(records("1")["hooks"][0]["state"], "done");
  EXPECT_EQ(here_.stored("a.test")->serial(), serial);
}

TEST_F(HooksTest, AFailedPreHookAsksNothingOfTheCa) {
  const ChildResult result = here_.obtain(
      {"a.test", "--pre", script("pre", "echo busy >&2; exit 1"), "--failed",
       script("failed", "echo \"$AUTOHTTPS_ERROR_CODE $AUTOHTTPS_HINT\" >> " + log())});
  EXPECT_EQ(result.exit_code, 5) << said(result);
  EXPECT_NE(result.err.find("code: hook"), std::string::npos) << said(result);
  EXPECT_NE(told().find("failed a.test  0\nhook mend the command"), std::string::npos) << told();
  EXPECT_FALSE(std::filesystem::exists(here_.current("a.test")));
}

TEST_F(HooksTest, AConfigurationsHooksRunAsItsOwner) {
  const std::string deploy = script("deploy");
  here_.folder.write("autohttps.toml", "deploy = [\"" + deploy + "\"]\n");
  const Words config = {"--config", (here_.folder / "autohttps.toml").string()};
  ChildResult result = here_.obtain(Words{"a.test"} + config);
  ASSERT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(told(), "deploy a.test 1 0\n");
  EXPECT_EQ(records("1")["hooks"][0]["owner"], ::geteuid());
  EXPECT_EQ(here_.renew(config).exit_code, 0);
  EXPECT_EQ(told(), "deploy a.test 1 0\n");
}

TEST_F(HooksTest, TestRunsThemNowAndSaysSo) {
  ASSERT_EQ(here_.obtain({"a.test", "--deploy", script("deploy", "echo hello")}).exit_code, 0);
  ChildResult result = here_.run(Words{"hook", "test", "a.test"} + here_.on_store());
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(result.out.find("exit 0\n  | hello\n"), std::string::npos) << said(result);
  EXPECT_EQ(told(), "deploy a.test 1 0\ndeploy a.test 1 1\n");
  const Json object =
      json_of(here_.run(Words{"hook", "test", "a.test", "--json"} + here_.on_store()));
  EXPECT_EQ(object["hooks"][0]["output"], "hello\\x0a");
  for (const Words& wrong :
       {Words{"hook"}, Words{"hook", "run", "a.test"}, Words{"hook", "test"},
        Words{"hook", "test", "a.tset"}, Words{"hook", "test", "a.test", "after"},
        Words{"hook", "test", "a.test", "failed"}}) {
    result = here_.run(wrong + here_.on_store());
    EXPECT_EQ(result.exit_code, 2) << said(result);
    EXPECT_NE(result.err.find("to fix it"), std::string::npos) << said(result);
  }
}

TEST_F(HooksTest, CommandsThatCannotBeAreRefusedBeforeAnythingIsAsked) {
  for (const char* command : {"reload-ngnix", "./x", "", "\"open"}) {
    const ChildResult result = here_.obtain({"a.test", "--deploy", command});
    EXPECT_EQ(result.exit_code, 2) << said(result);
    EXPECT_NE(result.err.find("to fix it"), std::string::npos) << said(result);
  }
  const ChildResult result = here_.obtain({"a.test", "--deploy", "reload-ngnix"});
  EXPECT_NE(result.err.find("reload-nginx"), std::string::npos) << "the ready ones are told";
  EXPECT_FALSE(std::filesystem::exists(here_.store()));
}

TEST_F(HooksTest, RollbackGoesBackRunsTheHooksAndRenewLeavesIt) {
  ASSERT_EQ(here_.obtain({"a.test", "--deploy", script("deploy")}).exit_code, 0);
  const std::string first = here_.stored("a.test")->serial();
  ASSERT_EQ(here_.renew({"--force"}).exit_code, 0);
  const std::string second = here_.stored("a.test")->serial();

  ChildResult result = here_.run(Words{"history", "a.test"} + here_.on_store());
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_NE(result.out.find("* 2  issued"), std::string::npos) << said(result);
  EXPECT_NE(result.out.find("(forced)"), std::string::npos) << said(result);
  EXPECT_NE(result.out.find(first), std::string::npos) << said(result);
  EXPECT_NE(result.out.find(second), std::string::npos) << said(result);
  EXPECT_NE(result.out.find("succeeded"), std::string::npos) << said(result);

  result = here_.run(Words{"rollback", "a.test"} + here_.on_store());
  EXPECT_EQ(result.exit_code, 0) << said(result);
  EXPECT_EQ(here_.stored("a.test")->serial(), first);
  EXPECT_TRUE(told().ends_with("deploy a.test 2 0\ndeploy a.test 1 0\n")) << told();
  EXPECT_EQ(here_.renew().exit_code, 0);
  EXPECT_EQ(here_.stored("a.test")->serial(), first);
  const Json object =
      json_of(here_.run(Words{"rollback", "a.test", "2", "--json"} + here_.on_store()));
  EXPECT_EQ(object["action"], "rolled_back");
  EXPECT_EQ(here_.stored("a.test")->serial(), second);
  const Json history = json_of(here_.run(Words{"history", "a.test", "--json"} + here_.on_store()));
  EXPECT_EQ(history["certificates"][0]["current"], 2);
  EXPECT_EQ(history["certificates"][0]["generations"].size(), 2u);

  for (const Words& wrong : {Words{"9"}, Words{"2"}, Words{"0"}, Words{"two"}, Words{"1", "2"}}) {
    result = here_.run(Words{"rollback", "a.test"} + wrong + here_.on_store());
    EXPECT_EQ(result.exit_code, 2) << said(result);
    EXPECT_NE(result.err.find("to fix it"), std::string::npos) << said(result);
  }
  EXPECT_EQ(here_.stored("a.test")->serial(), second);
}

TEST_F(HooksTest, AServerRunsThemToo) {
  const std::string deploy = script("deploy");
  Child server(program(Words{"serve", "a.test", "--deploy", deploy, "--https-port", "0"} +
                       here_.at_pebble()));
  EXPECT_TRUE(eventually([&] { return told() == "deploy a.test 1 0\n"; })) << server.err();
  EXPECT_EQ(server.stop(), 0);
}

struct BadHook {
  const char* what;
  const char* script;
  const char* why;
};

// RELIABILITY F52: whatever a hook does, the certificate is in place and the command ends.
TEST_F(HooksTest, F52_HooksThatMisbehaveCostTheRenewalNothing) {
  const BadHook table[] = {
      {"huge output", "head -c 50000000 /dev/zero | tr '\\0' 'x'; exit 3", "exit 3"},
      {"killed", "kill -9 $$", "signal 9"},
      {"no interpreter", nullptr, "could not be started"},
      {"writes to the store",
       "rm -rf \"$(dirname \"$AUTOHTTPS_FULLCHAIN\")/../../state.json\"; "
       "echo x > \"$(dirname \"$AUTOHTTPS_CERT\")/hooks.json\"; exit 1",
       "exit 1"},
      {"removes itself", "rm -f \"$0\"; exit 1", "exit 1"},
  };
  int generation = 0;
  for (const BadHook& bad : table) {
    SCOPED_TRACE(bad.what);
    std::string deploy = (here_.folder / "bad").string();
    if (bad.script != nullptr) {
      script("bad", bad.script);
    } else {
      here_.folder.write("bad", "#!/nowhere/at/all\n");
      ::chmod(deploy.c_str(), 0755);
    }
    const ChildResult result = here_.obtain({"a.test", "--force", "--deploy", deploy});
    EXPECT_EQ(result.exit_code, 5) << said(result);
    EXPECT_NE(result.err.find(bad.why), std::string::npos) << said(result);
    EXPECT_LT(result.err.size(), 4000u);
    ++generation;
    EXPECT_EQ(std::filesystem::read_symlink(here_.current("a.test")).string(),
              "generations/" + std::to_string(generation));
    here_.stored("a.test");
  }
}

TEST_F(HooksTest, F52_AHangingHookEndsWithTheCommandThatIsStopped) {
  const std::string deploy = script("deploy", "trap '' TERM; sleep 600 & wait; wait");
  Child obtaining(program(Words{"obtain", "a.test", "--deploy", deploy} + here_.at_pebble()));
  ASSERT_TRUE(eventually([&] { return !told().empty(); })) << obtaining.err();
  obtaining.signal(SIGTERM);
  ASSERT_TRUE(obtaining.wait(std::chrono::seconds(20))) << obtaining.err();
  EXPECT_EQ(records("1")["hooks"][0]["state"], "pending") << "it is run again";
  here_.stored("a.test");
}

}  // namespace
}  // namespace autohttps
