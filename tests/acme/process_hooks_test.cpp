#include <autohttps/acme/management/process_hooks.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

using End = HookReply::End;

class ProcessHooksTest : public testing::Test {
 protected:
  std::string script(const std::string& name, const std::string& text) {
    folder_.write(name, "#!/bin/sh\n" + text + "\n");
    ::chmod((folder_ / name).c_str(), 0755);
    return (folder_ / name).string();
  }
  HookReply run(const std::string& command) {
    HookCall call;
    call.command = command;
    call.certificate = "a.test";
    return hooks_.run(call, {});
  }

  TemporaryFolder folder_;
  ProcessHooks hooks_{{.store = folder_.path(),
                       .folder = folder_ / "ready",
                       .limit = std::chrono::milliseconds(1000)}};
};

HookCall full_call() {
  HookCall call;
  call.kind = HookKind::failed;
  call.certificate = "a.test";
  call.names = parse_identifiers({"a.test", "b.test"});
  call.generation = 3;
  call.not_after = WallTime(std::chrono::seconds(1'800'000'000));
  call.cause = "due";
  call.staging = true;
  call.failure = Failure{*call.not_after, "dns", "no \x1b[31m\nsuch name", "add it"};
  call.next_attempt = call.not_after;
  return call;
}

TEST(HookFactsTest, TellsTheFactsAndNothingElse) {
  const std::vector<std::string> expected = {
      "AUTOHTTPS_HOOK=failed",
      "AUTOHTTPS_CERTIFICATE=a.test",
      "AUTOHTTPS_NAMES=a.test b.test",
      "AUTOHTTPS_FULLCHAIN=/store/certificates/a.test/current/fullchain.pem",
      "AUTOHTTPS_CHAIN=/store/certificates/a.test/current/chain.pem",
      "AUTOHTTPS_CERT=/store/certificates/a.test/current/cert.pem",
      "AUTOHTTPS_PRIVKEY=/store/certificates/a.test/current/privkey.pem",
      "AUTOHTTPS_GENERATION=3",
      "AUTOHTTPS_NOT_AFTER=2027-01-15T08:00:00Z",
      "AUTOHTTPS_CAUSE=due",
      "AUTOHTTPS_STAGING=1",
      "AUTOHTTPS_DRY_RUN=0",
      "AUTOHTTPS_ERROR_CODE=dns",
      "AUTOHTTPS_ERROR=no \\x1b[31m\\x0asuch name",
      "AUTOHTTPS_HINT=add it",
      "AUTOHTTPS_NEXT_ATTEMPT=2027-01-15T08:00:00Z"};
  EXPECT_EQ(hook_facts(full_call(), "/store"), expected);
}

TEST(HookFactsTest, SpeaksOfNoFilesBeforeThereAreSome) {
  HookCall call;
  call.certificate = "a.test";
  for (const std::string& fact : hook_facts(call, "/store")) {
    EXPECT_EQ(fact.find("/store"), std::string::npos) << fact;
    EXPECT_EQ(fact.find("_ERROR"), std::string::npos) << fact;
  }
}

TEST_F(ProcessHooksTest, RunsPathsAndReadyHooksByTheirNames) {
  const std::string path = script("mine", "echo mine \"$1\"; exit 2");
  script("ready/reload", "echo ready");
  HookReply reply = run(path + " \"two words\"");
  EXPECT_EQ(reply.end, End::failed);
  EXPECT_EQ(reply.exit_code, 2);
  EXPECT_EQ(reply.why, "exit 2");
  EXPECT_EQ(reply.output, "mine two words\n");
  reply = run("reload");
  EXPECT_EQ(reply.end, End::done);
  EXPECT_EQ(reply.output, "ready\n");
}

TEST_F(ProcessHooksTest, GivesTheFactsAndNothingOfOurOwnEnvironment) {
  ::setenv("AUTOHTTPS_TEST_SECRET", "leaked", 1);
  const HookReply reply = run(script("env", "env | grep -v ^PWD= | grep -v ^_= | sort"));
  ::unsetenv("AUTOHTTPS_TEST_SECRET");
  EXPECT_TRUE(reply.output.starts_with("AUTOHTTPS_CAUSE=\nAUTOHTTPS_CERTIFICATE=a.test\n"))
      << reply.output;
  EXPECT_NE(
      reply.output.find("\nLANG=C.UTF-8\n"
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"),
      std::string::npos)
      << reply.output;
  EXPECT_NE(reply.output.find("\nHOME=/"), std::string::npos);
  EXPECT_EQ(reply.output.find("leaked"), std::string::npos);
}

TEST_F(ProcessHooksTest, SaysWhyACommandCouldNotRun) {
  script("ready/reload-nginx", "true");
  folder_.write("plain", "no program");
  const std::pair<std::string, const char*> table[] = {
      {"/nowhere/at/all", "no such program"},
      {(folder_ / "plain").string(), "Permission denied"},
      {"reload-ngnix", "there are: reload-nginx"},
      {"\"", "not closed"},
  };
  for (const auto& [command, why] : table) {
    const HookReply reply = run(command);
    EXPECT_EQ(reply.end, End::failed) << command;
    EXPECT_FALSE(reply.started) << command;
    EXPECT_NE(reply.why.find(why), std::string::npos) << command << ": " << reply.why;
  }
}

TEST_F(ProcessHooksTest, CutsOffWhatTakesTooLong) {
  const HookReply reply = run(script("slow", "echo before; sleep 600"));
  EXPECT_EQ(reply.end, End::failed);
  EXPECT_EQ(reply.why, "took longer than 1 s");
  EXPECT_EQ(reply.output, "before\n");
}

TEST_F(ProcessHooksTest, MayRunItsOwnAndForRootAnybodys) {
  EXPECT_EQ(hooks_.obstacle(std::nullopt), "");
  EXPECT_EQ(hooks_.obstacle(::geteuid()), "");
  if (::geteuid() == 0) {
    EXPECT_EQ(hooks_.obstacle(65534), "");
  } else {
    EXPECT_NE(hooks_.obstacle(0), "");
  }
}

}  // namespace
}  // namespace autohttps::acme
