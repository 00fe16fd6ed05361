#include <autohttps/acme/management/publisher.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/recording_sink.h>
#include <autohttps/tests/support/test_certificates.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>

namespace autohttps::acme {
namespace {

using History = std::vector<std::string>;

class PublisherTest : public testing::Test {
 protected:
  // What the publisher does with it is done when this returns.
  void settle() { publisher_.publish({"settled.test"}); }

  IssuingWorld world_;
  IssuingProcess process_{world_};
  std::mutex mutex_;
  std::vector<Event> events_;  // guarded by mutex_
  RecordingSink sink_;
  Publisher publisher_{process_.certificates, sink_, [this](const Event& event) {
                         const std::lock_guard lock(mutex_);
                         events_.push_back(event);
                       }};

  bool was_told(Event::Level level) {
    const std::lock_guard lock(mutex_);
    return std::any_of(events_.begin(), events_.end(),
                       [&](const Event& event) { return event.level == level; });
  }
};

TEST_F(PublisherTest, WhatIsThereIsServedFromTheStart) {
  process_.obtain({"a.test"});
  settle();
  Publisher second(process_.certificates, sink_, {});
  EXPECT_EQ(second.publish({"a.test", "nobody.test"}), 1u);
  EXPECT_EQ(sink_.find("a.test")->generation, 1u);
}

TEST_F(PublisherTest, EveryFlipOfAnyProcessIsInstalledInOrder) {
  process_.obtain({"a.test"});
  settle();
  IssuingProcess other(world_);
  other.obtain({"a.test"}, "none", true);
  settle();
  other.obtain({"b.test"});
  settle();
  EXPECT_EQ(sink_.history(), (History{"a.test 1", "a.test 2", "b.test 1"}));
}

TEST_F(PublisherTest, ToldTwiceItInstallsOnce) {
  process_.obtain({"a.test"});
  settle();
  publisher_.publish({"a.test"});
  publisher_.publish({"a.test"});
  EXPECT_EQ(sink_.history(), History{"a.test 1"});
}

TEST_F(PublisherTest, AnOlderGenerationIsInstalledToo) {
  process_.obtain({"a.test"});
  process_.obtain({"a.test"}, "none", true);
  settle();
  const auto lock = process_.certificates.lock("a.test", world_.clock.steady(), {});
  process_.certificates.flip(*lock, "a.test", 1);
  settle();
  EXPECT_EQ(sink_.find("a.test")->generation, 1u);
}

TEST_F(PublisherTest, F33_ADamagedCurrentDoesNotTakeTheNewerOneOutOfService) {
  process_.obtain({"a.test"});
  process_.obtain({"a.test"}, "none", true);
  settle();
  process_.store.put("certificates/a.test/generations/2/privkey.pem", "damaged",
                     Store::Survives::power_cut);
  publisher_.publish({"a.test"});
  EXPECT_EQ(sink_.find("a.test")->generation, 2u);
  RecordingSink restarted;
  Publisher after_restart(process_.certificates, restarted, {});
  EXPECT_EQ(after_restart.publish({"a.test"}), 1u);
  EXPECT_EQ(restarted.find("a.test")->generation, 1u);
}

TEST_F(PublisherTest, ADeletedCertificateIsWithdrawn) {
  process_.obtain({"a.test"});
  settle();
  const auto lock = process_.certificates.lock("a.test", world_.clock.steady(), {});
  process_.certificates.remove(*lock, "a.test");
  publisher_.publish({"a.test"});
  EXPECT_EQ(sink_.history(), (History{"a.test 1", "-a.test"}));
}

TEST_F(PublisherTest, AnExtendedWishServesTheOldCertificateMeanwhile) {
  process_.obtain({"a.test"});
  process_.manager.manage(world_.spec({"a.test", "b.test"}));
  Publisher fresh(process_.certificates, sink_, {});
  EXPECT_EQ(fresh.publish({"a.test"}), 1u);
}

// RELIABILITY F16, F33: put there by hand, past the manager's check.
TEST_F(PublisherTest, F16_WhatIsWrongInTheStoreIsNotServedAndTheOldOneStays) {
  process_.obtain({"a.test"});
  settle();
  const TestCa ca(1, world_.clock.wall());
  for (const TestChain& chain : {ca.with_ca_bit({"a.test"}), ca.without_intermediate({"a.test"}),
                                 ca.leaf(std::vector<std::string>{"evil.test"}),
                                 TestCa::self_signed({"a.test"}, world_.clock.wall())}) {
    Bundle bundle;
    bundle.chain_pem = chain.chain;
    bundle.key_pem = chain.key;
    bundle.ca = world_.ca.directory_url();
    bundle.names = parse_identifiers({"a.test"});
    const auto lock = process_.certificates.lock("a.test", world_.clock.steady(), {});
    process_.certificates.add(*lock, "a.test", bundle, "forged", world_.clock.wall());
    settle();
  }
  EXPECT_EQ(sink_.history(), History{"a.test 1"});
  EXPECT_TRUE(was_told(Event::Level::error));
}

TEST_F(PublisherTest, SupplyLoadsANameAndCallsBackOnceServed) {
  process_.obtain({"a.test"});
  std::promise<bool> served;
  ASSERT_TRUE(
      publisher_.supply("a.test", [&] { served.set_value(sink_.find("a.test") != nullptr); }));
  EXPECT_TRUE(served.get_future().get());
}

// The look-up waits for the disk, so it is not done on the thread that asks.
TEST_F(PublisherTest, ANameThatLeadsNowhereIsLookedUpOnceUntilTheStoreChanges) {
  std::promise<void> done;
  ASSERT_TRUE(publisher_.supply("a.test", [&] { done.set_value(); }));
  done.get_future().get();
  settle();
  EXPECT_FALSE(publisher_.supply("a.test", [] { FAIL(); }));
  process_.obtain({"a.test"});
  settle();
  EXPECT_TRUE(publisher_.supply("a.test", [] {}));
}

TEST_F(PublisherTest, SupplyCallsBackAlsoForWhatHasNoCertificateYet) {
  process_.manager.manage(world_.spec({"a.test"}));
  std::promise<void> done;
  ASSERT_TRUE(publisher_.supply("a.test", [&] { done.set_value(); }));
  done.get_future().get();
  EXPECT_EQ(sink_.find("a.test"), nullptr);
}

TEST_F(PublisherTest, EveryPromisedCallRunsThoughThePublisherEnds) {
  process_.obtain({"a.test"});
  std::atomic<int> calls{0};
  {
    Publisher ending(process_.certificates, sink_, {});
    for (int i = 0; i < 50; ++i) ending.supply("a.test", [&] { ++calls; });
  }
  EXPECT_EQ(calls, 50);
}

TEST_F(PublisherTest, TellsOfEachInstallButThoseOfTheStart) {
  std::vector<std::uint64_t> told;
  publisher_.on_installed(
      [&](const Credentials& credentials) { told.push_back(credentials.generation); });
  process_.obtain({"a.test"});
  settle();
  process_.obtain({"a.test"}, "none", true);
  settle();
  EXPECT_EQ(told, (std::vector<std::uint64_t>{1, 2}));
}

}  // namespace
}  // namespace autohttps::acme
