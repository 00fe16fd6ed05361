// Two key types of one certificate: each with an order, a plan and a failure of its own.
#include <autohttps/acme/management/publisher.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/pair_fixture.h>
#include <autohttps/tests/support/recording_sink.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using Kind = Outcome::Action;

autohttps::Action refused() {
  return autohttps::Action::problem("serverInternal", 500, "as the test wants it");
}

using PairsTest = PairFixture;

TEST_F(PairsTest, BothAreObtainedOneAfterTheOtherIntoOneGeneration) {
  const Outcome outcome = obtain(pair());
  EXPECT_EQ(outcome.action, Kind::issued) << outcome.text;
  ASSERT_EQ(outcome.parts.size(), 2u);
  EXPECT_EQ(outcome.parts[0].action, Kind::issued);
  EXPECT_EQ(outcome.parts[1].action, Kind::issued);
  EXPECT_EQ(orders(), 2);
  EXPECT_EQ(world_.ca.accounts(), 1u);

  const auto generation = current();
  ASSERT_TRUE(generation);
  EXPECT_EQ(generation->number, outcome.generation);
  EXPECT_EQ(generation->key->key().type(), kEc) << "the wish's first lies in the folder itself";
  ASSERT_EQ(generation->further.size(), 1u);
  const std::string folder =
      "certificates/a.test/generations/" + std::to_string(generation->number);
  const std::vector<std::string> keys = world_.disk->keys();
  for (const char* file : {"fullchain.pem", "chain.pem", "cert.pem", "privkey.pem", "meta.json"}) {
    EXPECT_EQ(std::ranges::count(keys, folder + "/rsa2048/" + file), 1) << file;
  }
  EXPECT_EQ(CertificateStore::credentials("a.test", *generation)->keys.size(), 2u);
  EXPECT_FALSE(process_.certificates.pending("a.test"));
  EXPECT_FALSE(process_.certificates.pending("a.test", kRsa));
  EXPECT_EQ(renew().action, Kind::none);
  EXPECT_EQ(orders(), 2);
}

TEST_F(PairsTest, AKeyTypeThatIsAddedIsOrderedWithoutRenewingTheOther) {
  obtain(pair("none", {kEc}));
  const std::string ec = fingerprint(kEc);
  world_.clock.advance(days(30));
  const Outcome outcome = obtain(pair());
  EXPECT_EQ(outcome.action, Kind::renewed) << outcome.text;
  EXPECT_EQ(outcome.parts[0].action, Kind::none);
  EXPECT_EQ(outcome.parts[1].action, Kind::issued);
  EXPECT_EQ(current()->part(kRsa)->meta.cause, "key type added");
  EXPECT_EQ(fingerprint(kEc), ec);

  // Each is due at its own time, and takes the other along.
  const std::string rsa = fingerprint(kRsa);
  world_.clock.advance(days(31));
  EXPECT_EQ(renew().action, Kind::renewed);
  EXPECT_NE(fingerprint(kEc), ec);
  EXPECT_EQ(fingerprint(kRsa), rsa);
  EXPECT_EQ(orders(), 3);
}

TEST_F(PairsTest, AKeyTypeThatIsTakenOutGoesWithTheNextGeneration) {
  obtain(pair());
  EXPECT_EQ(obtain(pair("none", {kRsa})).action, Kind::none) << "nothing is renewed for it";
  EXPECT_NE(fingerprint(kEc), "");
  world_.clock.advance(days(61));
  EXPECT_EQ(renew().action, Kind::renewed);
  EXPECT_EQ(fingerprint(kEc), "");
  EXPECT_EQ(current()->key->key().type(), kRsa);
  EXPECT_TRUE(current()->further.empty());
}

TEST_F(PairsTest, TheFailureOfTheFirstHoldsTheSecondBackInNothing) {
  world_.ca.rule(Operation::new_order, 1, refused());
  const Outcome outcome = obtain(pair());
  EXPECT_EQ(outcome.action, Kind::failed);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.parts[0].action, Kind::failed);
  EXPECT_EQ(outcome.parts[1].action, Kind::issued);
  EXPECT_EQ(outcome.generation, current()->number);
  EXPECT_NE(fingerprint(kRsa), "");
  EXPECT_EQ(process_.certificates.state("a.test").failures, 1);
  EXPECT_EQ(process_.certificates.state("a.test", kRsa).failures, 0);

  EXPECT_EQ(renew().action, Kind::deferred) << "its own back-off holds it";
  world_.clock.set_wall(*process_.certificates.state("a.test").next_attempt);
  const std::string rsa = fingerprint(kRsa);
  EXPECT_EQ(renew().action, Kind::renewed);
  EXPECT_NE(fingerprint(kEc), "");
  EXPECT_EQ(fingerprint(kRsa), rsa);
  EXPECT_EQ(current()->key->key().type(), kEc) << "the first is back in its place";
}

TEST_F(PairsTest, TheFailureOfTheSecondHoldsTheFirstBackInNothing) {
  obtain(pair());
  const std::string ec = fingerprint(kEc), rsa = fingerprint(kRsa);
  world_.clock.advance(days(61));
  world_.ca.rule(Operation::new_order, 4, refused());
  const Outcome outcome = renew();
  EXPECT_EQ(outcome.action, Kind::failed);
  EXPECT_EQ(outcome.parts[0].action, Kind::renewed);
  EXPECT_EQ(outcome.parts[1].action, Kind::failed);
  EXPECT_NE(fingerprint(kEc), ec);
  EXPECT_EQ(fingerprint(kRsa), rsa) << "the old one goes on being served";
  EXPECT_EQ(process_.certificates.state("a.test").failures, 0);
  EXPECT_EQ(process_.certificates.state("a.test", kRsa).failures, 1);
  EXPECT_EQ(process_.certificates.state("a.test", kRsa).last_failure->code, "serverInternal");
  world_.clock.set_wall(*process_.certificates.state("a.test", kRsa).next_attempt);
  EXPECT_EQ(renew().action, Kind::renewed);
  EXPECT_NE(fingerprint(kRsa), rsa);
}

TEST_F(PairsTest, AnExpiredOneIsNotCarriedOn) {
  obtain(pair());
  world_.clock.advance(days(91));
  world_.ca.rule(Operation::new_order, 4, refused());
  renew();
  EXPECT_NE(fingerprint(kEc), "");
  EXPECT_EQ(fingerprint(kRsa), "");
}

TEST_F(PairsTest, OnlyOneOfAKindIsTaken) {
  const CertificateSpec spec = pair("none", {kEc, KeyType::ec384});
  EXPECT_THROW(parse_certificate_spec("a.test", to_json_text(spec)), Error);
}

// As Let's Encrypt does: the order that one type left pending is given to the other.
TEST_F(PairsTest, APendingOrderThatComesBackIsTakenFromTheOther) {
  world_.ca.behaviour().reuse_orders = true;
  world_.ca.rule(Operation::authorization, 1, autohttps::Action::not_reached());
  const Outcome outcome = obtain(pair());
  EXPECT_EQ(outcome.parts[0].action, Kind::failed);
  EXPECT_EQ(outcome.parts[1].action, Kind::issued) << outcome.text;
  EXPECT_EQ(world_.ca.orders(), 1u) << "it was the same order";
  EXPECT_FALSE(process_.certificates.pending("a.test")) << "and it is nobody's any more";
  world_.clock.advance(minutes(2));
  EXPECT_EQ(renew().action, Kind::renewed);
  EXPECT_NE(fingerprint(kEc), "");
  EXPECT_NE(fingerprint(kRsa), "");
  EXPECT_EQ(world_.ca.certificates().size(), 2u);
}

// As a power cut between the two brings it back.
TEST_F(PairsTest, AnOrderThatWasFinishedWithTheOthersKeyIsOrderedAnew) {
  world_.ca.behaviour().reuse_orders = true;
  world_.ca.rule(Operation::authorization, 1, autohttps::Action::not_reached());
  process_.manager.manage(pair());
  std::optional<Pending> left;
  world_.ca.rule(Operation::new_order, 2, autohttps::Action::before([&] {
                   MemoryStore store(world_.disk, world_.clock);
                   left = CertificateStore(store).pending("a.test");
                 }));
  obtain(pair());
  ASSERT_TRUE(left);
  process_.certificates.put_pending("a.test", *left);
  world_.clock.advance(minutes(2));
  const Outcome outcome = renew();
  EXPECT_EQ(outcome.action, Kind::renewed) << outcome.text;
  EXPECT_EQ(process_.certificates.state("a.test").failures, 0);
  EXPECT_EQ(world_.ca.certificates().size(), 2u);
}

TEST_F(PairsTest, RollingBackBringsBothBack) {
  obtain(pair());
  const std::string ec = fingerprint(kEc), rsa = fingerprint(kRsa);
  const std::uint64_t number = current()->number;
  obtain(pair(), true);
  ASSERT_NE(fingerprint(kRsa), rsa);
  process_.manager.roll_back("a.test", number, {}, {});
  EXPECT_EQ(fingerprint(kEc), ec);
  EXPECT_EQ(fingerprint(kRsa), rsa);
}

TEST_F(PairsTest, HalfAPairIsNothingToRollBackTo) {
  world_.ca.rule(Operation::new_order, 2, refused());
  obtain(pair());
  const std::uint64_t half = current()->number;
  world_.clock.advance(minutes(2));
  renew();
  EXPECT_THROW(process_.manager.roll_back("a.test", half, {}, {}), Error);
}

TEST_F(PairsTest, APlanGoesWithItsTypeWhenTheOrderOfTheWishChanges) {
  world_.ca.rule(Operation::new_order, 1,
                 autohttps::Action::problem("rateLimited", 429, "too many", {"3600"}));
  obtain(pair());
  ASSERT_TRUE(process_.certificates.state("a.test").binding);
  process_.manager.manage(pair("none", {kRsa, kEc}));
  EXPECT_FALSE(process_.certificates.state("a.test").binding);
  EXPECT_TRUE(process_.certificates.state("a.test", kEc).binding);
  EXPECT_EQ(renew().action, Kind::deferred);
  EXPECT_EQ(orders(), 2);
}

TEST_F(PairsTest, ADamagedPartIsHadAgainAndTheOtherServedMeanwhile) {
  obtain(pair());
  const std::string folder =
      "certificates/a.test/generations/" + std::to_string(current()->number) + "/rsa2048";
  world_.disk->write(folder + "/fullchain.pem", "");
  EXPECT_NE(current()->damage, "");
  RecordingSink served;
  Publisher publisher(process_.certificates, served, {});
  publisher.publish({"a.test"});
  ASSERT_TRUE(served.find("a.test"));
  EXPECT_EQ(served.find("a.test")->keys.size(), 1u);

  const std::string ec = fingerprint(kEc);
  EXPECT_EQ(renew().action, Kind::renewed);
  EXPECT_EQ(fingerprint(kEc), ec);
  EXPECT_NE(fingerprint(kRsa), "");
  publisher.publish({"a.test"});
  EXPECT_EQ(served.find("a.test")->keys.size(), 2u);
}

TEST_F(PairsTest, TheBudgetOfADayIsEachTypesOwn) {
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(obtain(pair("letsencrypt"), true).error);
  const Outcome outcome = obtain(pair("letsencrypt"), true);
  EXPECT_EQ(outcome.action, Kind::deferred);
  EXPECT_EQ(outcome.error->code(), ErrorCode::rate_limited);
  EXPECT_EQ(world_.ca.certificates().size(), 4u);
}

}  // namespace
}  // namespace autohttps::acme
