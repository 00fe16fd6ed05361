// RELIABILITY F24: names that do not resolve, the CA's and ours.
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/tests/support/issuing_process.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

using std::chrono::minutes;
using Kind = Outcome::Action;

// The CA's own name resolves every third time only: that costs the attempts in between, and it
// neither a request too many nor a second account.
TEST(F24_Dns, ACaThatResolvesNowAndThenIsReachedInTheEnd) {
  IssuingWorld world;
  IssuingProcess process(world);
  process.manager.manage(world.spec({"a.test"}, "letsencrypt"));
  for (int i = 1; i < 90; i += 3) {
    world.ca.rule(Operation::directory, i, Action::not_reached(), 2);
    world.ca.rule(Operation::new_order, i, Action::not_reached(), 2);
  }
  int attempts = 0;
  for (Kind action = Kind::none; action != Kind::issued; ++attempts) {
    ASSERT_LT(attempts, 20);
    const Outcome outcome = process.renew("a.test");
    action = outcome.action;
    if (action == Kind::issued) continue;
    EXPECT_EQ(outcome.error->code(), ErrorCode::network) << outcome.text;
    EXPECT_LE(*outcome.next_attempt, world.clock.wall() + minutes(5));
    world.clock.set_wall(*outcome.next_attempt);
  }
  EXPECT_GE(attempts, 2);
  EXPECT_EQ(world.ca.accounts(), 1u);
  EXPECT_EQ(world.ca.certificates().size(), 1u);
}

// What the CA's resolver says of our name, in Let's Encrypt's words.
TEST(F24_Dns, ANameTheCaCannotResolveIsToldWithWhatToLookAt) {
  for (const char* detail :
       {"DNS problem: NXDOMAIN looking up A for a.test - check that a DNS record exists for this "
        "domain",
        "DNS problem: SERVFAIL looking up A for a.test - the domain's nameservers may be "
        "malfunctioning",
        "DNS problem: query timed out looking up AAAA for a.test"}) {
    IssuingWorld world;
    IssuingProcess process(world);
    world.reachable = false;
    world.ca.rule(Operation::authorization, 0, Action::change_body([&](const std::string& body) {
                    Json json = parse_json(body, "authorization");
                    for (Json& challenge : json["challenges"]) {
                      if (!challenge.contains("error")) continue;
                      challenge["error"]["type"] = "urn:ietf:params:acme:error:dns";
                      challenge["error"]["detail"] = detail;
                    }
                    return json.dump();
                  }));
    const Outcome outcome = process.obtain({"a.test"}, "letsencrypt");
    EXPECT_EQ(outcome.action, Kind::failed);
    EXPECT_EQ(outcome.error->code(), ErrorCode::validation);
    EXPECT_NE(outcome.text.find(detail), std::string::npos) << outcome.text;
    EXPECT_NE(outcome.error->hint().find("A, AAAA"), std::string::npos) << outcome.error->hint();
    world.reachable = true;
    world.ca.clear_rules();
    world.clock.set_wall(*outcome.next_attempt);
    EXPECT_EQ(process.renew("a.test").action, Kind::issued) << "I8";
  }
}

}  // namespace
}  // namespace autohttps::acme
