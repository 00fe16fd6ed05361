// RFC 9773 against a real CA: windows that its management interface sets, and what orders replace.
#include <autohttps/tests/integration/program_on_pebble.h>

#include <gtest/gtest.h>

namespace autohttps {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;

class RenewalInfoOnPebble : public testing::Test {
 protected:
  static std::string chain(const ProgramOnPebble& here) {
    return contents(here.current("a.test") / "fullchain.pem");
  }
  static Json renewal_info(const ProgramOnPebble& here) {
    const ChildResult result = here.run(Words{"status", "--json"} + here.on_store());
    return json_of(result)["certificates"][0]["key_types"][0]["renewal_info"];
  }
};

TEST_F(RenewalInfoOnPebble, APastWindowRenewsNowAndTheOrderIsTakenAsAReplacement) {
  AUTOHTTPS_NEEDS_PEBBLE(2, 8);
  const ProgramOnPebble here({.version = pebble_at_least(2, 8)});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::string before = here.stored("a.test")->serial();
  const auto now = system_clock::now();
  here.pebble.set_renewal_window(chain(here), now - hours(48), now - hours(24),
                                 "https://example.com/why");
  const ChildResult renewed = here.renew();
  ASSERT_EQ(renewed.exit_code, 0) << said(renewed);
  EXPECT_NE(renewed.err.find("https://example.com/why"), std::string::npos) << said(renewed);
  EXPECT_NE(here.stored("a.test")->serial(), before);
  const ChildResult history = here.run(Words{"history", "a.test"} + here.on_store());
  EXPECT_NE(history.out.find("the CA suggests it"), std::string::npos) << said(history);
  EXPECT_EQ(here.renew({"--json"}).exit_code, 0);
  EXPECT_EQ(here.run(Words{"rollback", "a.test", "1"} + here.on_store()).exit_code, 0);

  // It was replaced, which the CA knows: the order is placed once more without saying so.
  const ChildResult again = here.renew({"--force"});
  EXPECT_EQ(again.exit_code, 0) << said(again);
  EXPECT_NE(again.err.find("ordering without"), std::string::npos) << said(again);
}

TEST_F(RenewalInfoOnPebble, AFutureWindowIsWaitedFor) {
  AUTOHTTPS_NEEDS_PEBBLE(2, 8);
  const ProgramOnPebble here({.version = pebble_at_least(2, 8)});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const auto start = std::chrono::floor<std::chrono::seconds>(system_clock::now()) + hours(100);
  here.pebble.set_renewal_window(chain(here), start, start + hours(10));
  const ChildResult result = here.renew({"--json"});
  EXPECT_EQ(json_of(result)["action"], "none") << said(result);
  const Json info = renewal_info(here);
  ASSERT_TRUE(info.is_object());
  const std::string chosen = info["chosen"];
  EXPECT_GE(chosen, info["start"].get<std::string>());
  EXPECT_LE(chosen, info["end"].get<std::string>());
  EXPECT_EQ(json_of(result)["certificates"][0]["next_attempt"], chosen) << said(result);
  here.renew();
  EXPECT_EQ(renewal_info(here)["chosen"], chosen) << "kept, and not asked for again";
}

TEST_F(RenewalInfoOnPebble, AMalformedOneIsNoFailure) {
  AUTOHTTPS_NEEDS_PEBBLE(2, 8);
  const ProgramOnPebble here({.version = pebble_at_least(2, 8)});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  here.pebble.set_renewal_info(chain(here), "{not JSON");
  const ChildResult result = here.renew();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out + result.err, "") << "from cron nothing is said of it";
  const Json info = renewal_info(here);
  ASSERT_TRUE(info.is_object());
  EXPECT_NE(info["trouble"], "");
  EXPECT_TRUE(info["chosen"].is_null());
}

class RenewalInfoOnEachPebble : public OnEachPebble {};

TEST_P(RenewalInfoOnEachPebble, WhatEachSuggestsIsKeptAndRenewedByForce) {
  const ProgramOnPebble here({.version = version()});
  ASSERT_EQ(here.obtain({"a.test"}).exit_code, 0);
  const std::string before = here.stored("a.test")->serial();
  EXPECT_EQ(here.renew().exit_code, 0);
  EXPECT_EQ(here.stored("a.test")->serial(), before);
  const ChildResult forced = here.renew({"--force"});
  EXPECT_EQ(forced.exit_code, 0) << said(forced);
  EXPECT_EQ(forced.err.find("ordering without"), std::string::npos) << said(forced);
  EXPECT_NE(here.stored("a.test")->serial(), before);
}

AUTOHTTPS_ON_EACH_PEBBLE(RenewalInfoOnEachPebble);

}  // namespace
}  // namespace autohttps
