#include <autohttps/acme/issuance/order_issuer.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class MemoryJournal final : public OrderJournal {
 public:
  std::optional<Pending> load() override { return pending; }
  void save(const Pending& now) override {
    pending = now;
    ++saves;
  }
  void clear() override { pending.reset(); }

  std::optional<Pending> pending;
  int saves = 0;
};

class CountingBudget final : public Budget {
 public:
  void spend(Spend kind, const std::vector<Identifier>&, std::stop_token) override {
    spent.push_back(kind);
  }
  int count(Spend kind) const {
    return static_cast<int>(std::count(spent.begin(), spent.end(), kind));
  }
  std::vector<Spend> spent;
};

class OrderIssuerTest : public testing::Test {
 protected:
  Bundle issue(const std::vector<std::string>& names = {"a.test"}, std::stop_token stop = {}) {
    IssueRequest request;
    request.certificate = names.front();
    request.names = parse_identifiers(names);
    CertificateSpec spec = world_.spec(names);
    return process_.issuers.issuer(spec, spec.cas.front(), budget_)
        ->issue(request, journal_, std::move(stop));
  }
  std::optional<Error> failure(const std::vector<std::string>& names = {"a.test"}) {
    return thrown_error([&] { issue(names); });
  }
  int count(Operation operation) const { return world_.ca.count(operation); }

  IssuingWorld world_;
  IssuingProcess process_{world_};
  MemoryJournal journal_;
  CountingBudget budget_;
};

TEST_F(OrderIssuerTest, BringsACertificateForEveryNameAndTakesItsAnswersDown) {
  const Bundle bundle = issue({"a.test", "b.test"});
  const auto key = CertifiedKey::from_pem(bundle.chain_pem, bundle.key_pem);
  EXPECT_TRUE(key->serves("a.test"));
  EXPECT_TRUE(key->serves("b.test"));
  EXPECT_EQ(bundle.ca, world_.ca.directory_url());
  EXPECT_EQ(process_.answers_up(), 0u);
  EXPECT_EQ(budget_.spent, (std::vector{Budget::Spend::new_account, Budget::Spend::new_order,
                                        Budget::Spend::certificate}));
}

TEST_F(OrderIssuerTest, WaitsForNothingThatIsThereAlready) {
  issue();
  EXPECT_LE(world_.clock.elapsed(), milliseconds(60));
  // directory, nonce, account, order, authorization, response, poll, finalize, order, certificate.
  EXPECT_LE(world_.ca.count(), 10);
}

TEST_F(OrderIssuerTest, ResponsesOfAllNamesAreOutBeforeTheFirstPoll) {
  world_.ca.behaviour().validation_polls = 2;
  issue({"a.test", "b.test", "c.test"});
  int responses = 0, polls_before = 0, fetches = 0;
  for (const SeenRequest& request : world_.ca.requests()) {
    if (request.operation == Operation::challenge) ++responses;
    if (request.operation == Operation::authorization && ++fetches > 3 && responses < 3) {
      ++polls_before;
    }
  }
  EXPECT_EQ(responses, 3);
  EXPECT_EQ(polls_before, 0);
}

TEST_F(OrderIssuerTest, TheJournalHoldsOrderAndKeyBeforeTheCaIsToldToLook) {
  world_.ca.rule(Operation::challenge, 1, Action::before([&] {
                   ASSERT_TRUE(journal_.pending);
                   EXPECT_FALSE(journal_.pending->order_url.empty());
                   EXPECT_NO_THROW(PrivateKey::from_pem(journal_.pending->key_pem));
                 }));
  const Bundle bundle = issue();
  EXPECT_EQ(journal_.pending->key_pem, bundle.key_pem);
  EXPECT_TRUE(journal_.pending) << "the caller clears it once the bundle is saved";
}

TEST_F(OrderIssuerTest, AnUnreachablePortIsTheNamesFaultAndEveryFailedNameIsReported) {
  world_.reachable = false;
  try {
    issue({"a.test", "b.test"});
    FAIL();
  } catch (const ProblemError& error) {
    EXPECT_EQ(error.code(), ErrorCode::validation);
    EXPECT_EQ(error.problem().subproblems.size(), 2u);
    EXPECT_NE(std::string(error.what()).find("a.test: "), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("b.test: "), std::string::npos) << error.what();
    EXPECT_FALSE(error.hint().empty());
  }
  EXPECT_EQ(budget_.count(Budget::Spend::failed_validation), 1);
  EXPECT_FALSE(journal_.pending);
  EXPECT_EQ(process_.answers_up(), 0u);
}

TEST_F(OrderIssuerTest, OneFailedNameIsNamedWithItsProblem) {
  world_.reachable = false;
  const auto error = failure();
  ASSERT_TRUE(error);
  EXPECT_EQ(std::string(error->what()).find("validating a.test"), 0u) << error->what();
  EXPECT_NE(std::string(error->what()).find("(the CA tried 192.0.2.1 port 80)"), std::string::npos)
      << error->what();
}

TEST_F(OrderIssuerTest, WildcardsAreRefusedBeforeAnythingIsAsked) {
  const auto error = failure({"*.a.test"});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_EQ(world_.ca.count(), 0);
}

TEST_F(OrderIssuerTest, TermsThatAreNotAgreedToAreShown) {
  CertificateSpec spec = world_.spec({"a.test"});
  spec.cas.front().terms_agreed = false;
  const auto error = thrown_error([&] {
    process_.issuers.issuer(spec, spec.cas.front(), budget_)
        ->issue({"a.test", spec.names, spec.key_types.front(), {}}, journal_, {});
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(error->hint().find("https://ca.test/terms"), std::string::npos) << error->hint();
  EXPECT_NE(error->hint().find("--agree-tos"), std::string::npos);
  EXPECT_EQ(count(Operation::new_account), 0);
}

TEST_F(OrderIssuerTest, StopsAtOnceWhenTold) {
  std::stop_source stop;
  world_.ca.rule(Operation::authorization, 2, Action::before([&] { stop.request_stop(); }));
  world_.ca.behaviour().validation_polls = 1000;
  const auto error = thrown_error([&] { issue({"a.test"}, stop.get_token()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::canceled);
  EXPECT_TRUE(journal_.pending) << "the order is taken up next time";
  EXPECT_EQ(process_.answers_up(), 0u);
}

TEST_F(OrderIssuerTest, AnotherKeyTypeOrOtherNamesOrderAnew) {
  issue({"a.test"});
  issue({"a.test", "b.test"});
  EXPECT_EQ(count(Operation::new_order), 2);
}

TEST_F(OrderIssuerTest, OrderNotReadyIsPolledAndFinalizedAgain) {
  world_.ca.rule(Operation::finalize, 1, Action::problem("orderNotReady", 403));
  issue();
  EXPECT_EQ(count(Operation::finalize), 2);
  EXPECT_EQ(budget_.count(Budget::Spend::certificate), 1);
}

TEST_F(OrderIssuerTest, FinalizeMayTakeItsTime) {
  world_.ca.behaviour().finalize_polls = 15;
  issue();
  EXPECT_EQ(count(Operation::finalize), 1);
}

TEST_F(OrderIssuerTest, OneLostPollCostsNothing) {
  world_.ca.behaviour().validation_polls = 3;
  world_.ca.rule(Operation::authorization, 3, Action::not_reached());
  issue();
  EXPECT_EQ(count(Operation::new_order), 1);
}

TEST_F(OrderIssuerTest, RetryAfterOfOrderAndAuthorizationIsObeyed) {
  world_.ca.behaviour().validation_polls = 1;
  world_.ca.behaviour().authorization_retry_after = {"5"};
  issue();
  EXPECT_GE(world_.clock.elapsed(), seconds(5));
  EXPECT_LE(world_.clock.elapsed(), seconds(15));
}

TEST_F(OrderIssuerTest, TheFirstPollWaitsAsTheAnswerToTheResponseAsksAndNoLonger) {
  const auto asks_to_wait = [](Action::Headers& headers) {
    headers.emplace_back("retry-after", "3");
  };
  world_.ca.rule(Operation::challenge, 0, Action::change_headers(asks_to_wait), 100);
  world_.ca.behaviour().validation_polls = 1;  // else the answer itself says valid
  world_.ca.behaviour().authorization_retry_after = {"3"};
  issue({"a.test", "b.test"});
  EXPECT_GE(world_.clock.elapsed(), seconds(6));
  EXPECT_LE(world_.clock.elapsed(), seconds(7));
  EXPECT_EQ(count(Operation::authorization), 6);  // each once before, and twice after
}

// --- by number ---

TEST(F1_BadNonces, HalfOfThemAreSurvivedWithinTheBudgetOfRequests) {
  IssuingWorld world;
  IssuingProcess process(world);
  for (int nth = 1; nth < 60; nth += 2) {
    for (const Operation operation :
         {Operation::new_account, Operation::new_order, Operation::authorization,
          Operation::challenge, Operation::finalize, Operation::order, Operation::certificate}) {
      world.ca.rule(operation, nth, Action::bad_nonce());
    }
  }
  EXPECT_EQ(process.obtain({"a.test", "b.test"}).action, Outcome::Action::issued);
  EXPECT_LE(world.ca.count(), 40 + 2 * 12);
}

TEST(F2_BadNonceForEver, EndsAfter16TriesOfOneRequest) {
  IssuingWorld world;
  IssuingProcess process(world);
  world.ca.rule(Operation::new_order, 0, Action::bad_nonce());
  const Outcome outcome = process.obtain({"a.test"});
  EXPECT_EQ(outcome.action, Outcome::Action::failed);
  EXPECT_EQ(world.ca.count(Operation::new_order), 16);
}

TEST_F(OrderIssuerTest, F4_ReusedAuthorizationsAreNotAnsweredAgain) {
  world_.ca.behaviour().reuse_authorizations = true;
  issue();
  journal_.clear();
  const int responses = count(Operation::challenge);
  issue();
  EXPECT_EQ(count(Operation::challenge), responses);
  EXPECT_EQ(count(Operation::new_order), 2);
}

TEST_F(OrderIssuerTest, F7_AForgottenAccountIsRegisteredAgainWithTheSameKeyOnce) {
  issue();
  journal_.clear();
  const auto before = AccountStore(process_.store, world_.ca.directory_url(), "default").load();
  world_.ca.forget_accounts();
  issue();
  const auto after = AccountStore(process_.store, world_.ca.directory_url(), "default").load();
  EXPECT_TRUE(before->key == after->key);
  EXPECT_NE(before->url, after->url);
  EXPECT_EQ(budget_.count(Budget::Spend::new_account), 2);
}

TEST_F(OrderIssuerTest, F7_ACaThatForgetsAtEveryRequestIsNotRegisteredWithForEver) {
  world_.ca.rule(Operation::new_order, 0, Action::problem("accountDoesNotExist", 400));
  ASSERT_TRUE(failure());
  EXPECT_LE(count(Operation::new_account), 2);
  EXPECT_LE(budget_.count(Budget::Spend::new_account), 2);
}

TEST_F(OrderIssuerTest, F8_AForgottenAccountThatShowsAs500IsFound) {
  issue();
  journal_.clear();
  world_.ca.forget_accounts();
  world_.ca.rule(Operation::new_order, 2, Action::problem("serverInternal", 500));
  EXPECT_FALSE(failure());
}

TEST_F(OrderIssuerTest, F8_A500ThatIsNotAboutTheAccountRegistersNothing) {
  issue();
  journal_.clear();
  world_.ca.rule(Operation::new_order, 2, Action::problem("serverInternal", 500));
  EXPECT_TRUE(failure());
  EXPECT_EQ(budget_.count(Budget::Spend::new_account), 1);
  EXPECT_EQ(world_.ca.accounts(), 1u);
}

TEST_F(OrderIssuerTest, F9_ADeactivatedAccountStopsAndSaysSo) {
  issue();
  journal_.clear();
  world_.ca.deactivate_accounts();
  const auto error = failure();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::refused);
  EXPECT_NE(std::string(error->what()).find("deactivated"), std::string::npos) << error->what();
  EXPECT_EQ(budget_.count(Budget::Spend::new_account), 1);
}

TEST_F(OrderIssuerTest, F10_ARetryAfterBeyondTheAttemptEndsItAndBindsTheNext) {
  world_.ca.behaviour().validation_polls = 5;
  world_.ca.behaviour().authorization_retry_after = {"1000000000000"};
  const auto error = failure();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::deferred);
  ASSERT_TRUE(error->retry_at());
  EXPECT_LE(*error->retry_at(), world_.clock.wall() + hours(24));
  EXPECT_TRUE(journal_.pending);
  EXPECT_LE(world_.clock.elapsed(), minutes(15));
}

TEST_F(OrderIssuerTest, F10_OddRetryAftersNeitherStickNorHammer) {
  for (const char* value : {"0", "-5", "junk", "", "Wed, 21 Oct 2015 07:28:00 GMT", "1e12"}) {
    world_.ca.behaviour().validation_polls = 3;
    world_.ca.behaviour().authorization_retry_after = {value};
    journal_.clear();
    const int before = world_.ca.count();
    EXPECT_FALSE(failure()) << value;
    EXPECT_LE(world_.ca.count() - before, 52) << value;
  }
}

TEST_F(OrderIssuerTest, F12_AnAuthorizationThatIsNeverDecidedEndsWithin15Minutes) {
  world_.ca.behaviour().validation_polls = 1'000'000;
  const auto error = failure();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::protocol);
  EXPECT_NE(std::string(error->what()).find("after 15 minutes"), std::string::npos)
      << error->what();
  EXPECT_LE(world_.clock.elapsed(), minutes(15));
  EXPECT_GE(world_.clock.elapsed(), minutes(13));
  EXPECT_LE(world_.ca.count(), 52);
  EXPECT_TRUE(journal_.pending);
}

TEST_F(OrderIssuerTest, F12_AnOrderThatProcessesForEverEndsWithin15Minutes) {
  world_.ca.behaviour().finalize_polls = 1'000'000;
  const auto error = failure();
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("processing after 15 minutes"), std::string::npos)
      << error->what();
  EXPECT_LE(world_.clock.elapsed(), minutes(15));
  EXPECT_LE(world_.ca.count(), 52);
  EXPECT_EQ(count(Operation::finalize), 1);
}

TEST_F(OrderIssuerTest, F13_AnOrderThatTurnsInvalidAfterReadyClearsTheJournalAndSaysWhy) {
  world_.ca.behaviour().finalize_fails = {"caa", "CAA says no"};
  const auto error = failure();
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("CAA says no"), std::string::npos) << error->what();
  EXPECT_FALSE(journal_.pending);
  world_.ca.behaviour().finalize_fails.reset();
  EXPECT_FALSE(failure());
}

TEST_F(OrderIssuerTest, F13_AnOrderThatExpiresWhileWaitingIsOrderedAnewNextTime) {
  world_.ca.behaviour().validation_polls = 10;
  world_.ca.rule(Operation::authorization, 4, Action::before([&] { world_.ca.expire_orders(); }));
  EXPECT_TRUE(failure());
  EXPECT_FALSE(failure());
  EXPECT_EQ(count(Operation::new_order), 2);
}

TEST_F(OrderIssuerTest, F14_ALostFinalizeIsLookedUpAndNothingIsBoughtTwice) {
  world_.ca.rule(Operation::finalize, 1, Action::lose_reply());
  issue();
  EXPECT_EQ(count(Operation::finalize), 1);
  EXPECT_EQ(count(Operation::new_order), 1);
  EXPECT_EQ(world_.ca.certificates().size(), 1u);
}

TEST_F(OrderIssuerTest, F14_ALostFinalizeAndADeadCaAreTakenUpByTheNextAttempt) {
  world_.ca.rule(Operation::finalize, 1, Action::lose_reply());
  world_.ca.rule(Operation::order, 1, Action::not_reached(), 3);
  const auto error = failure();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::network);
  ASSERT_TRUE(journal_.pending);
  const std::string key = journal_.pending->key_pem;
  EXPECT_EQ(issue().key_pem, key);
  EXPECT_EQ(count(Operation::new_order), 1);
  EXPECT_EQ(world_.ca.certificates().size(), 1u);
}

TEST_F(OrderIssuerTest, F14_AFinalizeThatNeverArrivedIsSentAgain) {
  world_.ca.rule(Operation::finalize, 1, Action::not_reached());
  issue();
  EXPECT_EQ(world_.ca.certificates().size(), 1u);
}

TEST_F(OrderIssuerTest, F14_ALostDownloadIsFetchedAgainFromTheSameOrder) {
  world_.ca.rule(Operation::certificate, 1, Action::lose_reply());
  ASSERT_TRUE(failure());
  EXPECT_FALSE(failure());
  EXPECT_EQ(world_.ca.certificates().size(), 1u);
}

TEST_F(OrderIssuerTest, F15_ALostNewAccountIsFoundByItsKey) {
  world_.ca.rule(Operation::new_account, 1, Action::lose_reply());
  ASSERT_TRUE(failure());
  issue();
  EXPECT_EQ(world_.ca.accounts(), 1u);
}

TEST_F(OrderIssuerTest, F15_ALostNewOrderIsOrderedAgain) {
  world_.ca.behaviour().reuse_orders = true;
  world_.ca.rule(Operation::new_order, 1, Action::lose_reply());
  ASSERT_TRUE(failure());
  issue();
  EXPECT_EQ(world_.ca.orders(), 1u);
}

TEST_F(OrderIssuerTest, F21_AHostileTokenGetsNoAnswer) {
  world_.ca.rule(Operation::authorization, 1, Action::change_body([](const std::string& body) {
                   std::string changed = body;
                   const auto at = changed.find("\"token\":\"") + 9;
                   return changed.replace(at, changed.find('"', at) - at,
                                          "../../../../etc/cron.d/x");
                 }));
  ASSERT_TRUE(failure());
  EXPECT_EQ(count(Operation::challenge), 0);
  EXPECT_EQ(process_.answers_up(), 0u);
}

}  // namespace
}  // namespace autohttps::acme
