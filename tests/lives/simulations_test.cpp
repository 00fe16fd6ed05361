// Long times and large numbers: a site that fails for more than a year, a process that dies right
// after each start, thousands who start together. The CA is Let's Encrypt as far as limits go; no
// request of ours may ever be refused for them.
#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/acme/management/retry_policy.h>
#include <autohttps/acme/management/start_delay.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/issuing_process.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Outcome::Action;

// Requests at a CA that count against its limits.
struct Costs {
  std::vector<WallTime> orders, failures, certificates;
};

std::size_t most_within(const std::vector<WallTime>& times, WallTime::duration span) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= span) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

void note(Costs& costs, IssuingWorld& world, int orders, int responses, std::size_t certificates) {
  const WallTime now = world.clock.wall();
  if (world.ca.count(Operation::new_order) > orders) costs.orders.push_back(now);
  const bool sold = world.ca.certificates().size() > certificates;
  if (sold) costs.certificates.push_back(now);
  if (!sold && world.ca.count(Operation::challenge) > responses) costs.failures.push_back(now);
}

// Looks as `serve` does: whenever the last outcome says so, an hour later at the latest.
template <typename Weather>
Costs simulate(IssuingWorld& world, const std::string& id, days length, Weather weather) {
  Costs costs;
  const WallTime end = world.clock.wall() + length;
  while (world.clock.wall() < end) {
    weather();
    const int orders = world.ca.count(Operation::new_order);
    const int responses = world.ca.count(Operation::challenge);
    const std::size_t sold = world.ca.certificates().size();
    IssuingProcess process(world);
    const Outcome outcome = process.renew(id);
    note(costs, world, orders, responses, sold);
    const WallTime now = world.clock.wall();
    const WallTime next = outcome.next_attempt.value_or(now + hours(1));
    world.clock.set_wall(std::clamp(next, now + seconds(1), now + days(1)));
  }
  return costs;
}

void expect_modest(const IssuingWorld& world, const Costs& costs) {
  EXPECT_EQ(world.ca.refusals(), std::vector<std::string>{}) << "a limit of the CA's was met";
  EXPECT_LE(most_within(costs.failures, hours(1)), 5u);
  EXPECT_LE(most_within(costs.failures, days(1)), 4u);
  EXPECT_LE(most_within(costs.certificates, days(7)), 5u);
  EXPECT_LE(most_within(costs.certificates, days(1)), 2u);
  EXPECT_LE(most_within(costs.orders, hours(3)), 300u);
  EXPECT_EQ(world.ca.accounts(), 1u);
}

class LongFailure : public testing::TestWithParam<int> {
 protected:
  LongFailure() { world_.ca.behaviour() = lets_encrypt(); }
  std::string manage() {
    return IssuingProcess(world_).manager.manage(
        world_.spec({"a.test", "www.a.test"}, "letsencrypt"));
  }
  IssuingWorld world_;
};

TEST_F(LongFailure, F38_FourHundredDaysUnreachableMeetNoLimitOfTheCa) {
  world_.reachable = false;
  const Costs costs = simulate(world_, manage(), days(400), [] {});
  EXPECT_GE(costs.failures.size(), 300u) << "it does not give up either";
  expect_modest(world_, costs);
}

// Validation works on some days, the CA on some: seeds in the test's name.
TEST_P(LongFailure, F38_FourHundredDaysOfBadWeatherMeetNoLimitOfTheCa) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  const auto one_in = [&](unsigned times) { return random() % times == 0; };
  const std::string id = manage();
  const Costs costs = simulate(world_, id, days(400), [&] {
    world_.reachable = one_in(8);
    world_.ca.clear_rules();
    if (one_in(6)) world_.ca.rule(Operation::finalize, 0, Action::lose_reply());
    if (one_in(6)) world_.ca.rule(Operation::new_order, 0, Action::problem("serverInternal", 500));
    if (one_in(6)) world_.ca.rule(Operation::certificate, 0, Action::not_reached());
    if (one_in(6)) world_.ca.rule(Operation::new_order, 0, Action::busy(seconds(900)));
  });
  EXPECT_GE(costs.certificates.size(), 1u);
  expect_modest(world_, costs);
}
INSTANTIATE_TEST_SUITE_P(Seed, LongFailure, testing::Values(1, 2, 3));

// A supervisor restarts what dies, two seconds later, a thousand times (caddy#1713).
TEST_F(LongFailure, F39_AThousandRestartsMeetNoLimitOfTheCa) {
  const std::string id = manage();
  Costs costs;
  for (int restart = 0; restart < 1000; ++restart) {
    const int orders = world_.ca.count(Operation::new_order);
    const int responses = world_.ca.count(Operation::challenge);
    const std::size_t sold = world_.ca.certificates().size();
    {
      IssuingProcess process(world_);
      process.store.die_at(1 + restart % 29, MemoryStore::When::after);
      try {
        restart % 2 == 0 ? process.renew(id)
                         : process.obtain({"a.test", "www.a.test"}, "letsencrypt", true);
      } catch (const Killed&) {
      }
    }
    note(costs, world_, orders, responses, sold);
    world_.disk->restart(MemoryDisk::Loses::unsynced);
    world_.clock.advance(seconds(2));
  }
  expect_modest(world_, costs);
}

// --- F40: 10,000 started in the same second ---

constexpr int kInstallations = 10'000;
const WallTime kStart{seconds(1'800'000'000)};

class Histogram {
 public:
  void add(WallTime at) {
    ++counts_[std::chrono::floor<seconds>(at).time_since_epoch().count()];
    ++all_;
  }
  double largest_share() const {
    int most = 0;
    for (const auto& [second, count] : counts_) most = std::max(most, count);
    return all_ == 0 ? 0 : static_cast<double>(most) / all_;
  }

 private:
  std::map<std::int64_t, int> counts_;
  int all_ = 0;
};

double drawn(int seed) {
  FixedRandom random(static_cast<std::uint64_t>(seed) + 1);
  return random.uniform();
}

TEST(F40_ManyStartTogether, RenewalsOfCertificatesFromTheSameSecondSpread) {
  Histogram moments;
  for (int i = 0; i < kInstallations; ++i) {
    moments.add(renewal_due(kStart, kStart + days(90), drawn(i)).at);
  }
  EXPECT_LE(moments.largest_share(), 0.01);
}

// After an outage of weeks all are due, and all machines come up in the same second.
TEST(F40_ManyStartTogether, ServersThatFindTheirCertificateDueSpread) {
  Histogram moments;
  for (int i = 0; i < kInstallations; ++i) {
    const auto delay = start_delay({kStart + days(10)}, kStart, drawn(i));
    EXPECT_LE(delay, minutes(3));
    moments.add(kStart + delay);
  }
  EXPECT_LE(moments.largest_share(), 0.01);
}

TEST(F40_ManyStartTogether, WhoeverHasNothingGoodDoesNotWaitAndShortLivesWaitShortly) {
  EXPECT_EQ(start_delay({}, kStart, 0.5), seconds(0)) << "nothing is due";
  EXPECT_EQ(start_delay({kStart - seconds(1)}, kStart, 0.5), seconds(0)) << "expired";
  EXPECT_LE(start_delay({kStart + days(9), kStart + seconds(24)}, kStart, 1), seconds(3));
}

// The CA has answered all of them "busy" in the same second, or failed, or was not there: each
// further attempt is spread by itself.
TEST(F40_ManyStartTogether, AttemptsAfterACommonFailureSpread) {
  Error busy(ErrorCode::rate_limited, "busy");
  busy.with_retry_at(kStart + hours(1));
  for (const Error& error : {busy, Error(ErrorCode::refused, "no")}) {
    std::vector<WallTime> last(kInstallations, kStart);
    for (int failures = 1; failures <= 5; ++failures) {
      Histogram moments;
      for (int i = 0; i < kInstallations; ++i) {
        auto& at = last[static_cast<std::size_t>(i)];
        at = retry_after_failure(error, failures, at, {}, drawn(i * 5 + failures)).at;
        moments.add(at);
      }
      EXPECT_LE(moments.largest_share(), 0.01) << failures << " " << error.what();
    }
  }
}

// An outage of six hours: nobody hears those who ask, but they must not have fallen into step by
// its end.
TEST(F40_ManyStartTogether, AtTheEndOfAnOutageTheyHaveNotFallenIntoStep) {
  const Error gone(ErrorCode::network, "no route");
  const WallTime end = kStart + hours(6);
  Histogram first_heard;
  for (int i = 0; i < kInstallations; ++i) {
    FixedRandom random(static_cast<std::uint64_t>(i) + 1);
    WallTime at = kStart;
    for (int failures = 1; at < end; ++failures) {
      at = retry_after_failure(gone, failures, at, kStart + days(20), random.uniform()).at;
    }
    first_heard.add(at);
  }
  EXPECT_LE(first_heard.largest_share(), 0.01);
}

// The whole of it once: a server with a due certificate waits before its first look, and asks then.
TEST(F40_ManyStartTogether, AServerWaitsBeforeItsFirstRenewal) {
  IssuingWorld world;
  IssuingProcess process(world);
  process.obtain({"a.test"}, "none");
  world.clock.advance(days(80));
  const WallTime started = world.clock.wall();
  WallTime asked{};
  std::stop_source stop;
  world.ca.rule(Operation::new_order, 2, Action::before([&] {
                  asked = world.clock.wall();
                  stop.request_stop();
                }));
  process.manager.run(stop.get_token());
  EXPECT_GT(asked, started + seconds(1));
  EXPECT_LE(asked, started + minutes(3));
}

}  // namespace
}  // namespace autohttps::acme
