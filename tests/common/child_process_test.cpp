#include <autohttps/common/child_process.h>

#include <autohttps/common/owned_fd.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <thread>

namespace autohttps {
namespace {

using End = ProcessResult::End;
using namespace std::chrono_literals;

ProcessOptions shell(const std::string& script) {
  ProcessOptions options;
  options.arguments = {"/bin/sh", "-c", script};
  options.environment = {"PATH=/usr/bin:/bin"};
  return options;
}

ProcessResult run(const std::string& script) { return run_process(shell(script), {}); }

int error_of(const ProcessOptions& options) {
  try {
    run_process(options, {});
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  return 0;
}

TEST(ChildProcessTest, GivesExitCodeAndBothOutputs) {
  const ProcessResult result = run("echo out; echo err >&2; exit 3");
  EXPECT_EQ(result.end, End::exited);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "out\nerr\n");
  EXPECT_FALSE(result.succeeded());
  EXPECT_TRUE(run("true").succeeded());
}

TEST(ChildProcessTest, NamesTheSignalThatEndedIt) {
  const ProcessResult result = run("kill -SEGV $$");
  EXPECT_EQ(result.end, End::signaled);
  EXPECT_EQ(result.signal, SIGSEGV);
  EXPECT_EQ(result.exit_code, 128 + SIGSEGV);
}

TEST(ChildProcessTest, PassesArgumentsThroughNoShell) {
  ProcessOptions options;
  options.arguments = {"/bin/echo", "$HOME; `id` \"x\"", "*"};
  EXPECT_EQ(run_process(options, {}).output, "$HOME; `id` \"x\" *\n");
}

TEST(ChildProcessTest, GivesTheEnvironmentItWasToldAndNothingElse) {
  ::setenv("AUTOHTTPS_TEST_SECRET", "secret", 1);
  ProcessOptions options;
  options.arguments = {"/usr/bin/env"};
  options.environment = {"A=1", "B=two words"};
  EXPECT_EQ(run_process(options, {}).output, "A=1\nB=two words\n");
  ::unsetenv("AUTOHTTPS_TEST_SECRET");
}

TEST(ChildProcessTest, LeavesNoDescriptorOpenAndReadsNothing) {
  const OwnedFd inherited(::open("/dev/null", O_RDONLY));  // by mistake: without O_CLOEXEC
  const ProcessResult result = run("ls /proc/self/fd; cat; readlink /proc/$$/fd/0");
  EXPECT_EQ(result.output, "0\n1\n2\n3\n/dev/null\n");  // 3: ls reading the folder
}

TEST(ChildProcessTest, StartsWithDefaultSignalsInAGroupOfItsOwn) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  const ProcessResult result =
      run("grep -E 'SigIgn|SigBlk' /proc/self/status | tr -d '\\t'; ps -o pgid= -p $$ | tr -d ' ' "
          "| grep -qx $$ && echo own");
  ::signal(SIGPIPE, before);
  EXPECT_EQ(result.output, "SigBlk:0000000000000000\nSigIgn:0000000000000000\nown\n");
}

TEST(ChildProcessTest, KeepsTheEndOfHugeOutput) {
  ProcessOptions options = shell("head -c 3000000 /dev/zero | tr '\\0' x; echo end");
  options.most_output = 1000;
  const ProcessResult result = run_process(options, {});
  EXPECT_TRUE(result.succeeded());
  EXPECT_TRUE(result.cut);
  EXPECT_EQ(result.output.size(), 1000u);
  EXPECT_TRUE(result.output.ends_with("xend\n"));
}

TEST(ChildProcessTest, EndsWhatTakesTooLongAndAllItStarted) {
  const TemporaryFolder folder;
  ProcessOptions options =
      shell("trap '' TERM; sleep 600 & echo $! > " + (folder / "pid").string() + "; wait; wait");
  options.limit = 1000ms;
  options.grace = 50ms;
  const ProcessResult result = run_process(options, {});
  EXPECT_EQ(result.end, End::timed_out);
  const int pid = std::stoi(folder.read("pid"));
  const auto gone = [&] {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    return !(stat >> number >> name >> state) || state == "Z";
  };
  for (int i = 0; i < 500 && !gone(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(gone());
}

TEST(ChildProcessTest, LetsAProgramTidyUpAtTheLimit) {
  ProcessOptions options = shell("trap 'echo tidy; exit 7' TERM; sleep 600 & wait");
  options.limit = 1000ms;
  const ProcessResult result = run_process(options, {});
  EXPECT_EQ(result.end, End::timed_out);
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.output, "tidy\n");
}

TEST(ChildProcessTest, EndlessOutputIsCutOffAtTheLimitToo) {
  ProcessOptions options = shell("yes");
  options.limit = 200ms;
  options.grace = 50ms;
  const ProcessResult result = run_process(options, {});
  EXPECT_EQ(result.end, End::timed_out);
  EXPECT_EQ(result.output.size(), options.most_output);
}

TEST(ChildProcessTest, EndsSoonWhenStopped) {
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  const ProcessResult result = run_process(shell("exec sleep 600"), stop.get_token());
  EXPECT_EQ(result.end, End::canceled);
}

TEST(ChildProcessTest, DoesNotWaitForWhatIsLeftInTheBackground) {
  const ProcessResult result = run("sleep 5 & echo $!");
  EXPECT_TRUE(result.succeeded());
  ::kill(std::stoi(result.output), SIGKILL);
}

TEST(ChildProcessTest, SaysWhyItCouldNotStart) {
  const TemporaryFolder folder;
  folder.write("plain", "echo hi");
  ::chmod((folder / "plain").c_str(), 0600);
  ProcessOptions options;
  options.arguments = {(folder / "absent").string()};
  EXPECT_EQ(error_of(options), ENOENT);
  options.arguments = {(folder / "plain").string()};
  EXPECT_EQ(error_of(options), EACCES);
  options.arguments = {};
  EXPECT_EQ(error_of(options), EINVAL);
}

TEST(ChildProcessTest, RunsManyAtATime) {
  std::vector<std::jthread> threads;
  std::vector<std::string> outputs(8);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&outputs, i] {
      for (int round = 0; round < 5; ++round) outputs[i] += run("printf x").output;
    });
  }
  threads.clear();
  for (const std::string& output : outputs) EXPECT_EQ(output, "xxxxx");
}

TEST(ChildProcessTest, NobodyBecomesSomebodyElseUnasked) {
  ProcessOptions options = shell("id -u");
  options.run_as = RunAs::user_of(::geteuid(), ::getegid());
  EXPECT_EQ(run_process(options, {}).output, std::to_string(::geteuid()) + "\n");
}

// What a root process does that acts as the store's owner: the effective user is the owner, the
// saved one still root.
TEST(ChildProcessTest, RootsChildRunsAsWhomItWasToldAndAllTheWay) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run a child as somebody else";
  constexpr uid_t kNobody = 65534;
  ProcessOptions options =
      shell("grep -E '^(Uid|Gid|Groups)' /proc/self/status | tr -s '\\t ' ' '");
  options.run_as = RunAs{kNobody, kNobody, {kNobody}};
  const std::string as_nobody =
      "Uid: 65534 65534 65534 65534\nGid: 65534 65534 65534 65534\nGroups: 65534 \n";
  EXPECT_EQ(run_process(options, {}).output, as_nobody);

  const pid_t pid = ::fork();  // in a process of its own, so that no other test is somebody else
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    bool good = ::seteuid(kNobody) == 0;
    good = good && run_process(options, {}).output == as_nobody;
    options.run_as = RunAs{0, 0, {0}};
    good = good && run_process(options, {}).output == "Uid: 0 0 0 0\nGid: 0 0 0 0\nGroups: 0 \n";
    good = good && ::seteuid(0) == 0 && ::setresuid(kNobody, kNobody, kNobody) == 0;
    good = good && error_of(options) == EPERM;
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace autohttps
