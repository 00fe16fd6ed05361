#include <autohttps/acme/store/on_demand_mark.h>
#include <autohttps/tests/server/auto_https_fixture.h>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

class OnDemandCertificatesTest : public AutoHttpsTest {
 protected:
  bool is_refused(const std::string& name) {
    try {
      served(name);
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }
  // As one that had been got on demand, by a server that is no longer there.
  void add_marked(const std::string& id, const TestChain& chain) {
    acme::mark_on_demand(others_store_, id, clock_.wall() - 2h);
    write_wish(id, {id});
    add(id, {id}, chain);
  }
  TestChain ending(const std::string& name, std::chrono::hours from_now) {
    const WallTime end = clock_.wall() + from_now;
    return ca_.leaf(TestLeafPlan{.names = {name}, .not_before = end - 90 * 24h, .not_after = end});
  }
  bool is_wished(const std::string& id) { return other_process_.has_wish(id); }
};

TEST_F(OnDemandCertificatesTest, TheFirstHandshakeForANameGetsItsCertificate) {
  on_demand_.names = {"*.shops.test"};
  make({"a.test"});
  start();
  ASSERT_TRUE(told("a.test", "serves generation 1"));
  TestConnection client = TestConnection::tls(site_->https_port(), "b.shops.test");
  EXPECT_EQ(client.fingerprint(), stored("b.shops.test"));
  EXPECT_EQ(client.get("/hello", "b.shops.test").body, "hi");
  EXPECT_EQ(served("b.shops.test"), stored("b.shops.test"));
  EXPECT_EQ(authority_.count(Operation::new_order), 2) << "one for each name";
  EXPECT_TRUE(is_refused("b.elsewhere.test"));
  EXPECT_TRUE(is_refused("shops.test"));
  EXPECT_EQ(authority_.count(Operation::new_order), 2);
  EXPECT_TRUE(acme::on_demand_since(others_store_, "b.shops.test"));
  EXPECT_FALSE(acme::on_demand_since(others_store_, "a.test"));
}

TEST_F(OnDemandCertificatesTest, ACrowdForOneNameCostsOneOrder) {
  on_demand_.names = {"*.shops.test"};
  make({});
  start();
  std::atomic<int> right{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < 20; ++i) {
    crowd.emplace_back([&] {
      if (!served("b.shops.test").empty()) ++right;
    });
  }
  for (std::thread& one : crowd) one.join();
  EXPECT_EQ(right, 20);
  EXPECT_EQ(authority_.count(Operation::new_order), 1);
}

TEST_F(OnDemandCertificatesTest, WhatTheCaRefusesLeavesNothingBehind) {
  on_demand_.names = {"*.shops.test"};
  authority_.rule(Operation::new_order, 0, Action::problem("rejectedIdentifier", 400));
  make({});
  start();
  EXPECT_TRUE(is_refused("b.shops.test"));
  EXPECT_TRUE(is_refused("b.shops.test"));
  EXPECT_EQ(authority_.count(Operation::new_order), 1) << "not tried again for an hour";
  EXPECT_FALSE(is_wished("b.shops.test"));
  EXPECT_TRUE(told("b.shops.test", "not had on demand"));
}

TEST_F(OnDemandCertificatesTest, ACertificateWhoseNameIsNoLongerPermittedIsNotRenewed) {
  add_marked("gone.shops.test", ending("gone.shops.test", 10 * 24h));
  add_marked("stays.shops.test", ending("stays.shops.test", 80 * 24h));
  on_demand_.permits = [](const std::string&) { return false; };
  make({});
  start();
  EXPECT_TRUE(told("gone.shops.test", "removed: its name is no longer permitted"));
  EXPECT_FALSE(is_wished("gone.shops.test"));
  EXPECT_TRUE(is_wished("stays.shops.test")) << "asked when it is due, not before";
}

TEST_F(OnDemandCertificatesTest, WhatHasRunOutOrNeverCameGoes) {
  add_marked("old.shops.test", ending("old.shops.test", -48h));
  acme::mark_on_demand(others_store_, "half.shops.test", clock_.wall() - 2h);
  write_wish("half.shops.test", {"half.shops.test"});
  acme::mark_on_demand(others_store_, "young.shops.test", clock_.wall());
  write_wish("young.shops.test", {"young.shops.test"});
  write_wish("wished.test", {"wished.test"});
  authority_.rule(Operation::directory, 0, Action::not_reached());
  on_demand_.names = {"*.shops.test"};
  make({});
  start();
  EXPECT_TRUE(told("old.shops.test", "removed: it could not be renewed, and has run out"));
  while (is_wished("half.shops.test")) std::this_thread::yield();
  EXPECT_TRUE(is_wished("young.shops.test")) << "somebody may be getting it";
  EXPECT_TRUE(is_wished("wished.test")) << "somebody wishes for it";
}

TEST_F(OnDemandCertificatesTest, WhoCannotBeAskedTakesNothingAway) {
  add_marked("b.shops.test", ending("b.shops.test", 10 * 24h));
  on_demand_.permits = [](const std::string&) -> bool { throw std::runtime_error("not there"); };
  make({});
  start();
  EXPECT_TRUE(told("b.shops.test", "still to be had on demand? not there"));
  EXPECT_TRUE(is_wished("b.shops.test"));
}

}  // namespace
}  // namespace autohttps
