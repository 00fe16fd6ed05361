#include <autohttps/acme/management/hook_duties.h>

#include <autohttps/acme/management/outlook.h>
#include <autohttps/tests/support/issuing_process.h>

#include <gtest/gtest.h>

#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using Action = Outcome::Action;
using Lines = std::vector<std::string>;
using State = HookRecord::State;

constexpr std::uint32_t kRoot = 0;

HookReply fails(const std::string& output = "nobody home\n") {
  return {HookReply::End::failed, 1, "exit 1", output};
}

class HookDutiesTest : public testing::Test {
 protected:
  Outcome obtain(IssuingProcess& process, const Hooks& hooks, bool force = false) {
    CertificateSpec spec = world_.spec({"a.test", "b.test"});
    spec.hooks = hooks;
    RunOptions options;
    options.person = true;
    options.force = force;
    options.only = {process.manager.manage(spec)};
    return process.manager.run_once(options, {}).front();
  }
  Outcome obtain(const Hooks& hooks, bool force = false) { return obtain(process_, hooks, force); }
  static void configure(IssuingProcess& process, Hooks hooks, std::uint32_t owner) {
    process.manager.configure_hooks(
        {{{}, parse_identifiers({"b.test", "a.test"}), std::move(hooks), owner}});
  }
  HookRecord record(std::uint64_t generation) {
    return process_.certificates.hook_records("a.test", generation).hooks.at(0);
  }
  Lines told() { return process_.hooks.told(); }

  IssuingWorld world_;
  IssuingProcess process_{world_};
};

TEST_F(HookDutiesTest, RunsAroundTheFirstIssueOnceAndAgainAtEachRenewal) {
  const Hooks hooks{{"first"}, {"reload", "copy"}, {"mail"}};
  EXPECT_EQ(obtain(hooks).action, Action::issued);
  EXPECT_EQ(told(), (Lines{"pre first 0", "deploy reload 1", "deploy copy 1"}));
  EXPECT_EQ(record(1).state, State::done);
  obtain(hooks);
  process_.renew("a.test");
  EXPECT_EQ(told().size(), 3u) << "nothing was due";
  world_.clock.advance(days(61));
  EXPECT_EQ(process_.renew("a.test").action, Action::renewed);
  EXPECT_EQ(told().size(), 6u);
  EXPECT_EQ(told()[5], "deploy copy 2");
  const HookCall& call = process_.hooks.calls.back();
  EXPECT_EQ(call.cause, "due");
  EXPECT_EQ(call.certificate, "a.test");
  EXPECT_EQ(call.names, parse_identifiers({"a.test", "b.test"}));
  EXPECT_TRUE(call.not_after);
  EXPECT_FALSE(call.staging);
}

TEST_F(HookDutiesTest, AFailedDeployIsToldAndTriedAgainWithoutIssuing) {
  process_.hooks.replies["reload"] = fails();
  Outcome outcome = obtain({{}, {"reload", "copy"}, {}});
  EXPECT_EQ(outcome.action, Action::issued) << "the certificate is there";
  EXPECT_FALSE(outcome.error);
  ASSERT_TRUE(outcome.hooks.error);
  EXPECT_EQ(outcome.hooks.error->code(), ErrorCode::hook);
  EXPECT_STREQ(outcome.hooks.error->what(),
               "a.test: deploy hook \"reload\" failed: exit 1: nobody home");
  EXPECT_FALSE(outcome.hooks.error->hint().empty());
  EXPECT_EQ(told(), (Lines{"deploy reload 1", "deploy copy 1"})) << "the others run all the same";

  const int requests = world_.ca.count();
  outcome = process_.renew("a.test");
  EXPECT_EQ(told().size(), 2u) << "its back-off holds";
  EXPECT_EQ(outcome.action, Action::none);
  world_.clock.advance(minutes(2));
  outcome = process_.renew("a.test");
  EXPECT_EQ(told().size(), 3u);
  EXPECT_EQ(outcome.hooks.failed, 1);
  EXPECT_EQ(outcome.hooks.next_try, world_.clock.wall() + minutes(10));
  EXPECT_EQ(record(1).tries, 2);

  process_.hooks.replies.clear();
  outcome = obtain({{}, {"reload", "copy"}, {}});
  EXPECT_EQ(told().size(), 4u) << "a person skips the back-off";
  EXPECT_EQ(outcome.hooks.done, 1);
  EXPECT_EQ(record(1).state, State::done);
  EXPECT_EQ(world_.ca.count(), requests) << "and nothing was asked of the CA";
}

TEST_F(HookDutiesTest, WhatThisProcessMayNotRunIsLeftToOneThatMay) {
  process_.hooks.forbidden = {kRoot};
  configure(process_, {{}, {"reload"}, {}}, kRoot);
  Outcome outcome = obtain({});
  EXPECT_EQ(outcome.action, Action::issued);
  EXPECT_EQ(outcome.hooks.pending, 1);
  EXPECT_FALSE(outcome.hooks.error);
  EXPECT_EQ(told(), Lines{});
  EXPECT_EQ(record(1).state, State::pending);
  EXPECT_FALSE(process_.manager.has_hooks_due("a.test", true)) << "no lock is taken for it again";

  IssuingProcess root(world_);
  configure(root, {{}, {"reload"}, {}}, kRoot);
  EXPECT_TRUE(root.manager.has_hooks_due("a.test", false));
  const int orders = world_.ca.count(Operation::new_order);
  EXPECT_EQ(root.renew("a.test").hooks.done, 1);
  EXPECT_EQ(root.hooks.told(), Lines{"deploy reload 1"});
  EXPECT_EQ(root.hooks.calls[0].owner, kRoot);
  EXPECT_EQ(world_.ca.count(Operation::new_order), orders);
  EXPECT_FALSE(root.manager.has_hooks_due("a.test", true));
}

TEST_F(HookDutiesTest, AFailedPreHookIsTheAttemptsFailure) {
  process_.hooks.replies["stop-it"] = fails("cannot stop\n");
  const Outcome outcome = obtain({{"stop-it"}, {}, {"mail"}});
  EXPECT_EQ(outcome.action, Action::failed);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code(), ErrorCode::hook);
  EXPECT_EQ(process_.certificates.state("a.test").last_failure->code, "hook");
  EXPECT_EQ(world_.ca.count(Operation::new_order), 0);
  EXPECT_EQ(told(), (Lines{"pre stop-it 0", "failed mail 0"}));
}

TEST_F(HookDutiesTest, APreHookOfAnotherUserLeavesTheAttemptToThatUser) {
  process_.hooks.forbidden = {kRoot};
  configure(process_, {{"stop-it"}, {}, {}}, kRoot);
  const Outcome outcome = obtain({});
  EXPECT_EQ(outcome.action, Action::deferred);
  EXPECT_EQ(outcome.error->code(), ErrorCode::permission);
  EXPECT_EQ(process_.certificates.state("a.test").failures, 0) << "nobody else is held up";
  EXPECT_EQ(world_.ca.count(), 0);
}

TEST_F(HookDutiesTest, FailedHooksHearOfEachFailureOnce) {
  world_.reachable = false;
  const Hooks hooks{{}, {"reload"}, {"mail"}};
  Outcome outcome = obtain(hooks);
  EXPECT_EQ(outcome.action, Action::failed);
  EXPECT_EQ(told(), Lines{"failed mail 0"});
  const HookCall call = process_.hooks.calls[0];
  ASSERT_TRUE(call.failure);
  EXPECT_EQ(call.failure->code, "connection");
  EXPECT_FALSE(call.failure->hint.empty());
  EXPECT_EQ(call.next_attempt, outcome.next_attempt);

  outcome = process_.renew("a.test");
  EXPECT_TRUE(outcome.told_before);
  EXPECT_EQ(told().size(), 1u) << "no new failure";
  world_.clock.advance(minutes(2));
  process_.renew("a.test");
  EXPECT_EQ(told().size(), 2u);
  world_.reachable = true;
  EXPECT_EQ(obtain(hooks).action, Action::issued);
  EXPECT_EQ(told().back(), "deploy reload 1");
}

TEST_F(HookDutiesTest, ASwitchBackRunsTheDeployHooksAgain) {
  const Hooks hooks{{}, {"reload"}, {}};
  obtain(hooks);
  obtain(hooks, true);
  EXPECT_EQ(told(), (Lines{"deploy reload 1", "deploy reload 2"}));
  {
    const auto lock = process_.certificates.lock("a.test", world_.clock.steady(), {});
    process_.certificates.flip(*lock, "a.test", 1);
  }
  process_.renew("a.test");
  EXPECT_EQ(told().back(), "deploy reload 1");
  EXPECT_EQ(told().size(), 3u);
}

TEST_F(HookDutiesTest, AHookAddedLaterRunsForWhatIsInPlace) {
  obtain({});
  const int requests = world_.ca.count();
  EXPECT_EQ(obtain({{}, {"reload"}, {}}).action, Action::none);
  EXPECT_EQ(told(), Lines{"deploy reload 1"});
  EXPECT_EQ(world_.ca.count(), requests);
}

TEST_F(HookDutiesTest, AFilesHooksAreForItsSiteAndItsOthersForTheRest) {
  process_.manager.configure_hooks({{{}, parse_identifiers({"a.test", "b.test"}), {}, kRoot},
                                    {{}, {}, {{}, {"rest"}, {}}, kRoot},
                                    {"mine", {}, {{}, {"by-id"}, {}}, 7}});
  const auto deploys = [&](const CertificateSpec& spec) {
    Lines lines;
    for (const HookCommand& command : process_.manager.hooks().commands(spec, HookKind::deploy)) {
      lines.push_back(command.command);
    }
    return lines;
  };
  EXPECT_EQ(deploys(world_.spec({"b.test", "a.test"})), Lines{}) << "its own site has none";
  EXPECT_EQ(deploys(world_.spec({"a.test"})), Lines{"rest"});
  CertificateSpec named = world_.spec({"c.test"});
  named.id = "mine";
  named.hooks.deploy = {"from-line"};
  EXPECT_EQ(deploys(named), (Lines{"from-line", "by-id"}));
}

TEST_F(HookDutiesTest, DamagedRecordsRunTheHookAgain) {
  const Hooks hooks{{}, {"reload"}, {}};
  obtain(hooks);
  process_.store.put("certificates/a.test/generations/1/hooks.json", "{",
                     Store::Survives::power_cut);
  process_.renew("a.test");
  EXPECT_EQ(told().size(), 2u);
  EXPECT_EQ(record(1).state, State::done);
}

TEST_F(HookDutiesTest, OutputIsKeptAndHarmless) {
  process_.hooks.replies["reload"] =
      fails("old line\n" + std::string(5000, 'x') + "\n\x1b[31mred\x07\nlast\n");
  const Outcome outcome = obtain({{}, {"reload"}, {}});
  const std::string output = record(1).output;
  EXPECT_LE(output.size(), 2100u);
  EXPECT_TRUE(output.ends_with("\\x1b[31mred\\x07\nlast")) << output;
  EXPECT_NE(std::string(outcome.hooks.error->what()).find("exit 1: last"), std::string::npos);
}

TEST_F(HookDutiesTest, AStoppedHookIsNotCountedAsFailed) {
  process_.hooks.replies["reload"] = {HookReply::End::canceled, 143, "", ""};
  EXPECT_FALSE(obtain({{}, {"reload"}, {}}).hooks.error);
  EXPECT_EQ(record(1).state, State::pending);
  process_.hooks.replies.clear();
  EXPECT_EQ(process_.renew("a.test").hooks.done, 1);
}

// Else `status` calls it under way for a quarter of an hour.
TEST_F(HookDutiesTest, AnAttemptThatWasStoppedIsUnderWayNoMore) {
  process_.hooks.replies["before"] = {HookReply::End::canceled, 130, "", ""};
  const Outcome outcome = obtain({{"before"}, {}, {}});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code(), ErrorCode::canceled);
  EXPECT_FALSE(process_.certificates.state("a.test").last_attempt);
  EXPECT_EQ(process_.certificates.state("a.test").failures, 0);
  EXPECT_EQ(look_at(process_.certificates, "a.test", world_.clock.wall()).standing,
            Standing::none_yet);
}

}  // namespace
}  // namespace autohttps::acme
