#include <autohttps/acme/challenges/dns_hook01.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/dns_hook_recorder.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/scripted_dns.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kResolver = "192.0.2.53";
constexpr const char* kServer = "192.0.2.1";
constexpr const char* kName = "_acme-challenge.a.test";
constexpr const char* kNotes = "certificates/a.test/cleanup.json";
// RFC 8555 8.4: base64url(SHA-256(key authorization)); the digest is OpenSSL's:
// printf %s token.thumb | openssl dgst -sha256 -binary | basenc --base64url
constexpr const char* kAuthorization = "token.thumb";
constexpr const char* kValue = "lCdftpJCXapaZHkBGIZbcubeKW8RmA0jSG_aZN01zbU";

ChallengeContext context(const char* name = "a.test", const char* answer = kAuthorization) {
  return {Identifier::parse(name), "token", answer};
}

class DnsHook01Test : public testing::Test {
 protected:
  DnsHook01Test() {
    dns_.zone(kResolver, "a.test", {{kServer}});
    hook_.changed = [this](const std::string& name) {
      dns_.set(kServer, name, DnsType::txt, hook_.values(name));
    };
  }

  std::vector<CleanupNote> notes() const { return CleanupNotes(store_, "a.test").all(); }
  std::string told() const {
    std::string text;
    for (const Event& event : events_) text += event.text + "\n";
    return text;
  }

  ManualClock clock_;
  mutable MemoryStore store_{clock_};
  ScriptedDns dns_{clock_};
  DnsHookRecorder hook_;
  std::vector<Event> events_;
  EventSink sink_ = [this](const Event& event) { events_.push_back(event); };
  DnsLeftovers leftovers_{store_, hook_, clock_, sink_};
  DnsHook01 solver_{{"a.test", "hook", {{kResolver}}, seconds(60)},
                    store_,
                    dns_,
                    hook_,
                    leftovers_,
                    clock_,
                    sink_};
};

TEST_F(DnsHook01Test, TheRecordIsThereWhilePresentedAndGoneAfterwards) {
  {
    const auto record = solver_.present(context(), {});
    EXPECT_EQ(hook_.values(kName), std::vector<std::string>{kValue});
    record->wait_until_visible(clock_.steady() + minutes(15), {});
    EXPECT_EQ(notes().size(), 1U);
  }
  EXPECT_EQ(hook_.calls, (std::vector<std::string>{
                             std::string("a.test: hook present ") + kName + " " + kValue,
                             std::string("a.test: hook cleanup ") + kName + " " + kValue}));
  EXPECT_FALSE(store_.get(kNotes));
}

TEST_F(DnsHook01Test, NotesTheRecordBeforeTheHookRuns) {
  hook_.before = [this](DnsAction action, const CleanupNote& note) {
    if (action == DnsAction::present) {
      EXPECT_EQ(notes(), std::vector<CleanupNote>{note});
    }
  };
  solver_.present(context(), {});
  EXPECT_EQ(hook_.calls.size(), 2U);
}

// RFC 8555 7.1.4: the authorization of a wildcard is the one of the name below it.
TEST_F(DnsHook01Test, AWildcardAndItsNameHaveTheirValuesUpAtTheSameTime) {
  const auto one = solver_.present(context(), {});
  const auto two = solver_.present(context("*.a.test", "other.thumb"), {});
  EXPECT_EQ(hook_.values(kName).size(), 2U);
  one->wait_until_visible(clock_.steady() + minutes(15), {});
  two->wait_until_visible(clock_.steady() + minutes(15), {});
  EXPECT_EQ(clock_.elapsed(), seconds(0));
}

TEST_F(DnsHook01Test, SetsTheRecordWhereACnameLeads) {
  dns_.set(kResolver, kName, DnsType::cname, {"a.proofs.b.test"});
  dns_.zone(kResolver, "proofs.b.test", {{"192.0.2.7"}});
  hook_.before = [](DnsAction, const CleanupNote& note) {
    EXPECT_EQ(note.zone, "proofs.b.test");
    EXPECT_EQ(note.domain, "a.test");
  };
  const auto record = solver_.present(context(), {});
  EXPECT_EQ(hook_.values("a.proofs.b.test"), std::vector<std::string>{kValue});
  EXPECT_NE(told().find("\"a.proofs.b.test\", where \"_acme-challenge.a.test\" leads"),
            std::string::npos)
      << told();
}

TEST_F(DnsHook01Test, SaysWhyItCannotWorkHere) {
  EXPECT_FALSE(solver_.obstacle(Identifier::parse("*.a.test")));
  EXPECT_TRUE(solver_.obstacle(Identifier::parse("192.0.2.1")));
  hook_.forbidden = true;
  EXPECT_EQ(solver_.obstacle(Identifier::parse("a.test")),
            "its hook cannot be run here: it belongs to another");
}

TEST_F(DnsHook01Test, F52_AHookThatFailsIsToldWithItsLastLineAndCleanedUpAfter) {
  hook_.replies["present"] = {HookReply::End::failed, 3, "exit 3",
                              "trying\nno such \x1b[31mzone\n"};
  const auto error = thrown_error([&] { solver_.present(context(), {}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::hook);
  EXPECT_EQ(std::string(error->what()),
            std::string("DNS hook \"hook\" could not set the TXT record \"") + kValue + "\" of \"" +
                kName + "\": exit 3: no such \\x1b[31mzone");
  EXPECT_EQ(hook_.calls.size(), 2U);  // half of it may have been up
  EXPECT_FALSE(store_.get(kNotes));
}

TEST_F(DnsHook01Test, F52_AHookThatIsNotThereLeavesNothingToCleanUp) {
  hook_.replies["present"] = {HookReply::End::failed, 127, "no such program", {}, false};
  EXPECT_TRUE(thrown_error([&] { solver_.present(context(), {}); }));
  EXPECT_EQ(hook_.calls.size(), 1U);
  EXPECT_FALSE(store_.get(kNotes));
}

TEST_F(DnsHook01Test, AskingDnsInVainRunsNoHook) {
  dns_.silence(kResolver);
  EXPECT_TRUE(thrown_error([&] { solver_.present(context(), {}); }));
  EXPECT_TRUE(hook_.calls.empty());
}

TEST_F(DnsHook01Test, TheWaitEndsWithItsOwnTimeAndWithTheAttempts) {
  hook_.changed = nullptr;  // it says it did, and nothing is there
  const auto record = solver_.present(context(), {});
  auto error = thrown_error([&] { record->wait_until_visible(clock_.steady() + minutes(15), {}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::validation);
  EXPECT_LE(clock_.elapsed(), seconds(60));
  const auto before = clock_.elapsed();
  error = thrown_error([&] { record->wait_until_visible(clock_.steady() + seconds(5), {}); });
  ASSERT_TRUE(error);
  EXPECT_LE(clock_.elapsed() - before, seconds(5));
}

class DnsLeftoversTest : public DnsHook01Test {
 protected:
  // One that could not be removed.
  void leave_one() {
    hook_.replies["cleanup"] = {HookReply::End::failed, 1, "exit 1", "the API is down"};
    solver_.present(context(), {});
    events_.clear();
    hook_.calls.clear();
  }
};

TEST_F(DnsLeftoversTest, AFailedCleanUpIsToldAndKept) {
  hook_.replies["cleanup"] = {HookReply::End::failed, 1, "exit 1", "the API is down"};
  solver_.present(context(), {});
  EXPECT_NE(told().find("could not remove the TXT record"), std::string::npos) << told();
  EXPECT_NE(told().find("exit 1: the API is down"), std::string::npos) << told();
  ASSERT_EQ(notes().size(), 1U);
  EXPECT_EQ(notes().front().tries, 1);
}

TEST_F(DnsLeftoversTest, AreTriedAgainLaterAndLater) {
  leave_one();
  EXPECT_FALSE(leftovers_.is_due("a.test"));
  for (const minutes wait : {minutes(1), minutes(10), minutes(60), minutes(360), minutes(360)}) {
    clock_.advance(wait - seconds(1));
    EXPECT_FALSE(leftovers_.is_due("a.test")) << wait.count();
    clock_.advance(seconds(1));
    EXPECT_TRUE(leftovers_.is_due("a.test")) << wait.count();
    EXPECT_FALSE(leftovers_.take_down("a.test", true, {}));
  }
  hook_.replies.clear();
  EXPECT_TRUE(leftovers_.take_down("a.test", false, {}));
  EXPECT_TRUE(hook_.up.empty());
  EXPECT_FALSE(store_.get(kNotes));
  EXPECT_FALSE(leftovers_.is_due("a.test"));
}

TEST_F(DnsLeftoversTest, AnAttemptTriesThoseThatWaitAsWell) {
  leave_one();
  EXPECT_FALSE(leftovers_.take_down("a.test", true, {}));
  EXPECT_TRUE(hook_.calls.empty());
  hook_.replies.clear();
  EXPECT_TRUE(leftovers_.take_down("a.test", false, {}));
  EXPECT_EQ(hook_.calls.size(), 1U);
}

TEST_F(DnsLeftoversTest, AreLeftToAProcessThatMayRunTheHook) {
  leave_one();
  clock_.advance(minutes(5));
  hook_.forbidden = true;
  EXPECT_FALSE(leftovers_.is_due("a.test"));
  EXPECT_FALSE(leftovers_.take_down("a.test", false, {}));
  EXPECT_TRUE(hook_.calls.empty());
  EXPECT_NE(told().find("cannot be run here"), std::string::npos) << told();
}

TEST_F(DnsLeftoversTest, F33_UnreadableNotesAreMovedAside) {
  store_.put(kNotes, "{\"records\": [{}]}", Store::Survives::power_cut);
  EXPECT_FALSE(leftovers_.is_due("a.test"));
  EXPECT_FALSE(store_.get(kNotes));
  EXPECT_FALSE(store_.list("quarantine").empty());
}

// Wherever the process ends: a record that is up is noted, and what is noted is taken down by the
// next attempt, before anything else.
TEST(DnsHook01CrashTest, F28_NoRecordIsLeftForEver) {
  bool reached = true;
  for (int change = 1; reached; ++change) {
    for (const auto when : {MemoryStore::When::before, MemoryStore::When::after}) {
      ManualClock clock;
      const auto disk = std::make_shared<MemoryDisk>();
      ScriptedDns dns(clock);
      dns.zone(kResolver, "a.test", {{kServer}});
      DnsHookRecorder hook;
      {
        MemoryStore store(disk, clock);
        store.die_at(change, when);
        hook.dead = [&] { return store.dead(); };
        DnsLeftovers leftovers(store, hook, clock, {});
        DnsHook01 solver({"a.test", "hook", {{kResolver}}, seconds(60)}, store, dns, hook,
                         leftovers, clock, {});
        try {
          const auto one = solver.present(context(), {});
          const auto two = solver.present(context("*.a.test", "other.thumb"), {});
        } catch (const Killed&) {
          // Seen by what is left.
        }
        reached = store.dead();
      }
      for (const auto loses : {MemoryDisk::Loses::nothing, MemoryDisk::Loses::unsynced}) {
        disk->restart(loses);
      }
      hook.dead = nullptr;
      MemoryStore store(disk, clock);
      const auto notes = CleanupNotes(store, "a.test").all();
      for (const auto& [name, value] : hook.up) {
        EXPECT_TRUE(std::ranges::any_of(
            notes, [&](const CleanupNote& note) { return note.value == value; }))
            << "change " << change;
      }
      DnsLeftovers leftovers(store, hook, clock, {});
      EXPECT_TRUE(leftovers.take_down("a.test", false, {}));
      EXPECT_TRUE(hook.up.empty()) << "change " << change;
    }
    ASSERT_LT(change, 50);
  }
}

TEST(CleanupNotesTest, AreReadAsTheyWereWritten) {
  const std::vector<CleanupNote> notes = {{"hook", "a.test", "_acme-challenge.a.test", "one"},
                                          {"hook \"two words\"", "a.test", "x.b.test", "two",
                                           "b.test", 3, WallTime(seconds(1'800'000'000))}};
  EXPECT_EQ(parse_cleanup_notes(to_json_text(notes)), notes);
  for (const char* wrong : {"", "[]", "{}", "{\"records\": {}}", "{\"records\": [1]}",
                            "{\"records\": [{\"command\": \"x\"}]}"}) {
    EXPECT_EQ(thrown_error([&] { parse_cleanup_notes(wrong); }).value().code(), ErrorCode::protocol)
        << wrong;
  }
}

}  // namespace
}  // namespace autohttps::acme
