// The tests' own tools against the real programs.
#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/pebble_process.h>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

namespace autohttps {
namespace {

using std::chrono::milliseconds;

TEST(ChildTest, GivesExitCodeOutputAndErrors) {
  const ChildResult result = run_child({.arguments = {"sh", "-c", "cat; echo $WORD >&2; exit 7"},
                                        .environment = {{"WORD", "no"}},
                                        .input = "yes"});
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.out, "yes");
  EXPECT_EQ(result.err, "no\n");
  EXPECT_FALSE(result.timed_out);
}

TEST(ChildTest, SaysWhenTheProgramIsNotThere) {
  EXPECT_EQ(run_child({.arguments = {"autohttps-no-such-program"}}).exit_code, 127);
}

TEST(ChildTest, EndsWhatTakesTooLong) {
  const ChildResult result = run_child({.arguments = {"sleep", "60"}, .limit = milliseconds(50)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.exit_code, 128 + SIGKILL);
}

// Dead, or a zombie that init has not reaped yet.
bool has_ended(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return !(status >> number >> name >> state) || state == "Z" || state == "X";
}

TEST(ChildTest, LeavesNoGrandchildBehind) {
  Child shell({.arguments = {"sh", "-c", "sleep 60 & echo $!; wait"}});
  ASSERT_TRUE(shell.wait_for("\n"));
  const pid_t grandchild = std::stoi(shell.out());
  EXPECT_FALSE(has_ended(grandchild));
  shell.kill();
  for (int i = 0; i < 1000 && !has_ended(grandchild); ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_TRUE(has_ended(grandchild));
}

TEST(ChildTest, StopsByTermAndTellsTheExitCode) {
  Child shell(
      {.arguments = {"sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.01; done"}});
  ASSERT_TRUE(shell.wait_for("up"));
  EXPECT_TRUE(shell.running());
  EXPECT_EQ(shell.stop(), 5);
  EXPECT_FALSE(shell.running());
}

TEST(FreePortTest, PromisesAPortOnce) {
  const FreePort one;
  const FreePort two;
  EXPECT_NE(one.number(), two.number());
}

TEST(PebbleProcessTest, AnswersAndComesBackOnTheSamePorts) {
  PebbleProcess pebble({.environment = {{"PEBBLE_CHAIN_LENGTH", "2"}}, .strict = true});
  const std::string url = pebble.directory_url();
  const ChildOptions ask{.arguments = {"curl", "-fsS", "--cacert", pebble.ca_bundle(), url}};
  EXPECT_NE(run_child(ask).out.find("newOrder"), std::string::npos);
  EXPECT_EQ(pebble.root_pem().rfind("-----BEGIN CERTIFICATE-----", 0), 0U);
  pebble.add_a("a.test", "127.0.0.2");
  pebble.set_default_ipv4("127.0.0.3");

  pebble.stop();
  EXPECT_NE(run_child(ask).exit_code, 0);
  pebble.start();
  EXPECT_EQ(pebble.directory_url(), url);
  EXPECT_EQ(run_child(ask).exit_code, 0);
}

}  // namespace
}  // namespace autohttps
