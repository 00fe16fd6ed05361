// The faults of RELIABILITY 3.3 that a whole attempt must survive: wrong certificates, a process
// killed or a disk full at every step, clocks that jump, a CA that fails for a year.
#include <autohttps/acme/management/manager.h>
#include <autohttps/acme/management/publisher.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/lives/death.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/recording_sink.h>
#include <autohttps/tests/support/test_certificates.h>

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Outcome::Action;

// --- F10, F11 ---

TEST(F11_BusyForHours, The503IsWaitedForAndThenAllIsWell) {
  IssuingWorld world;
  IssuingProcess process(world);
  process.manager.manage(world.spec({"a.test"}, "letsencrypt"));
  const WallTime mended = world.clock.wall() + hours(3);
  world.ca.rule(Operation::new_order, 0, Action::problem("serverInternal", 503, "busy", {"600"}));
  int attempts = 0;
  while (world.clock.wall() < mended) {
    const Outcome outcome = process.renew("a.test");
    ASSERT_EQ(outcome.action, Kind::deferred) << outcome.text;
    ASSERT_GE(*outcome.next_attempt, world.clock.wall() + seconds(600));
    world.clock.set_wall(*outcome.next_attempt);
    ++attempts;
  }
  EXPECT_LE(attempts, 6);
  world.ca.clear_rules();
  const Outcome outcome = process.renew("a.test");
  EXPECT_EQ(outcome.action, Kind::issued) << outcome.text;
}

TEST(F10_RetryAfter, EveryFormOfItLeadsToABoundedWait) {
  const std::vector<std::vector<std::string>> values = {{},
                                                        {"1"},
                                                        {"Fri, 15 Jan 2027 09:00:00 GMT"},
                                                        {"-1"},
                                                        {"Wed, 21 Oct 2015 07:28:00 GMT"},
                                                        {"1000000000000"},
                                                        {"junk"},
                                                        {"10", "20"}};
  for (const auto& value : values) {
    IssuingWorld world;
    IssuingProcess process(world);
    world.ca.rule(Operation::new_order, 1, Action::problem("rateLimited", 429, "slow", value));
    const Outcome outcome = process.obtain({"a.test"});
    ASSERT_TRUE(outcome.next_attempt);
    EXPECT_GE(*outcome.next_attempt, world.clock.wall() + seconds(1));
    EXPECT_LE(*outcome.next_attempt, world.clock.wall() + hours(24));
    world.clock.set_wall(*outcome.next_attempt);
    EXPECT_EQ(process.renew("a.test").action, Kind::issued);
  }
}

// --- F16 ---

struct Wrong {
  const char* name;
  std::function<std::string(const CertificateRequest&)> chain;
};

std::string with_plan(const CertificateRequest& request,
                      const std::function<void(CertificatePlan&)>& change) {
  CertificateRequest changed = request;
  change(changed.plan);
  return changed.chain();
}

std::vector<Wrong> wrong_chains() {
  const PrivateKey foreign = PrivateKey::generate(KeyType::ec256);
  return {
      {"another key",
       [foreign](const CertificateRequest& request) {
         return request.issuer->leaf(foreign.handle(), request.plan) +
                request.issuer->intermediate();
       }},
      {"other names",
       [](const CertificateRequest& request) {
         return with_plan(
             request, [](CertificatePlan& plan) { plan.names = parse_identifiers({"evil.test"}); });
       }},
      {"fewer names",
       [](const CertificateRequest& request) {
         return with_plan(request, [](CertificatePlan& plan) { plan.names.pop_back(); });
       }},
      {"expired",
       [](const CertificateRequest& request) {
         return with_plan(request, [](CertificatePlan& plan) {
           plan.not_after = plan.not_before - seconds(1);
           plan.not_before -= days(90);
         });
       }},
      {"not yet valid",
       [](const CertificateRequest& request) {
         return with_plan(request, [](CertificatePlan& plan) {
           plan.not_before += days(10);
           plan.not_after += days(10);
         });
       }},
      {"CA:TRUE",
       [](const CertificateRequest& request) {
         return with_plan(request, [](CertificatePlan& plan) { plan.is_ca = true; });
       }},
      {"no intermediate",
       [](const CertificateRequest& request) {
         return request.issuer->leaf(request.key, request.plan);
       }},
      {"wrong order",
       [](const CertificateRequest& request) {
         return request.issuer->intermediate() + request.issuer->leaf(request.key, request.plan);
       }},
      {"control bytes",
       [](const CertificateRequest& request) { return "\x1b[2J" + request.chain(); }},
      {"300 KiB",
       [](const CertificateRequest& request) {
         return request.chain() + std::string(300 * 1024, '\n');
       }},
      {"100 certificates",
       [](const CertificateRequest& request) {
         std::string chain = request.chain();
         for (int i = 0; i < 100; ++i) chain += request.issuer->intermediate();
         return chain;
       }},
      {"empty", [](const CertificateRequest&) { return std::string(); }},
  };
}

TEST(F16_WrongCertificates, AreNeverCurrentAndNeverServed) {
  for (const Wrong& wrong : wrong_chains()) {
    SCOPED_TRACE(wrong.name);
    IssuingWorld world;
    IssuingProcess process(world);
    RecordingSink served;
    Publisher publisher(process.certificates, served, {});
    ASSERT_EQ(process.obtain({"a.test", "b.test"}).action, Kind::issued);
    const auto good = process.certificates.current("a.test");

    world.ca.behaviour().chain = wrong.chain;
    const Outcome outcome = process.obtain({"a.test", "b.test"}, "none", true);
    EXPECT_EQ(outcome.action, Kind::failed) << outcome.text;
    EXPECT_EQ(outcome.text.find('\x1b'), std::string::npos);
    EXPECT_EQ(process.certificates.current("a.test")->number, good->number);
    EXPECT_EQ(process.certificates.generations("a.test").size(), 1u);
    EXPECT_FALSE(process.certificates.pending("a.test")) << "that certificate is no good";
    publisher.publish({"a.test"});
    EXPECT_EQ(served.find("a.test")->keys.front()->fingerprint(), good->key->fingerprint());

    world.ca.behaviour().chain = {};
    EXPECT_EQ(process.obtain({"a.test", "b.test"}, "none", true).action, Kind::renewed);
  }
}

// --- F28, F30 ---

// What must hold of the store whatever happened: what is pointed to is whole.
void expect_sound(IssuingWorld& world) {
  MemoryStore store(world.disk, world.clock);
  CertificateStore certificates(store);
  std::string trouble;
  const auto current = certificates.current("a.test", &trouble);
  EXPECT_EQ(trouble.find("broken"), std::string::npos) << trouble;
  if (current) {
    EXPECT_TRUE(current->key->serves("a.test"));
  }
}

// After a run that succeeded.
void expect_in_place(IssuingWorld& world) {
  MemoryStore store(world.disk, world.clock);
  std::string trouble;
  EXPECT_TRUE(CertificateStore(store).current("a.test", &trouble));
  EXPECT_EQ(trouble, "");
}

std::optional<StoredAccount> account_of(IssuingWorld& world) {
  MemoryStore store(world.disk, world.clock);
  return AccountStore(store, world.ca.directory_url(), "default").load();
}

// A process that manages and obtains, or renews, and perhaps dies.
bool run_process(IssuingWorld& world, bool force, int die_at, MemoryStore::When when) {
  IssuingProcess process(world);
  if (die_at > 0) process.store.die_at(die_at, when);
  try {
    const Outcome outcome = process.obtain({"a.test"}, "conservative", force);
    EXPECT_NE(outcome.action, Kind::failed) << outcome.text;
    return true;
  } catch (const Killed&) {
    return false;
  }
}

class F28_KilledAnywhere : public testing::TestWithParam<Death> {};

TEST_P(F28_KilledAnywhere, NothingIsLostAndNoSecondCertificateIsBought) {
  const Death& death = GetParam();
  int k = 1;
  for (bool finished = false; !finished; ++k) {
    SCOPED_TRACE("killed at change " + std::to_string(k));
    ASSERT_LT(k, 100);
    IssuingWorld world;
    if (death.renewal) {
      ASSERT_TRUE(run_process(world, false, 0, death.when));
    }
    const std::size_t before = world.ca.certificates().size();
    finished = run_process(world, death.renewal, k, death.when);
    const bool finalized = world.ca.certificates().size() > before;
    const auto account = account_of(world);
    if (!finished) world.disk->restart(death.loses);

    expect_sound(world);
    const auto kept = account_of(world);
    if (world.ca.accounts() > 0) {
      ASSERT_TRUE(kept) << "I1: the CA knows an account whose key is lost";
      EXPECT_TRUE(kept->key == account->key);
    }
    // The next run, by a person as the dead one was; a renewal that is in place is none twice.
    {
      IssuingProcess process(world);
      const bool in_place =
          process.certificates.current("a.test") &&
          process.certificates.current("a.test")->number > (death.renewal ? 1 : 0);
      const Outcome outcome =
          process.obtain({"a.test"}, "conservative", death.renewal && !in_place);
      EXPECT_TRUE(outcome.action == Kind::issued || outcome.action == Kind::renewed ||
                  outcome.action == Kind::none)
          << outcome.text;
    }
    expect_in_place(world);
    EXPECT_EQ(world.ca.certificates().size(), before + 1) << "finalized before: " << finalized;
    EXPECT_EQ(world.ca.accounts(), 1u);
  }
  EXPECT_GT(k, 10) << "the attempt was killed at every change it makes";
}

INSTANTIATE_TEST_SUITE_P(
    Deaths, F28_KilledAnywhere,
    testing::Values(Death{false, MemoryStore::When::before, MemoryDisk::Loses::nothing},
                    Death{false, MemoryStore::When::after, MemoryDisk::Loses::unsynced},
                    Death{false, MemoryStore::When::before, MemoryDisk::Loses::contents},
                    Death{true, MemoryStore::When::after, MemoryDisk::Loses::nothing},
                    Death{true, MemoryStore::When::before, MemoryDisk::Loses::unsynced},
                    Death{true, MemoryStore::When::after, MemoryDisk::Loses::contents}));

TEST(F30_DiskFullWhileIssuing, AtEveryChangeNothingIsLostAndTheNextRunSucceeds) {
  int failures = 0;
  bool reached = true;
  for (int k = 1; reached; ++k) {
    SCOPED_TRACE("failing at change " + std::to_string(k));
    ASSERT_LT(k, 100);
    IssuingWorld world;
    {
      IssuingProcess process(world);
      process.store.fail_at(k);
      try {
        const Outcome outcome = process.obtain({"a.test"}, "conservative");
        if (outcome.action == Kind::failed) {
          EXPECT_EQ(outcome.error->code(), ErrorCode::storage) << outcome.text;
          ++failures;
        }
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::storage);  // the wish itself
        ++failures;
      }
      reached = process.store.changes() >= k;
    }
    expect_sound(world);
    IssuingProcess process(world);
    const Outcome outcome = process.obtain({"a.test"}, "conservative");
    EXPECT_TRUE(outcome.action == Kind::issued || outcome.action == Kind::none) << outcome.text;
    expect_in_place(world);
    EXPECT_EQ(world.ca.certificates().size(), 1u);
    EXPECT_EQ(world.ca.accounts(), 1u);
  }
  EXPECT_GT(failures, 8);
}

TEST(F30_DiskFullWhileIssuing, ForDaysAsksTheCaForNothing) {
  IssuingWorld world;
  IssuingProcess process(world);
  process.obtain({"a.test"}, "letsencrypt");
  world.clock.advance(days(61));
  const int requests = world.ca.count();
  process.store.fail_from_to(1, 1'000'000);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(process.renew("a.test").error->code(), ErrorCode::storage);
    world.clock.advance(hours(1));
  }
  EXPECT_EQ(world.ca.count(), requests);
  IssuingProcess mended(world);
  EXPECT_EQ(mended.renew("a.test").action, Kind::renewed);
}

// --- F37 ---

TEST(F37_Clocks, BeforeThisProgramWasWrittenNothingIsTried) {
  IssuingWorld world;
  IssuingProcess process(world);
  process.obtain({"a.test"});
  const int requests = world.ca.count();
  world.clock.set_wall(WallTime{});
  const Outcome outcome = process.obtain({"a.test"}, "none", true);
  EXPECT_EQ(outcome.action, Kind::failed);
  EXPECT_NE(outcome.text.find("1970-01-01"), std::string::npos) << outcome.text;
  EXPECT_FALSE(outcome.error->hint().empty());
  EXPECT_EQ(world.ca.count(), requests);
  EXPECT_EQ(process.certificates.state("a.test").failures, 0);
}

// The scripted CA goes by the same clock; its Date says the true time here.
TEST(F37_Clocks, TenYearsAheadCostOneAttemptADayAndRecover) {
  IssuingWorld world;
  IssuingProcess process(world);
  process.obtain({"a.test"}, "letsencrypt");
  const WallTime before = world.clock.wall();
  world.ca.behaviour().chain = [&](const CertificateRequest& request) {
    return with_plan(request, [&](CertificatePlan& plan) {
      plan.not_before = before;
      plan.not_after = before + days(90);
    });
  };
  world.ca.rule(Operation::certificate, 0, Action::change_headers([](Action::Headers& headers) {
                  std::erase_if(headers, [](const auto& header) { return header.first == "date"; });
                  headers.emplace_back("date", "Fri, 15 Jan 2027 09:00:00 GMT");
                }));
  const int orders = world.ca.count(Operation::new_order);
  world.clock.jump_wall(days(3650));
  for (int look = 0; look < 20; ++look) {
    process.renew("a.test");
    world.clock.advance(hours(1));
  }
  EXPECT_LE(world.ca.count(Operation::new_order), orders + 1) << "I11";
  ASSERT_TRUE(process.certificates.current("a.test"));

  world.clock.set_wall(before + hours(20));
  world.ca.clear_rules();
  world.ca.behaviour().chain = {};
  EXPECT_EQ(process.renew("a.test").action, Kind::none) << "all is as before";
  world.clock.advance(days(61));
  EXPECT_EQ(process.renew("a.test").action, Kind::renewed);
}

TEST(F37_Clocks, AnHourBackAndForthCostsNothing) {
  IssuingWorld world;
  IssuingProcess process(world);
  process.obtain({"a.test"}, "letsencrypt");
  const int requests = world.ca.count();
  for (int i = 0; i < 50; ++i) {
    world.clock.jump_wall(i % 2 == 0 ? hours(1) : -hours(1));
    EXPECT_EQ(process.renew("a.test").action, Kind::none);
  }
  EXPECT_EQ(world.ca.count(), requests);
}

// --- F38, F39 ---

TEST(F38_FailingForever, FourHundredDaysStayWithinLetsEncryptsLimits) {
  IssuingWorld world;
  IssuingProcess process(world);
  process.manager.manage(world.spec({"a.test"}, "letsencrypt"));
  world.reachable = false;
  std::vector<WallTime> tries;
  const WallTime end = world.clock.wall() + days(400);
  while (world.clock.wall() < end) {
    const int responses = world.ca.count(Operation::challenge);
    const Outcome outcome = process.renew("a.test");
    ASSERT_TRUE(outcome.next_attempt);
    ASSERT_GT(*outcome.next_attempt, world.clock.wall());
    if (world.ca.count(Operation::challenge) > responses) tries.push_back(world.clock.wall());
    world.clock.set_wall(*outcome.next_attempt);
  }
  EXPECT_GE(tries.size(), 300u) << "it does not give up either";
  for (std::size_t i = 0; i < tries.size(); ++i) {
    std::size_t within_a_day = 0;
    for (std::size_t j = i; j < tries.size() && tries[j] < tries[i] + days(1); ++j) ++within_a_day;
    EXPECT_LE(within_a_day, tries[i] < tries.front() + days(1) ? 4u : 1u) << i;
  }
  EXPECT_EQ(world.ca.accounts(), 1u);

  world.reachable = true;
  EXPECT_EQ(process.renew("a.test").action, Kind::issued) << "I8";
}

TEST(F38_FailingForever, A500OnEveryRequestIsAskedOnceADayInTheEnd) {
  IssuingWorld world;
  IssuingProcess process(world);
  process.manager.manage(world.spec({"a.test"}, "letsencrypt"));
  world.ca.rule(Operation::directory, 0, Action::problem("serverInternal", 500));
  int attempts = 0;
  WallTime::duration last{0};
  const WallTime end = world.clock.wall() + days(400);
  while (world.clock.wall() < end) {
    const Outcome outcome = process.renew("a.test");
    const auto wait = *outcome.next_attempt - world.clock.wall();
    ASSERT_GE(wait, last);
    last = wait;
    world.clock.set_wall(*outcome.next_attempt);
    ++attempts;
  }
  EXPECT_LE(attempts, 405);
}

TEST(F39_CrashLoop, AThousandRestartsStayWithinTheBudget) {
  IssuingWorld world;
  for (int restart = 0; restart < 1000; ++restart) {
    run_process(world, true, 1 + restart % 23, MemoryStore::When::after);
    world.disk->restart(MemoryDisk::Loses::unsynced);
    world.clock.advance(seconds(2));
  }
  // 1,000 restarts take about half an hour: the limits "conservative" of a day and of 3 hours hold.
  EXPECT_LE(world.ca.certificates().size(), 5u);
  EXPECT_LE(world.ca.count(Operation::new_order), 100);
  EXPECT_EQ(world.ca.accounts(), 1u);
}

}  // namespace
}  // namespace autohttps::acme
