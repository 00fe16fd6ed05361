#include <autohttps/acme/store/file_store.h>
#include <autohttps/acme/store/published_answers.h>
#include <autohttps/common/certificate_builder.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/temporary_folder.h>
#include <autohttps/tests/support/test_certificates.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
// RFC 8555 8.3's example.
constexpr const char* kToken = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
constexpr const char* kKeyAuthorization =
    "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";

std::vector<std::string> hostile_tokens() {
  return {"",
          "../../../../etc/passwd",
          "../accounts/ca/default/key.pem",
          "..%2f..%2f..%2fetc%2fpasswd",
          std::string("LoqXcYV8q5ONbJQxbmR7\0SCT", 24),
          "$(touch /tmp/owned)0000",
          "LoqXcYV8q5ONbJQxbmR7/a",
          ".LoqXcYV8q5ONbJQxbmR7",
          "LoqXcYV8q5ONbJQxbmR7\n",
          "short",
          std::string(10'000, 'a')};
}

class PublishedAnswersTest : public testing::Test {
 protected:
  ManualClock clock_;
  MemoryStore store_{clock_};
  PublishedAnswers answers_{store_, clock_};
};

TEST_F(PublishedAnswersTest, EveryProcessOnTheStoreCanAnswer) {
  answers_.publish(kToken, kKeyAuthorization);
  MemoryStore other(store_.disk(), clock_);
  EXPECT_EQ(PublishedAnswers(other, clock_).key_authorization(kToken), kKeyAuthorization);
  answers_.withdraw(kToken);
  EXPECT_FALSE(PublishedAnswers(other, clock_).key_authorization(kToken));
}

TEST(PublishedAnswersOnFilesTest, AServerAnswersForTheTestStoreBelowItsOwn) {
  TemporaryFolder folder;
  ManualClock clock;
  const auto store = open_file_store(folder / "store", clock);
  const auto staging = open_file_store(folder / "store" / "staging", clock);
  PublishedAnswers of_staging(*staging, clock);
  of_staging.publish(kToken, kKeyAuthorization);
  EXPECT_EQ(PublishedAnswers(*store, clock).key_authorization(kToken), kKeyAuthorization);
  of_staging.withdraw(kToken);
  EXPECT_FALSE(PublishedAnswers(*store, clock).key_authorization(kToken));
}

TEST_F(PublishedAnswersTest, OnlyLiveTokensAnswer) {
  EXPECT_FALSE(answers_.key_authorization(kToken));
  answers_.publish(kToken, kKeyAuthorization);
  clock_.advance(minutes(59));
  EXPECT_TRUE(answers_.key_authorization(kToken));
  clock_.advance(minutes(2));
  EXPECT_FALSE(answers_.key_authorization(kToken));
}

TEST_F(PublishedAnswersTest, AClockThatIsSetBackDoesNotSilenceThem) {
  answers_.publish(kToken, kKeyAuthorization);
  clock_.jump_wall(-minutes(61));
  EXPECT_TRUE(answers_.key_authorization(kToken));
  clock_.jump_wall(-hours(48));
  EXPECT_FALSE(answers_.key_authorization(kToken)) << "a wrong clock does not keep them for ever";
}

TEST_F(PublishedAnswersTest, SweepingRemovesTheExpiredAndTheDamaged) {
  answers_.publish("expired0expired0", "x");
  clock_.advance(hours(2));
  answers_.publish(kToken, kKeyAuthorization);
  store_.disk()->write("challenges/http-01/damaged0damaged0", "{");
  answers_.sweep();
  EXPECT_EQ(store_.list("challenges/http-01"), std::vector<std::string>{kToken});
  EXPECT_TRUE(answers_.key_authorization(kToken));
}

TEST_F(PublishedAnswersTest, DamagedIsNoAnswer) {
  for (const char* text : {"", "{", "[]", R"({"key_authorization": "x"})", R"({"expires": 7})",
                           R"({"key_authorization": 7, "expires": "2027-01-15T08:30:00Z"})"}) {
    store_.disk()->write(std::string("challenges/http-01/") + kToken, text);
    EXPECT_FALSE(answers_.key_authorization(kToken)) << text;
  }
}

TEST_F(PublishedAnswersTest, ADyingDiskIsNoReasonToThrowWhileCleaningUp) {
  answers_.publish(kToken, kKeyAuthorization);
  store_.fail_from_to(1, 100);
  answers_.withdraw(kToken);
  clock_.advance(hours(2));
  answers_.sweep();
  EXPECT_FALSE(answers_.key_authorization(kToken));
}

// Key and certificate of the kind that TLS-ALPN-01 is answered with.
struct AlpnAnswer {
  PrivateKey key = PrivateKey::generate(KeyType::ec256);
  std::string certificate;
  std::string fingerprint;
  AlpnAnswer(const std::string& name, WallTime now) {
    CertificatePlan plan;
    plan.names = {Identifier::parse(name)};
    plan.not_before = now - hours(1);
    plan.not_after = now + hours(1);
    certificate = build_certificate(plan, key);
    fingerprint = CertifiedKey::from_pem(certificate, key.to_pem())->fingerprint();
  }
};

class PublishedAlpnAnswersTest : public PublishedAnswersTest {
 protected:
  std::string publish(const std::string& name) {
    const AlpnAnswer answer(name, clock_.wall());
    answers_.publish_tls_alpn(name, answer.key.to_pem(), answer.certificate);
    return answer.fingerprint;
  }
  std::string served(const std::string& name) {
    MemoryStore other(store_.disk(), clock_);
    const auto key = PublishedAnswers(other, clock_).tls_alpn(name);
    return key ? key->fingerprint() : "";
  }
};

TEST_F(PublishedAlpnAnswersTest, EveryProcessOnTheStoreCanAnswer) {
  const std::string fingerprint = publish("a.test");
  EXPECT_EQ(served("a.test"), fingerprint);
  EXPECT_EQ(store_.list("challenges/tls-alpn-01"), std::vector<std::string>{"a.test.pem"});
  EXPECT_EQ(served("b.test"), "");
  answers_.withdraw_tls_alpn("a.test");
  EXPECT_EQ(served("a.test"), "");
}

TEST_F(PublishedAlpnAnswersTest, TheyExpireWithTheirCertificate) {
  const std::string fingerprint = publish("a.test");
  clock_.advance(minutes(59));
  EXPECT_EQ(served("a.test"), fingerprint);
  clock_.advance(minutes(2));
  EXPECT_EQ(served("a.test"), "");
  clock_.jump_wall(-hours(48));
  EXPECT_EQ(served("a.test"), "") << "a wrong clock does not keep them for ever";
}

TEST_F(PublishedAlpnAnswersTest, TheLongestNamesHaveOneToo) {
  std::string longest;
  for (int i = 0; i < 3; ++i) longest += std::string(63, 'a') + ".";
  longest += std::string(61, 'b');
  ASSERT_EQ(longest.size(), 253U);
  std::string sibling = longest;
  sibling.back() = 'c';
  const std::string fingerprint = publish(longest);
  EXPECT_EQ(served(longest), fingerprint);
  EXPECT_EQ(served(sibling), "");
}

TEST_F(PublishedAlpnAnswersTest, SweepingRemovesTheExpiredAndTheDamaged) {
  publish("old.test");
  clock_.advance(hours(2));
  publish("new.test");
  store_.disk()->write("challenges/tls-alpn-01/damaged.test.pem", "-----BEGIN CERTIFICATE-----");
  answers_.sweep();
  EXPECT_EQ(store_.list("challenges/tls-alpn-01"), std::vector<std::string>{"new.test.pem"});
}

TEST_F(PublishedAlpnAnswersTest, DamagedIsNoAnswer) {
  const AlpnAnswer one("a.test", clock_.wall());
  const AlpnAnswer other("a.test", clock_.wall());
  for (const std::string& text :
       {std::string(), std::string("junk"), one.key.to_pem(), one.certificate,
        other.key.to_pem() + one.certificate, one.key.to_pem() + one.certificate + "junk",
        one.key.to_pem() + one.certificate + std::string(20'000, '\n')}) {
    store_.disk()->write("challenges/tls-alpn-01/a.test.pem", text);
    EXPECT_EQ(served("a.test"), "") << text;
  }
}

// A CA's hello has a name and nothing that tells two orders apart.
TEST_F(PublishedAlpnAnswersTest, WhoProvesANameHoldsOthersOffUntilItIsDone) {
  auto first = answers_.lock_tls_alpn("a.test", {});
  EXPECT_TRUE(answers_.lock_tls_alpn("b.test", {}));
  MemoryStore other(store_.disk(), clock_);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(thrown_error(
      [&] { PublishedAnswers(other, clock_).lock_tls_alpn("a.test", stop.get_token()); }));
  first.reset();
  EXPECT_TRUE(PublishedAnswers(other, clock_).lock_tls_alpn("a.test", {}));
}

TEST(PublishedAlpnAnswersOnFilesTest, AServerAnswersForTheTestStoreBelowItsOwn) {
  TemporaryFolder folder;
  ManualClock clock;
  const auto store = open_file_store(folder / "store", clock);
  const auto staging = open_file_store(folder / "store" / "staging", clock);
  const AlpnAnswer answer("a.test", clock.wall());
  PublishedAnswers(*staging, clock)
      .publish_tls_alpn("a.test", answer.key.to_pem(), answer.certificate);
  const auto served = PublishedAnswers(*store, clock).tls_alpn("a.test");
  ASSERT_TRUE(served);
  EXPECT_EQ(served->fingerprint(), answer.fingerprint);
}

TEST(F21_HostileTokens, NamesThatAreNoneReachNoPath) {
  TemporaryFolder folder;
  ManualClock clock;
  const auto store = open_file_store(folder / "store", clock);
  PublishedAnswers answers(*store, clock);
  folder.write("store/challenges/evil.pem", "secret");
  const auto files = [&] {
    return std::distance(std::filesystem::recursive_directory_iterator(folder.path()), {});
  };
  const auto before = files();
  for (const std::string& name :
       {std::string(), std::string("../evil"), std::string("a/../../evil"), std::string("*.a.test"),
        std::string(".a.test"), std::string("A.TEST"), std::string("a.test\n"),
        std::string("a\0b.test", 8), std::string(300, 'a'), std::string("a b.test"),
        std::string("\xc3\xa4.test")}) {
    EXPECT_THROW(answers.publish_tls_alpn(name, "key", "certificate"), Error) << name;
    EXPECT_THROW(answers.lock_tls_alpn(name, {}), Error) << name;
    EXPECT_FALSE(answers.tls_alpn(name)) << name;
    answers.withdraw_tls_alpn(name);
  }
  EXPECT_EQ(files(), before);
}

TEST(F21_HostileTokens, NothingIsWrittenOutside) {
  TemporaryFolder folder;
  ManualClock clock;
  const auto store = open_file_store(folder / "store", clock);
  PublishedAnswers answers(*store, clock);
  folder.write("store/accounts/ca/default/key.pem", "secret");
  const auto files = [&] {
    return std::distance(std::filesystem::recursive_directory_iterator(folder.path()), {});
  };
  const auto before = files();
  for (const std::string& token : hostile_tokens()) {
    EXPECT_THROW(answers.publish(token, "x"), Error) << token;
    EXPECT_FALSE(answers.key_authorization(token)) << token;
    answers.withdraw(token);
  }
  EXPECT_EQ(files(), before);
  EXPECT_EQ(folder.read("store/accounts/ca/default/key.pem"), "secret");
}

TEST(F21_HostileTokens, TheMessageDoesNotRepeatThem) {
  ManualClock clock;
  MemoryStore store(clock);
  for (const std::string& token : hostile_tokens()) {
    try {
      PublishedAnswers(store, clock).publish(token, "x");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::protocol);
      EXPECT_LT(std::string(error.what()).size(), 200U);
    }
  }
}

}  // namespace
}  // namespace autohttps::acme
