#include <autohttps/acme/management/rollback.h>

#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using Lines = std::vector<std::string>;

class RollbackTest : public testing::Test {
 protected:
  RollbackTest() {
    for (int i = 0; i < 3; ++i) process_.obtain({"a.test"}, "none", i > 0);
  }
  std::optional<Error> refusal(std::optional<std::uint64_t> number,
                               const std::string& id = "a.test") {
    return thrown_error([&] { process_.manager.roll_back(id, number, {}, {}); });
  }
  std::uint64_t current() { return process_.certificates.current("a.test")->number; }

  IssuingWorld world_;
  IssuingProcess process_{world_};
};

TEST_F(RollbackTest, GoesToTheOneBeforeOrTheNamedOneAndRenewLeavesItThere) {
  const int requests = world_.ca.count();
  EXPECT_EQ(process_.manager.roll_back("a.test", {}, {}, {}).generation, 2u);
  EXPECT_EQ(current(), 2u);
  EXPECT_EQ(process_.renew("a.test").action, Outcome::Action::none);
  EXPECT_EQ(current(), 2u);
  process_.manager.roll_back("a.test", 1, {}, {});
  EXPECT_EQ(current(), 1u);
  process_.manager.roll_back("a.test", 3, {}, {});
  EXPECT_EQ(current(), 3u) << "forward is as good";
  EXPECT_EQ(world_.ca.count(), requests);
}

TEST_F(RollbackTest, RunsTheDeployHooksForWhatIsInPlaceNow) {
  CertificateSpec spec = world_.spec({"a.test"});
  spec.hooks.deploy = {"reload"};
  process_.manager.manage(spec);
  process_.renew("a.test");
  const Outcome outcome = process_.manager.roll_back("a.test", 1, {}, {});
  EXPECT_EQ(outcome.hooks.done, 1);
  EXPECT_EQ(process_.hooks.told(), (Lines{"deploy reload 3", "deploy reload 1"}));
  EXPECT_EQ(process_.hooks.calls.back().cause, "rollback");
}

TEST_F(RollbackTest, RefusesWhatMayNotBeInPlaceAndSaysWhichMay) {
  auto error = refusal(9);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(std::string(error->what()).find("no generation 9"), std::string::npos);
  EXPECT_NE(error->hint().find("1, 2"), std::string::npos) << error->hint();
  error = refusal(3);
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("already"), std::string::npos);
  EXPECT_TRUE(refusal({}, "nobody.test"));
  EXPECT_EQ(current(), 3u);
}

TEST_F(RollbackTest, RefusesTheExpired) {
  world_.clock.advance(days(89));
  process_.renew("a.test");
  world_.clock.advance(days(5));
  const auto error = refusal(1);
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("expired"), std::string::npos) << error->what();
  EXPECT_TRUE(refusal({})) << "none of the earlier ones is good";
  EXPECT_EQ(current(), 4u);
}

// What browsers refuse is no way back; and once it is in place all the same (it was revoked there),
// it stays known that it was, whatever came after it.
TEST_F(RollbackTest, RefusesTheRevoked) {
  const auto revoke = [&] {
    CertificateState state = process_.certificates.state("a.test");
    note_revoked(state, {process_.certificates.current("a.test")->key->fingerprint()});
    process_.certificates.put_state("a.test", state);
    process_.renew("a.test");
  };
  revoke();
  ASSERT_EQ(current(), 4u);
  revoke();
  ASSERT_EQ(current(), 5u);
  for (const std::uint64_t number : {3u, 4u}) {
    const auto error = refusal(number);
    ASSERT_TRUE(error) << number;
    EXPECT_NE(std::string(error->what()).find("revoked"), std::string::npos) << error->what();
    EXPECT_NE(error->hint().find("1, 2;"), std::string::npos) << error->hint();
  }
  EXPECT_EQ(process_.manager.roll_back("a.test", {}, {}, {}).generation, 2u);
}

TEST_F(RollbackTest, RefusesTheDamaged) {
  process_.store.put("certificates/a.test/generations/2/privkey.pem", "x",
                     Store::Survives::power_cut);
  const auto error = refusal(2);
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("not whole"), std::string::npos) << error->what();
  EXPECT_EQ(process_.manager.roll_back("a.test", {}, {}, {}).generation, 1u) << "passed over";
}

TEST_F(RollbackTest, RefusesWhatTheNextRenewalWouldUndo) {
  process_.obtain({"a.test", "b.test"});  // more names than the generations before have
  EXPECT_EQ(current(), 4u);
  const auto error = refusal(3);
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("b.test"), std::string::npos) << error->what();

  CertificateSpec spec = world_.spec({"a.test", "b.test"});
  spec.key_types = {KeyType::rsa2048};
  process_.manager.manage(spec);
  process_.renew("a.test");
  const auto other = refusal(4);
  ASSERT_TRUE(other);
  EXPECT_NE(std::string(other->what()).find("key type changed"), std::string::npos)
      << other->what();
}

TEST_F(RollbackTest, WaitsForNobodyWhoWorksOnIt) {
  const auto lock = process_.certificates.lock("a.test", world_.clock.steady(), {});
  EXPECT_EQ(refusal(1)->code(), ErrorCode::locked);
}

}  // namespace
}  // namespace autohttps::acme
