#include <autohttps/acme/challenges/dns_hook.h>

#include <autohttps/tests/support/temporary_folder.h>

#include <sys/stat.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

class DnsHookProcessTest : public testing::Test {
 protected:
  HookReply run(const std::string& name, const std::string& text, const CleanupNote& note,
                const std::string& words = "") {
    folder_.write(name, "#!/bin/sh\n" + text + "\n");
    ::chmod((folder_ / name).c_str(), 0755);
    CleanupNote with_command = note;
    with_command.command = name.starts_with("ready/") ? name.substr(6) : (folder_ / name).string();
    with_command.command += words;
    return hook_.run(DnsAction::present, with_command, "a.test", {});
  }

  TemporaryFolder folder_;
  DnsHookProcess hook_{{folder_.path(), folder_ / "ready", std::chrono::milliseconds(1000)}};
  CleanupNote note_{"", "a.test", "_acme-challenge.a.test", "-value"};
};

// No shell: what a CA or a zone says is an argument, whatever is in it (CVE-2023-38198).
TEST_F(DnsHookProcessTest, GivesItsArgumentsAfterTheCommandsOwn) {
  note_.value = "$(touch pwned) `id` ; -x \" '";
  const HookReply reply =
      run("hook", "for word; do echo \"<$word>\"; done", note_, " --zone \"b c\"");
  EXPECT_EQ(
      reply.output,
      "<--zone>\n<b c>\n<present>\n<_acme-challenge.a.test>\n<$(touch pwned) `id` ; -x \" '>\n");
}

TEST_F(DnsHookProcessTest, TellsTheFactsInTheEnvironment) {
  note_.zone = "test";
  const HookReply reply = run("ready/hook", "env | grep ^AUTOHTTPS_ | sort", note_);
  EXPECT_EQ(reply.output,
            "AUTOHTTPS_CERTIFICATE=a.test\nAUTOHTTPS_DNS_ACTION=present\n"
            "AUTOHTTPS_DNS_NAME=_acme-challenge.a.test\nAUTOHTTPS_DNS_VALUE=-value\n"
            "AUTOHTTPS_DNS_ZONE=test\nAUTOHTTPS_DOMAIN=a.test\nAUTOHTTPS_HOOK=dns\n");
  note_.zone.clear();
  EXPECT_EQ(run("ready/hook", "env | grep DNS_ZONE", note_).output, "");
}

TEST_F(DnsHookProcessTest, F52_CutsOffWhatTakesTooLong) {
  const HookReply reply = run("hook", "echo before; sleep 600", note_);
  EXPECT_EQ(reply.end, HookReply::End::failed);
  EXPECT_EQ(reply.why, "took longer than 1 s");
}

}  // namespace
}  // namespace autohttps::acme
