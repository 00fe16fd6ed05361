// What attempts do about DNS records that earlier ones left.
#include <autohttps/acme/store/cleanup_notes.h>

#include <autohttps/tests/support/issuing_process.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

class LeftoversTest : public testing::Test {
 protected:
  // Of a process that died.
  void leave(const std::string& id = "a.test") {
    MemoryStore store(world_.disk, world_.clock);
    CleanupNotes(store, id).put({"hook", id, "_acme-challenge." + id, "value"});
    world_.dns_hook.up.insert({"_acme-challenge." + id, "value"});
  }

  IssuingWorld world_;
};

TEST_F(LeftoversTest, F28_AreTakenDownBeforeTheNextAttemptAsksTheCa) {
  IssuingProcess process(world_);
  leave();
  std::size_t requests = 0;
  world_.dns_hook.before = [&](DnsAction, const CleanupNote&) {
    requests = static_cast<std::size_t>(world_.ca.count());
  };
  EXPECT_EQ(process.obtain({"a.test"}).action, Outcome::Action::issued);
  EXPECT_EQ(requests, 0U);
  EXPECT_TRUE(world_.dns_hook.up.empty());
  EXPECT_FALSE(process.store.get("certificates/a.test/cleanup.json"));
}

TEST_F(LeftoversTest, AreTakenDownByRenewAlthoughNothingIsDue) {
  IssuingProcess process(world_);
  process.obtain({"a.test"});
  EXPECT_EQ(process.renew("a.test").action, Outcome::Action::none);
  EXPECT_TRUE(world_.dns_hook.calls.empty());
  leave();
  EXPECT_EQ(process.renew("a.test").action, Outcome::Action::none);
  EXPECT_TRUE(world_.dns_hook.up.empty());
}

TEST_F(LeftoversTest, F52_ThatCannotBeTakenDownAreToldAndHoldNothingBack) {
  IssuingProcess process(world_);
  leave();
  world_.dns_hook.replies["cleanup"] = {HookReply::End::failed, 1, "exit 1", "no"};
  EXPECT_EQ(process.obtain({"a.test"}).action, Outcome::Action::issued);
  EXPECT_TRUE(std::ranges::any_of(process.events, [](const Event& event) {
    return event.level == Event::Level::warning &&
           event.text.find("could not remove") != std::string::npos;
  }));
  process.renew("a.test");  // its back-off holds
  EXPECT_EQ(world_.dns_hook.calls.size(), 1U);
  world_.clock.advance(std::chrono::minutes(1));
  process.renew("a.test");
  EXPECT_EQ(world_.dns_hook.calls.size(), 2U);
}

}  // namespace
}  // namespace autohttps::acme
