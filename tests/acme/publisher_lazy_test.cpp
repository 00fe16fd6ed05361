// A store with more certificates than are loaded without being asked for.
#include <autohttps/acme/management/publisher.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/recording_sink.h>
#include <autohttps/tests/support/test_certificates.h>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

using History = std::vector<std::string>;

class PublisherLazyTest : public testing::Test {
 protected:
  PublisherLazyTest() {
    for (const char* name : {"a.test", "b.test", "c.test"}) process_.obtain({name});
  }

  PublisherOptions options() {
    PublisherOptions options;
    options.most_whole = 2;
    options.clock = &world_.clock;
    options.on_none = [this](const CertificateSpec& spec, bool loads_again) {
      EXPECT_TRUE(loads_again);
      none_.push_back(spec.id);
    };
    return options;
  }
  // As a handshake does; false: refused at once.
  bool ask(Publisher& publisher, const std::string& name) {
    std::promise<void> done;
    if (!publisher.supply(name, [&] { done.set_value(); })) return false;
    done.get_future().get();
    return true;
  }
  // What was told before is done when this returns.
  static void settle(Publisher& publisher) { publisher.publish({"settled.test"}); }

  IssuingWorld world_;
  IssuingProcess process_{world_};
  RecordingSink sink_;
  std::vector<std::string> none_;  // by the publisher's thread, read after ask()
};

TEST_F(PublisherLazyTest, NothingIsLoadedBeforeItIsAskedFor) {
  Publisher publisher(process_.certificates, sink_, {}, options());
  EXPECT_TRUE(publisher.loads_lazily());
  EXPECT_EQ(publisher.publish_all(), 0U);
  settle(publisher);
  EXPECT_EQ(sink_.history(), History{});
  EXPECT_TRUE(ask(publisher, "b.test"));
  EXPECT_EQ(sink_.history(), History{"b.test 1"});
  EXPECT_TRUE(sink_.find("b.test")->loads_again);
}

TEST_F(PublisherLazyTest, ASmallStoreIsLoadedWhole) {
  PublisherOptions more = options();
  more.most_whole = 3;
  Publisher publisher(process_.certificates, sink_, {}, more);
  EXPECT_FALSE(publisher.loads_lazily());
  EXPECT_EQ(publisher.publish_all(), 3U);
  EXPECT_FALSE(sink_.find("b.test")->loads_again);
}

TEST_F(PublisherLazyTest, AFlipIsInstalledWhereTheCertificateIsInMemoryAndNowhereElse) {
  Publisher publisher(process_.certificates, sink_, {}, options());
  ask(publisher, "a.test");
  process_.obtain({"a.test"}, "none", true);
  process_.obtain({"b.test"}, "none", true);
  process_.obtain({"new.test"});
  settle(publisher);
  EXPECT_EQ(sink_.history(), (History{"a.test 1", "a.test 2"}));
  EXPECT_TRUE(sink_.find("a.test")->loads_again);
  ask(publisher, "b.test");
  ask(publisher, "new.test");
  EXPECT_EQ(sink_.find("b.test")->generation, 2U);
  EXPECT_EQ(sink_.find("new.test")->generation, 1U);
}

TEST_F(PublisherLazyTest, WhatTheSinkHasDroppedIsLoadedAgain) {
  Publisher publisher(process_.certificates, sink_, {}, options());
  ask(publisher, "a.test");
  publisher.dropped("a.test");
  process_.obtain({"a.test"}, "none", true);
  settle(publisher);
  EXPECT_EQ(sink_.history(), History{"a.test 1"}) << "a flip of what is not in memory";
  ask(publisher, "a.test");
  EXPECT_EQ(sink_.history(), (History{"a.test 1", "a.test 2"}));
}

TEST_F(PublisherLazyTest, ADeletedCertificateIsWithdrawn) {
  Publisher publisher(process_.certificates, sink_, {}, options());
  ask(publisher, "a.test");
  const auto lock = process_.certificates.lock("a.test", world_.clock.steady(), {});
  process_.certificates.remove(*lock, "a.test");
  publisher.publish({"a.test"});
  EXPECT_EQ(sink_.history(), (History{"a.test 1", "-a.test"}));
}

TEST_F(PublisherLazyTest, AWildcardIsLoadedForANameWithoutACertificateOfItsOwn) {
  process_.manager.manage(world_.spec({"*.w.test"}));
  Bundle bundle;
  const TestCa ca(1, world_.clock.wall());
  const TestChain chain = ca.leaf(std::vector<std::string>{"*.w.test"});
  bundle.chain_pem = chain.chain;
  bundle.key_pem = chain.key;
  bundle.names = parse_identifiers({"*.w.test"});
  const std::string id = *process_.certificates.id_for_name("x.w.test");
  const auto lock = process_.certificates.lock(id, world_.clock.steady(), {});
  process_.certificates.add(*lock, id, bundle, "first issue", world_.clock.wall());
  process_.manager.manage(world_.spec({"waiting.w.test"}));
  Publisher publisher(process_.certificates, sink_, {}, options());
  ask(publisher, "x.w.test");
  EXPECT_EQ(sink_.history(), History{id + " 1"});
  publisher.dropped(id);
  ask(publisher, "waiting.w.test");
  EXPECT_EQ(none_, History{"waiting.w.test"});
  EXPECT_EQ(sink_.history(), (History{id + " 1", id + " 1"})) << "better than a placeholder";
}

TEST_F(PublisherLazyTest, AWishWithoutACertificateIsToldAndItsFirstOneInstalled) {
  process_.manager.manage(world_.spec({"d.test"}));
  Publisher publisher(process_.certificates, sink_, {}, options());
  ask(publisher, "d.test");
  EXPECT_EQ(none_, History{"d.test"});
  process_.obtain({"d.test"});
  settle(publisher);
  EXPECT_EQ(sink_.history(), History{"d.test 1"});
}

TEST_F(PublisherLazyTest, AStoreThatGrowsTooLargeIsNotHeldWholeAnyMore) {
  PublisherOptions more = options();
  more.most_whole = 3;
  Publisher publisher(process_.certificates, sink_, {}, more);
  publisher.publish_all();
  process_.obtain({"d.test"});
  settle(publisher);
  EXPECT_TRUE(publisher.loads_lazily());
  process_.obtain({"e.test"});
  settle(publisher);
  EXPECT_EQ(sink_.find("e.test"), nullptr);
  ask(publisher, "e.test");
  EXPECT_TRUE(sink_.find("e.test")->loads_again);
}

TEST_F(PublisherLazyTest, AStormForOneNameLoadsItOnceAndAnswersAll) {
  Publisher publisher(process_.certificates, sink_, {}, options());
  std::atomic<int> answered{0};
  for (int i = 0; i < 5000; ++i) publisher.supply("a.test", [&] { ++answered; });
  ask(publisher, "b.test");
  EXPECT_EQ(answered, 5000);
  EXPECT_EQ(sink_.history(), (History{"a.test 1", "b.test 1"}));
}

TEST_F(PublisherLazyTest, AStormOfNamesHasABoundAndHoldsUpNoFlip) {
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  Publisher publisher(process_.certificates, sink_, {}, options());
  ask(publisher, "a.test");
  publisher.supply("b.test", [open] { open.wait(); });
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    taken += publisher.supply("n" + std::to_string(i) + ".test", [] {}) ? 1 : 0;
  }
  EXPECT_LE(taken, 1100);
  EXPECT_GT(taken, 1000);
  process_.obtain({"a.test"}, "none", true);
  gate.set_value();
  settle(publisher);
  EXPECT_EQ(sink_.find("a.test")->generation, 2U);
}

TEST_F(PublisherLazyTest, ANameThatLeadsNowhereIsBelievedToForAMoment) {
  Publisher publisher(process_.certificates, sink_, {}, options());
  EXPECT_TRUE(ask(publisher, "nobody.test"));
  settle(publisher);
  EXPECT_FALSE(ask(publisher, "nobody.test"));
  world_.clock.advance(std::chrono::seconds(11));
  EXPECT_TRUE(ask(publisher, "nobody.test"));
}

}  // namespace
}  // namespace autohttps::acme
