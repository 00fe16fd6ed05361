#include <autohttps/server/auto_https/on_demand.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::minutes;

class OnDemandTest : public ::testing::Test {
 protected:
  OnDemand make(OnDemandOptions options) {
    return {std::move(options),
            [this](const std::string& name) {
              const std::lock_guard lock(mutex_);
              asked_for_.push_back(name);
              return why_not_;
            },
            clock_,
            [this](const Event& event) {
              const std::lock_guard lock(mutex_);
              events_.push_back(event.text);
            }};
  }
  // As a handshake asks; true: it waited, and has been told.
  static bool ask(OnDemand& on_demand, const std::string& name) {
    std::promise<void> told;
    if (!on_demand.want(name, [&] { told.set_value(); })) return false;
    return told.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  }
  std::vector<std::string> asked_for() {
    const std::lock_guard lock(mutex_);
    return asked_for_;
  }
  std::vector<std::string> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }

  ManualClock clock_;
  std::mutex mutex_;  // guards what follows
  std::string why_not_;
  std::vector<std::string> asked_for_, events_;
};

TEST_F(OnDemandTest, OnlyNamesThatAreAllowedAreHad) {
  OnDemand on_demand = make({.names = {"shop.test", "*.shops.test"}});
  for (const char* name : {"shop.test", "SHOP.test", "a.shops.test"}) {
    EXPECT_TRUE(ask(on_demand, name)) << name;
  }
  for (const char* name : {"", "other.test", "a.shop.test", "shops.test", "a.b.shops.test",
                           "xshops.test", "*.shops.test", "127.0.0.1", "::1", "a_b!.shops.test",
                           "..shops.test", "evil.test\r\n.shops.test", "a.shops.test.evil.test"}) {
    EXPECT_FALSE(ask(on_demand, name)) << name;
  }
  EXPECT_EQ(asked_for(), (std::vector<std::string>{"shop.test", "shop.test", "a.shops.test"}));
}

TEST_F(OnDemandTest, WithoutAWordFromAnybodyItIsOff) {
  OnDemand on_demand = make({});
  EXPECT_FALSE(ask(on_demand, "a.test"));
}

TEST_F(OnDemandTest, WhoPermitsIsAskedAndItsNoIsRemembered) {
  std::atomic<int> inquiries{0};
  OnDemand on_demand = make({.permits = [&](const std::string& name) {
    ++inquiries;
    return name == "good.test";
  }});
  EXPECT_TRUE(ask(on_demand, "good.test"));
  EXPECT_TRUE(ask(on_demand, "bad.test")) << "it is known only after the inquiry";
  EXPECT_FALSE(ask(on_demand, "bad.test"));
  EXPECT_EQ(inquiries, 2);
  EXPECT_EQ(asked_for(), std::vector<std::string>{"good.test"});
  clock_.advance(OnDemand::kRefusedFor);
  EXPECT_TRUE(ask(on_demand, "bad.test"));
  EXPECT_EQ(inquiries, 3);
  EXPECT_TRUE(events().empty()) << "anybody can ask for names that are not ours";
}

TEST_F(OnDemandTest, BothMustAllowWhereBothAreThere) {
  OnDemand on_demand = make({.names = {"*.shops.test"}, .permits = [](const std::string& name) {
                               return name != "closed.shops.test";
                             }});
  EXPECT_FALSE(ask(on_demand, "a.test"));
  ask(on_demand, "closed.shops.test");
  EXPECT_TRUE(ask(on_demand, "open.shops.test"));
  EXPECT_EQ(asked_for(), std::vector<std::string>{"open.shops.test"});
}

TEST_F(OnDemandTest, AnInquiryThatFailsIsNoYes) {
  OnDemand on_demand = make(
      {.permits = [](const std::string&) -> bool { throw std::runtime_error("nobody answers"); }});
  ask(on_demand, "a.test");
  EXPECT_TRUE(asked_for().empty());
  ASSERT_EQ(events().size(), 1U);
  EXPECT_EQ(events().front(), "not had on demand: nobody answers");
}

TEST_F(OnDemandTest, WhatCouldNotBeHadIsLeftForAnHour) {
  why_not_ = "the CA refused";
  OnDemand on_demand = make({.names = {"a.test"}});
  EXPECT_TRUE(ask(on_demand, "a.test"));
  EXPECT_FALSE(ask(on_demand, "a.test"));
  clock_.advance(minutes(59));
  EXPECT_FALSE(ask(on_demand, "a.test"));
  clock_.advance(minutes(1));
  EXPECT_TRUE(ask(on_demand, "a.test"));
  EXPECT_EQ(asked_for().size(), 2U);
  EXPECT_EQ(events(), (std::vector<std::string>(2, "not had on demand: the CA refused")));
}

TEST_F(OnDemandTest, OnlySoManyAreBegunInAnHour) {
  OnDemand on_demand = make({.names = {"*.a.test"}, .most_per_hour = 3});
  for (int i = 0; i < 10; ++i) ask(on_demand, "n" + std::to_string(i) + ".a.test");
  EXPECT_EQ(asked_for().size(), 3U);
  EXPECT_EQ(events(),
            std::vector<std::string>{"not had on demand: more than 3 new names in an hour"})
      << "told once, not for each";
  clock_.advance(minutes(60));
  EXPECT_TRUE(ask(on_demand, "n4.a.test"));
  EXPECT_EQ(asked_for().size(), 4U);
}

TEST_F(OnDemandTest, AllWhoAskForOneNameWaitForOneOrder) {
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  std::atomic<int> orders{0};
  OnDemand on_demand({.names = {"*.a.test"}},
                     [&](const std::string&) {
                       ++orders;
                       gone.wait();
                       return std::string();
                     },
                     clock_, {});
  std::atomic<int> told{0};
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(on_demand.want("x.a.test", [&] { ++told; }));
  }
  // A crowd is turned away at the door, not remembered.
  std::size_t let_in = 50;
  for (int i = 0; i < 1'000; ++i) {
    if (on_demand.want("n" + std::to_string(i) + ".a.test", [&] { ++told; })) ++let_in;
  }
  EXPECT_LE(let_in, OnDemand::kMostWaiters);
  EXPECT_LE(let_in, 50 + OnDemand::kMostNames);
  EXPECT_LE(orders, static_cast<int>(OnDemand::kMostAtOnce));
  go.set_value();
  on_demand.stop();
  EXPECT_EQ(told, static_cast<int>(let_in)) << "each is told, and once";
  EXPECT_FALSE(on_demand.want("y.a.test", [] {}));
}

// An order may take minutes, and who waited for it is long gone: of a name that everybody wants at
// once no more are kept than leave room for the others'.
TEST_F(OnDemandTest, ACrowdForOneNameKeepsNobodyFromAnother) {
  std::promise<void> go;
  const std::shared_future<void> may_go = go.get_future().share();
  OnDemand on_demand({.names = {"*.a.test"}},
                     [&](const std::string&) {
                       may_go.wait();
                       return std::string();
                     },
                     clock_, {});
  std::atomic<std::size_t> told = 0;
  const auto waiter = [&] { ++told; };
  std::size_t let_in = 0;
  for (std::size_t i = 0; i < OnDemand::kMostWaiters; ++i) {
    if (on_demand.want("crowded.a.test", waiter)) ++let_in;
  }
  EXPECT_EQ(let_in, OnDemand::kMostWaitersOfOne);
  EXPECT_TRUE(on_demand.want("other.a.test", waiter));
  go.set_value();
  on_demand.stop();
  EXPECT_EQ(told, let_in + 1);
}

TEST_F(OnDemandTest, APatternThatIsNoneIsAnErrorAtTheStart) {
  for (const char* pattern : {"nodot", "127.0.0.1", "a.*.test", "", "*.", "a b.test"}) {
    const auto error = thrown_error([&] { make({.names = {pattern}}); });
    ASSERT_TRUE(error) << pattern;
    EXPECT_EQ(error->code(), ErrorCode::config) << pattern;
  }
}

}  // namespace
}  // namespace autohttps
