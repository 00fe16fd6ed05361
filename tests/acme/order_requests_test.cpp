// What an order may be asked for besides names: a replacement, a profile, a key, the user's own
// request, a chain.
#include <autohttps/acme/issuance/chain_choice.h>
#include <autohttps/acme/issuance/csr.h>
#include <autohttps/acme/protocol/certificate_identifier.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/test_csr.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

class MemoryJournal final : public OrderJournal {
 public:
  std::optional<Pending> load() override { return pending; }
  void save(const Pending& now) override { pending = now; }
  void clear() override { pending.reset(); }
  std::optional<Pending> pending;
};

class NoBudget final : public Budget {
 public:
  void spend(Spend, const std::vector<Identifier>&, std::stop_token) override { ++spent; }
  int spent = 0;
};

class OrderRequestsTest : public testing::Test {
 protected:
  IssueRequest request(const std::vector<std::string>& names = {"a.test"}) const {
    IssueRequest request;
    request.certificate = names.front();
    request.names = parse_identifiers(names);
    return request;
  }
  Bundle issue(const IssueRequest& request) {
    CertificateSpec spec = world_.spec({"a.test"});
    spec.names = request.names;
    return process_.issuers.issuer(spec, spec.cas.front(), budget_)->issue(request, journal_, {});
  }
  // As the manager does once a bundle is saved.
  Bundle issue_and_keep(const IssueRequest& request) {
    Bundle bundle = issue(request);
    journal_.clear();
    return bundle;
  }
  std::optional<Error> failure(const IssueRequest& request) {
    return thrown_error([&] { issue(request); });
  }
  int count(Operation operation) const { return world_.ca.count(operation); }
  std::vector<std::string> orders() const {
    std::vector<std::string> payloads;
    for (const SeenRequest& seen : world_.ca.requests()) {
      if (seen.operation == Operation::new_order) payloads.push_back(seen.payload);
    }
    return payloads;
  }
  bool was_told(Event::Level level, const std::string& words) const {
    return std::any_of(process_.events.begin(), process_.events.end(), [&](const Event& event) {
      return event.level == level && event.text.find(words) != std::string::npos;
    });
  }

  IssuingWorld world_;
  IssuingProcess process_{world_};
  MemoryJournal journal_;
  NoBudget budget_;
};

using ReplacesTest = OrderRequestsTest;
using ProfileTest = OrderRequestsTest;
using UserRequestTest = OrderRequestsTest;
using PreferredChainTest = OrderRequestsTest;

// RFC 9773 5.
TEST_F(ReplacesTest, IsSentWhereTheCaGivesRenewalInformation) {
  world_.ca.behaviour().renewal_information = true;
  IssueRequest next = request();
  next.replaces = certificate_identifier(issue_and_keep(request()).chain_pem);
  issue(next);
  EXPECT_NE(orders().back().find("\"replaces\":\"" + *next.replaces), std::string::npos);
  EXPECT_EQ(orders().size(), 2u);
}

TEST_F(ReplacesTest, IsNotSentWhereItDoesNot) {
  IssueRequest next = request();
  next.replaces = "aki.serial";
  issue(next);
  EXPECT_EQ(orders().back().find("replaces"), std::string::npos);
}

TEST_F(ReplacesTest, ARefusalIsToldAndTheOrderMadeWithoutOnce) {
  world_.ca.behaviour().renewal_information = true;
  const std::string id = *certificate_identifier(issue_and_keep(request()).chain_pem);
  IssueRequest next = request();
  next.replaces = id;
  issue_and_keep(next);
  issue_and_keep(next);  // 409 alreadyReplaced, and then without
  EXPECT_EQ(orders().size(), 4u);
  EXPECT_TRUE(was_told(Event::Level::step, "alreadyReplaced"));
  for (const int status : {403, 404, 400}) {
    world_.ca.clear_rules();
    world_.ca.rule(Operation::new_order, count(Operation::new_order) + 1,
                   Action::problem(status == 403 ? "unauthorized" : "malformed", status));
    EXPECT_NO_THROW(issue_and_keep(next)) << status;
  }
  next.replaces = "AAAA.AAAA";  // of no certificate the CA knows
  EXPECT_NO_THROW(issue_and_keep(next));
}

TEST_F(ReplacesTest, OtherRefusalsAreNotAboutIt) {
  world_.ca.behaviour().renewal_information = true;
  IssueRequest next = request();
  next.replaces = "AAAA.AAAA";
  for (const auto& [type, status] :
       {std::pair{"rateLimited", 429}, {"rejectedIdentifier", 400}, {"serverInternal", 503}}) {
    const int before = count(Operation::new_order);
    world_.ca.clear_rules();
    world_.ca.rule(Operation::new_order, 0, Action::problem(type, status));
    EXPECT_TRUE(failure(next));
    EXPECT_EQ(count(Operation::new_order), before + 1) << type;
  }
}

TEST_F(ProfileTest, OneThatTheCaHasIsOrdered) {
  world_.ca.behaviour().profiles = {{"classic", "c"}, {"shortlived", "s"}};
  IssueRequest wish = request();
  wish.profile = "classic";
  issue(wish);
  EXPECT_NE(orders().back().find(R"("profile":"classic")"), std::string::npos);
}

TEST_F(ProfileTest, OneThatItHasNotIsSaidBeforeAnOrderIsMade) {
  IssueRequest wish = request();
  wish.profile = "long";
  auto error = failure(wish);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(std::string(error->what()).find("none at all"), std::string::npos) << error->what();
  world_.clock.advance(std::chrono::hours(25));  // the directory is read once a day
  world_.ca.behaviour().profiles = {{"classic", "c"}, {"shortlived", "s"}};
  error = failure(wish);
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("classic, shortlived"), std::string::npos);
  EXPECT_EQ(count(Operation::new_order), 0);
  EXPECT_EQ(budget_.spent, 1) << "the account's, and no order's";
}

// Let's Encrypt certifies IP addresses by this profile only.
TEST_F(ProfileTest, AnAddressTakesShortlivedByItselfWhereItIsOffered) {
  world_.ca.behaviour().profiles = {{"classic", "c"}, {"shortlived", "s"}};
  issue_and_keep(request({"192.0.2.1", "a.test"}));
  EXPECT_NE(orders().back().find(R"("profile":"shortlived")"), std::string::npos);
  EXPECT_TRUE(was_told(Event::Level::step, "shortlived"));
  issue_and_keep(request({"a.test"}));
  EXPECT_EQ(orders().back().find("profile"), std::string::npos);
  IssueRequest wish = request({"192.0.2.1"});
  wish.profile = "classic";
  issue_and_keep(wish);
  EXPECT_NE(orders().back().find(R"("profile":"classic")"), std::string::npos);
}

TEST_F(ProfileTest, AnAddressAtACaWithoutProfilesAsksForNone) {
  issue(request({"192.0.2.1"}));
  EXPECT_EQ(orders().back().find("profile"), std::string::npos);
}

TEST_F(OrderRequestsTest, AKeyIsUsedAgain) {
  const std::string key = issue_and_keep(request()).key_pem;
  IssueRequest next = request();
  next.key_pem = key;
  EXPECT_EQ(issue_and_keep(next).key_pem, key);
  EXPECT_FALSE(issue_and_keep(request()).key_pem == key) << "a new one unless asked for";
}

TEST_F(OrderRequestsTest, AnOrderUnderWayWithAnotherKeyIsNotTakenUp) {
  issue(request());  // its journal is left
  IssueRequest next = request();
  next.key_pem = PrivateKey::generate(KeyType::ec256).to_pem();
  EXPECT_EQ(issue(next).key_pem, *next.key_pem);
  EXPECT_EQ(orders().size(), 2u);
}

TEST_F(UserRequestTest, IsFinalizedWithAndItsKeyNeverSeen) {
  const PrivateKey key = PrivateKey::generate(KeyType::rsa2048);
  IssueRequest wish = request({"a.test", "b.test"});
  wish.csr_der = make_csr(key, wish.names);
  wish.key_type = KeyType::rsa2048;
  const Bundle bundle = issue(wish);
  EXPECT_EQ(bundle.key_pem, request_pem(*wish.csr_der));
  const auto certificate = CertifiedKey::from_pem(bundle.chain_pem, bundle.key_pem);
  EXPECT_EQ(certificate->key(), key);
  EXPECT_TRUE(is_elsewhere(certificate->key()));
  EXPECT_TRUE(certificate->serves("b.test"));
}

TEST_F(UserRequestTest, OfOtherNamesIsRefusedBeforeAnythingIsAsked) {
  IssueRequest wish = request({"a.test"});
  wish.csr_der =
      make_csr(PrivateKey::generate(KeyType::ec256), parse_identifiers({"a.test", "b.test"}));
  const auto error = failure(wish);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(std::string(error->what()).find("b.test"), std::string::npos);
  EXPECT_EQ(world_.ca.count(), 0);
}

TEST_F(UserRequestTest, AnOrderUnderWayIsTakenUpForTheSameRequestOnly) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  IssueRequest wish = request();
  wish.csr_der = make_csr(key, wish.names);
  world_.ca.rule(Operation::certificate, 1, Action::lose_reply());
  EXPECT_TRUE(failure(wish));
  EXPECT_EQ(issue(wish).key_pem, request_pem(*wish.csr_der));
  EXPECT_EQ(orders().size(), 1u);
  wish.csr_der = make_csr(PrivateKey::generate(KeyType::ec256), wish.names);
  EXPECT_EQ(issue(wish).key_pem, request_pem(*wish.csr_der));
  EXPECT_EQ(orders().size(), 2u);
}

TEST_F(PreferredChainTest, IsTakenFromTheAlternates) {
  world_.ca.behaviour().alternates = 2;
  world_.ca.behaviour().alternate_name = "Other";
  IssueRequest wish = request();
  wish.preferred_chain = "other root";
  EXPECT_EQ(chain_issuers(issue(wish).chain_pem).back(), "Other Root");
  EXPECT_EQ(count(Operation::certificate), 2) << "no more than needed";
}

TEST_F(PreferredChainTest, TheCasOwnChoiceIsNotLookedBeyond) {
  world_.ca.behaviour().alternates = 2;
  IssueRequest wish = request();
  wish.preferred_chain = "Scripted Root";
  issue(wish);
  EXPECT_EQ(count(Operation::certificate), 1);
}

TEST_F(PreferredChainTest, AnIssuerWithinTheChainWillDo) {
  IssueRequest wish = request();
  wish.preferred_chain = "Scripted Intermediate";
  EXPECT_NO_THROW(issue(wish));
  EXPECT_FALSE(was_told(Event::Level::warning, "offers no chain"));
}

TEST_F(PreferredChainTest, NoneOfThatNameIsAWarningAndTheCasOwnChoice) {
  world_.ca.behaviour().alternates = 1;
  IssueRequest wish = request();
  wish.preferred_chain = "Nobody's Root";
  EXPECT_EQ(chain_issuers(issue(wish).chain_pem).back(), "Scripted Root");
  EXPECT_TRUE(was_told(Event::Level::warning, "Nobody's Root"));
}

TEST_F(PreferredChainTest, BrokenAlternatesCostNothing) {
  const std::vector<std::pair<const char*, Action>> cases = {
      {"gone", Action::problem("malformed", 404)},
      {"busy", Action::problem("rateLimited", 429)},
      {"cut", Action::lose_reply()},
      {"no chain", Action::change_body([](const std::string&) { return std::string("x"); })},
      {"another type", Action::change_headers(
                           [](Action::Headers& headers) { headers.front().second = "text/html"; })},
      {"another key's", Action::change_body([this](const std::string&) {
         const PrivateKey other = PrivateKey::generate(KeyType::ec256);
         CertificatePlan plan;
         plan.names = parse_identifiers({"a.test"});
         plan.not_before = world_.clock.wall();
         plan.not_after = plan.not_before + std::chrono::hours(24);
         const CertificateIssuer issuer(world_.clock.wall(), "Other");
         return issuer.leaf(other.handle(), plan) + issuer.intermediate();
       })}};
  world_.ca.behaviour().alternates = 1;
  world_.ca.behaviour().alternate_name = "Other";
  for (const auto& [name, action] : cases) {
    SCOPED_TRACE(name);
    process_.events.clear();
    world_.ca.clear_rules();
    world_.ca.rule(Operation::certificate, count(Operation::certificate) + 2, action);
    IssueRequest wish = request();
    wish.preferred_chain = "Other Root";
    EXPECT_EQ(chain_issuers(issue_and_keep(wish).chain_pem).back(), "Scripted Root");
    EXPECT_TRUE(was_told(Event::Level::warning, "passed over"));
  }
}

TEST_F(OrderRequestsTest, F10_AnOrdersOwnLimitSaysWhenInItsWords) {
  world_.ca.behaviour().finalize_fails = {"rateLimited",
                                          "too many, retry after 2027-01-15 12:00:00 UTC: see"};
  const auto error = failure(request());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::rate_limited);
  ASSERT_TRUE(error->retry_at());
  EXPECT_LE(*error->retry_at(), world_.clock.wall() + std::chrono::hours(24));
  EXPECT_GT(*error->retry_at(), world_.clock.wall());
}

}  // namespace
}  // namespace autohttps::acme
