// The faults of RELIABILITY 3.3 where a pair makes them others: a process killed or a disk full at
// every step, lost replies and dead orders at a CA that gives the same pending order to both.
#include <autohttps/acme/store/account_store.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/lives/death.h>
#include <autohttps/tests/support/pair_fixture.h>

#include <chrono>
#include <tuple>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Outcome::Action;

CertificateSpec pair_at(const IssuingWorld& world) {
  CertificateSpec spec = world.spec({"a.test"}, "conservative");
  spec.id = "a.test";
  spec.key_types = {KeyType::ec256, KeyType::rsa2048};
  return spec;
}

bool run_process(IssuingWorld& world, int die_at, MemoryStore::When when) {
  IssuingProcess process(world);
  if (die_at > 0) process.store.die_at(die_at, when);
  try {
    RunOptions options;
    options.person = true;
    options.only = {process.manager.manage(pair_at(world))};
    const Outcome outcome = process.manager.run_once(options, {}).front();
    EXPECT_NE(outcome.action, Kind::failed) << outcome.text;
    return true;
  } catch (const Killed&) {
    return false;
  }
}

void expect_both_in_place(IssuingWorld& world) {
  MemoryStore store(world.disk, world.clock);
  CertificateStore certificates(store);
  std::string trouble;
  const auto current = certificates.current("a.test", &trouble);
  ASSERT_TRUE(current);
  EXPECT_EQ(trouble, "");
  EXPECT_EQ(current->damage, "");
  for (const KeyType type : {KeyType::ec256, KeyType::rsa2048}) {
    const GenerationPart* part = current->part(type);
    ASSERT_NE(part, nullptr) << key_type_name(type);
    EXPECT_GT(part->key->not_after() - world.clock.wall(), days(80)) << key_type_name(type);
  }
}

// Every run makes an RSA key or two, which takes its time: in parts, by the first change that
// fails.
constexpr int kParts = 4;
class F28_PairKilledAnywhere : public testing::TestWithParam<std::tuple<Death, int>> {};

TEST_P(F28_PairKilledAnywhere, NeitherIsLostAndNoneIsBoughtTwice) {
  const Death& death = std::get<0>(GetParam());
  int k = std::get<1>(GetParam());
  for (bool finished = false; !finished; k += kParts) {
    SCOPED_TRACE("killed at change " + std::to_string(k));
    ASSERT_LT(k, 150);
    IssuingWorld world;
    world.ca.behaviour().reuse_orders = true;
    if (death.renewal) {
      ASSERT_TRUE(run_process(world, 0, death.when));
      world.clock.advance(days(61));
    }
    const std::size_t before = world.ca.certificates().size();
    finished = run_process(world, k, death.when);
    if (!finished) world.disk->restart(death.loses);
    world.clock.advance(seconds(1));
    ASSERT_TRUE(run_process(world, 0, death.when));
    expect_both_in_place(world);
    EXPECT_EQ(world.ca.certificates().size(), before + 2);
    EXPECT_EQ(world.ca.accounts(), 1u);
  }
  EXPECT_GT(k, 20) << "killed at every change of both";
}

INSTANTIATE_TEST_SUITE_P(Deaths, F28_PairKilledAnywhere,
                         testing::Combine(testing::Values(Death{false, MemoryStore::When::after,
                                                                MemoryDisk::Loses::unsynced},
                                                          Death{true, MemoryStore::When::after,
                                                                MemoryDisk::Loses::contents}),
                                          testing::Range(1, 1 + kParts)));

class F30_PairOnAFullDisk : public testing::TestWithParam<int> {};

TEST_P(F30_PairOnAFullDisk, AtEveryChangeTheNextRunHasBoth) {
  bool reached = true;
  for (int k = GetParam(); reached; k += kParts) {
    SCOPED_TRACE("failing at change " + std::to_string(k));
    ASSERT_LT(k, 150);
    IssuingWorld world;
    {
      IssuingProcess process(world);
      process.store.fail_at(k);
      try {
        RunOptions options;
        options.person = true;
        options.only = {process.manager.manage(pair_at(world))};
        process.manager.run_once(options, {});
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::storage);  // the wish itself
      }
      reached = process.store.changes() >= k;
    }
    ASSERT_TRUE(run_process(world, 0, MemoryStore::When::after));
    expect_both_in_place(world);
    EXPECT_EQ(world.ca.certificates().size(), 2u);
  }
}

INSTANTIATE_TEST_SUITE_P(Changes, F30_PairOnAFullDisk, testing::Range(1, 1 + kParts));

class PairFaults : public PairFixture {
 protected:
  PairFaults() { world_.ca.behaviour().reuse_orders = true; }
  void expect_both_after(int most_certificates) {
    for (int run = 0; run < 5; ++run) {
      obtain(pair());
      world_.clock.advance(minutes(1));
    }
    expect_both_in_place(world_);
    EXPECT_LE(world_.ca.certificates().size(), static_cast<std::size_t>(most_certificates));
  }
};

using F13_PairOrders = PairFaults;
TEST_F(F13_PairOrders, ThatDieWhileTheyWaitCostTheOtherNothing) {
  for (const bool expire : {false, true}) {
    world_.ca.rule(Operation::authorization, world_.ca.count(Operation::authorization) + 1,
                   autohttps::Action::before([&] {
                     if (expire) {
                       world_.ca.expire_orders();
                     } else {
                       world_.ca.invalidate_orders("serverInternal", "as the test wants it");
                     }
                   }));
    obtain(pair("none", {kEc, kRsa}), expire);
  }
  expect_both_after(4);
}

using F14_PairFinalize = PairFaults;
TEST_F(F14_PairFinalize, AReplyThatIsLostCostsNoSecondCertificateOfEither) {
  for (const int nth : {1, 2}) {
    world_.ca.rule(Operation::finalize, nth, autohttps::Action::lose_reply());
  }
  expect_both_after(2);
}

TEST_F(F14_PairFinalize, WithNoAnswerAfterItEither) {
  world_.ca.rule(Operation::finalize, 1, autohttps::Action::lose_reply());
  world_.ca.rule(Operation::order, 0, autohttps::Action::not_reached(), 3);
  obtain(pair());
  world_.ca.clear_rules();
  expect_both_after(2);
}

using F15_PairNewOrder = PairFaults;
TEST_F(F15_PairNewOrder, AReplyThatIsLostLeavesTheOrderToWhoComesNext) {
  world_.ca.rule(Operation::new_order, 1, autohttps::Action::lose_reply());
  expect_both_after(2);
  EXPECT_EQ(world_.ca.orders(), 2u);
}

TEST(F38_PairFailingForever, ForThirtyDaysStaysWithinLetsEncryptsLimits) {
  IssuingWorld world;
  IssuingProcess process(world);
  world.ca.behaviour().renewal_information = true;
  CertificateSpec spec = pair_at(world);
  spec.cas.front().limits = "letsencrypt";
  process.manager.manage(spec);
  world.reachable = false;
  std::vector<WallTime> tries;
  const WallTime end = world.clock.wall() + days(30);
  while (world.clock.wall() < end) {
    const int responses = world.ca.count(Operation::challenge);
    const Outcome outcome = process.renew("a.test");
    ASSERT_TRUE(outcome.next_attempt);
    ASSERT_GT(*outcome.next_attempt, world.clock.wall());
    for (int i = responses; i < world.ca.count(Operation::challenge); ++i) {
      tries.push_back(world.clock.wall());
    }
    world.clock.set_wall(*outcome.next_attempt);
  }
  for (std::size_t i = 0; i < tries.size(); ++i) {
    std::size_t within_a_day = 0;
    for (std::size_t j = i; j < tries.size() && tries[j] < tries[i] + days(1); ++j) ++within_a_day;
    EXPECT_LE(within_a_day, tries[i] < tries.front() + days(1) ? 4u : 1u) << i;
  }
  EXPECT_GE(tries.size(), 20u) << "it does not give up either";
  world.reachable = true;
  for (int i = 0; i < 50; ++i) {
    const Outcome outcome = process.renew("a.test");
    if (process.certificates.current("a.test") &&
        process.certificates.current("a.test")->parts().size() == 2) {
      break;
    }
    world.clock.set_wall(*outcome.next_attempt);
  }
  expect_both_in_place(world);
}

TEST(F39_PairCrashLoop, ThreeHundredRestartsStayWithinTheBudget) {
  IssuingWorld world;
  world.ca.behaviour().renewal_information = true;
  for (int restart = 0; restart < 300; ++restart) {
    run_process(world, 1 + restart % 37, MemoryStore::When::after);
    world.disk->restart(MemoryDisk::Loses::unsynced);
    world.clock.advance(seconds(2));
  }
  EXPECT_LE(world.ca.certificates().size(), 10u);  // five of each type
  EXPECT_LE(world.ca.count(Operation::new_order), 100);
  EXPECT_EQ(world.ca.accounts(), 1u);
}

}  // namespace
}  // namespace autohttps::acme
