#include <autohttps/acme/store/certificate_state.h>
#include <autohttps/common/error.h>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace autohttps::acme {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

TEST(CertificateStateTest, ReadsWhatItWrote) {
  CertificateState state;
  state.failures = 3;
  state.last_attempt = kNow;
  state.last_success = kNow - std::chrono::hours(24);
  state.next_attempt = kNow + std::chrono::minutes(100);
  state.next_reason = "back-off after 3 failures";
  state.binding = true;
  state.last_failure = Failure{kNow, "rateLimited", "too \"many\"\n\x1b[2J", "wait"};
  state.jitter = 0.1234567890123;
  const CertificateState read = parse_certificate_state(to_json_text(state));
  EXPECT_EQ(read.failures, 3);
  EXPECT_EQ(read.last_attempt, state.last_attempt);
  EXPECT_EQ(read.last_success, state.last_success);
  EXPECT_EQ(read.next_attempt, state.next_attempt);
  EXPECT_EQ(read.next_reason, state.next_reason);
  EXPECT_TRUE(read.binding);
  ASSERT_TRUE(read.last_failure);
  EXPECT_EQ(read.last_failure->at, kNow);
  EXPECT_EQ(read.last_failure->code, "rateLimited");
  EXPECT_EQ(read.last_failure->text, state.last_failure->text);
  EXPECT_EQ(read.last_failure->hint, "wait");
  EXPECT_EQ(read.jitter, state.jitter);
}

TEST(CertificateStateTest, ReadsAFreshOneAndMembersOfALaterVersion) {
  const CertificateState fresh = parse_certificate_state(to_json_text(CertificateState()));
  EXPECT_EQ(fresh.failures, 0);
  EXPECT_FALSE(fresh.last_attempt || fresh.next_attempt || fresh.last_failure || fresh.jitter);
  EXPECT_EQ(parse_certificate_state(R"({"failures": 2, "ari": {"start": 1}})").failures, 2);
}

TEST(CertificateStateTest, WritesForeignTextWithBrokenUtf8) {
  CertificateState state;
  state.last_failure = Failure{kNow, "x", "\xff\xfe", ""};
  EXPECT_TRUE(parse_certificate_state(to_json_text(state)).last_failure);
}

TEST(CertificateStateTest, FailuresNeverOverflow) {
  EXPECT_EQ(parse_certificate_state(R"({"failures": 9000000000000000000})").failures, 1'000'000);
}

TEST(CertificateStateTest, RefusesAnythingOdd) {
  for (const char* text : {"",
                           "{",
                           "[]",
                           "null",
                           R"({"failures": -1})",
                           R"({"failures": "3"})",
                           R"({"failures": 1.5})",
                           R"({"failures": 18446744073709551615})",
                           R"({"last_attempt": "yesterday"})",
                           R"({"last_attempt": 7})",
                           R"({"binding": 1})",
                           R"({"jitter": 1.5})",
                           R"({"jitter": -0.1})",
                           R"({"jitter": "0"})",
                           R"({"last_failure": 7})",
                           R"({"last_failure": {}})",
                           R"({"revoked": 7})",
                           R"({"revoked": ["ab12"]})",
                           R"({"revoked": [{"sha256": 7}]})",
                           R"({"last_failure": {"at": "2026-11-24T07:30:20Z"}})"}) {
    EXPECT_THROW(parse_certificate_state(text), Error) << text;
  }
}

TEST(CertificateStateTest, KeepsWhatTheCaSuggestsAndWhatWasRevoked) {
  CertificateState state;
  RenewalAdvice advice;
  advice.certificate = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
  advice.start = WallTime(std::chrono::seconds(1'800'000'000));
  advice.end = WallTime(std::chrono::seconds(1'800'100'000));
  advice.pick = WallTime(std::chrono::seconds(1'800'050'000));
  advice.next_poll = WallTime(std::chrono::seconds(1'790'000'000));
  advice.explanation = "https://ca.test/why";
  advice.failures = 3;
  advice.trouble = "the CA is not reached";
  state.advice = advice;
  note_revoked(state, {"ab12", false});
  note_revoked(state, {"cd34", true});
  note_revoked(state, {"ab12", false});
  const CertificateState read = parse_certificate_state(to_json_text(state));
  ASSERT_TRUE(read.advice);
  EXPECT_EQ(read.advice->certificate, advice.certificate);
  EXPECT_EQ(read.advice->start, advice.start);
  EXPECT_EQ(read.advice->end, advice.end);
  EXPECT_EQ(read.advice->pick, advice.pick);
  EXPECT_EQ(read.advice->next_poll, advice.next_poll);
  EXPECT_EQ(read.advice->explanation, advice.explanation);
  EXPECT_EQ(read.advice->failures, 3);
  EXPECT_EQ(read.advice->trouble, advice.trouble);
  EXPECT_EQ(read.revoked, (std::vector<RevokedCertificate>{{"ab12", false}, {"cd34", true}}));
  EXPECT_EQ(parse_certificate_state(R"({"revoked": "ab12"})").revoked,
            (std::vector<RevokedCertificate>{{"ab12", false}}))
      << "as it was written once";
  for (int i = 0; i < 1000; ++i) note_revoked(state, {std::to_string(i), false});
  EXPECT_EQ(state.revoked.size(), 10u);
  EXPECT_EQ(state.revoked.back().fingerprint, "999");
  EXPECT_FALSE(parse_certificate_state("{}").advice) << "as before it was known";
}

}  // namespace
}  // namespace autohttps::acme
