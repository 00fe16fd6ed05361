#include <autohttps/acme/protocol/problem.h>

#include <autohttps/common/timestamps.h>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace autohttps::acme {
namespace {

constexpr char kProblemJson[] = "application/problem+json";

// RFC 8555 6.7.1's example.
constexpr char kCompound[] = R"({
    "type": "urn:ietf:params:acme:error:malformed",
    "detail": "Some of the identifiers requested were rejected",
    "subproblems": [
        {"type": "urn:ietf:params:acme:error:malformed",
         "detail": "Invalid underscore in DNS name \"_example.org\"",
         "identifier": {"type": "dns", "value": "_example.org"}},
        {"type": "urn:ietf:params:acme:error:rejectedIdentifier",
         "detail": "This CA will not issue for \"example.net\"",
         "identifier": {"type": "dns", "value": "example.net"}}
    ]})";

TEST(ProblemTest, ReadsTheExampleOfRfc8555) {
  const Problem problem = parse_problem(kCompound, kProblemJson, 403);
  EXPECT_EQ(problem.short_type(), "malformed");
  EXPECT_EQ(problem.status, 403);
  ASSERT_EQ(problem.subproblems.size(), 2U);
  EXPECT_EQ(problem.subproblems[0].identifier,
            std::nullopt);  // no name that a certificate can have
  EXPECT_EQ(problem.subproblems[1].identifier, (Identifier{Identifier::Type::dns, "example.net"}));
  EXPECT_EQ(problem.describe(),
            "malformed: Some of the identifiers requested were rejected [malformed: Invalid "
            "underscore in DNS "
            "name \"_example.org\"; example.net: rejectedIdentifier: This CA will not issue for "
            "\"example.net\"]");
}

TEST(ProblemTest, TheHttpStatusCountsNotTheDocuments) {
  EXPECT_EQ(parse_problem(R"({"type":"urn:ietf:params:acme:error:rateLimited","status":200})",
                          kProblemJson, 429)
                .status,
            429);
}

TEST(ProblemTest, ATypeOutsideTheAcmeNamespaceStaysWhole) {
  const Problem problem =
      parse_problem(R"({"type":"https://ca.test/odd","detail":"x"})", kProblemJson, 400);
  EXPECT_EQ(problem.short_type(), "https://ca.test/odd");
  EXPECT_EQ(problem.describe(), "https://ca.test/odd: x");
}

TEST(ProblemTest, WhatIsNoDocumentSaysSo) {
  EXPECT_EQ(parse_problem("<html>Bad gateway", "text/html", 502).describe(),
            "HTTP 502: text/html: \"<html>Bad gateway\"");
  EXPECT_EQ(parse_problem("", "", 500).describe(), "HTTP 500: no explanation");
  EXPECT_EQ(parse_problem("  \r\n", "text/plain", 500).describe(), "HTTP 500: no explanation");
  EXPECT_EQ(parse_problem("[1]", kProblemJson, 400).describe(),
            "HTTP 400: application/problem+json: \"[1]\"");
  EXPECT_EQ(parse_problem("{\"type\":", kProblemJson, 400).describe(),
            "HTTP 400: application/problem+json: \"{\"type\":\"");
  EXPECT_EQ(parse_problem("{}", kProblemJson, 404).describe(), "HTTP 404");
}

TEST(F22_HostileProblems, AreBoundedAndHarmless) {
  const std::string megabyte(1 << 19, 'x');
  std::string nested = R"({"type":"a"})";
  for (int i = 0; i < 20; ++i) nested = R"({"type":"a","subproblems":[)" + nested + "]}";
  std::string many = R"({"type":"a","subproblems":[)";
  for (int i = 0; i < 2000; ++i) many += R"({"type":"b","detail":"c"},)";
  many += R"({"type":"b"}]})";
  for (
      const std::string& body : {
          R"({"type":"x","detail":")" + megabyte + "\"}",
          R"({"type":")" + megabyte + "\"}",
          megabyte + megabyte + megabyte,
          nested,
          many,
          std::string(R"({"type":"a","detail":"\u001b[31mred\u0000\r\n\u202e"})"),
          std::string("{\"type\":\"a\",\"detail\":\"\xff\xfe\"}"),
          std::string(
              R"({"type":{"a":1},"detail":["x"],"status":"500","subproblems":{"a":1},"instance":7})"),
          std::string(
              R"({"type":"a","subproblems":[1,null,"x",[],{"identifier":5},{"identifier":{"value":7}}]})"),
          std::string(R"({"type":"a","type":"b"})"),
          std::string(R"({"type":"a","status":99999999999999999999})"),
          std::string(100000, '['),
          std::string("\0\1\2", 3),
          std::string("%s%n%s"),
      }) {
    const Problem problem = parse_problem(body, kProblemJson, 400);
    const ProblemError error(refusal_code(problem, false), "creating the order", problem);
    const std::string text = error.what();
    EXPECT_LT(text.size(), 8000U);
    EXPECT_LE(problem.subproblems.size(), 100U);
    EXPECT_EQ(text.find_first_of(std::string("\x1b\r\n\0", 4)), std::string::npos) << text;
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
    for (const Problem& sub : problem.subproblems) EXPECT_TRUE(sub.subproblems.empty());
  }
}

Problem of_type(const std::string& type, int status = 403) {
  Problem problem;
  problem.type = "urn:ietf:params:acme:error:" + type;
  problem.detail = "because";
  problem.status = status;
  return problem;
}

TEST(ProblemTest, TheCodeFollowsTypeAndStatus) {
  EXPECT_EQ(refusal_code(of_type("rateLimited", 400), false), ErrorCode::rate_limited);
  EXPECT_EQ(refusal_code(of_type("serverInternal", 503), false), ErrorCode::rate_limited);
  EXPECT_EQ(refusal_code(parse_problem("busy", "text/html", 429), false), ErrorCode::rate_limited);
  EXPECT_EQ(refusal_code(of_type("serverInternal", 500), false), ErrorCode::refused);
  EXPECT_EQ(refusal_code(of_type("unauthorized"), false), ErrorCode::refused);
  for (const char* type :
       {"connection", "dns", "unauthorized", "tls", "incorrectResponse", "caa"}) {
    EXPECT_EQ(refusal_code(of_type(type, 0), true), ErrorCode::validation) << type;
  }
  EXPECT_EQ(refusal_code(of_type("rejectedIdentifier", 0), true), ErrorCode::refused);
}

TEST(ProblemTest, TheMessageIsWhatWasDoneAndTheCasWords) {
  const ProblemError refused(ErrorCode::refused, "creating the order for \"a.test\"",
                             of_type("rejectedIdentifier"));
  EXPECT_STREQ(refused.what(),
               "creating the order for \"a.test\": the CA refused: rejectedIdentifier: because");
  const ProblemError failed(ErrorCode::validation, "validating \"a.test\"", of_type("dns"));
  EXPECT_STREQ(failed.what(), "validating \"a.test\": the CA was not satisfied: dns: because");
  EXPECT_NE(failed.hint(), "");
}

TEST(ProblemTest, UnauthorizedSpeaksOfTheAccountUnlessAChallengeFailed) {
  const ProblemError refused(ErrorCode::refused, "creating the order", of_type("unauthorized"));
  EXPECT_NE(refused.hint().find("account"), std::string::npos);
  const ProblemError failed(ErrorCode::validation, "validating", of_type("unauthorized"));
  EXPECT_NE(failed.hint().find("AAAA"), std::string::npos);
}

// RFC 8555 6.7, RFC 9773, the profiles draft.
TEST(ProblemTest, EveryTypeOfTheRfcsHasANextStep) {
  for (const char* type : {"accountDoesNotExist",
                           "alreadyRevoked",
                           "badCSR",
                           "badNonce",
                           "badPublicKey",
                           "badRevocationReason",
                           "badSignatureAlgorithm",
                           "caa",
                           "compound",
                           "connection",
                           "dns",
                           "externalAccountRequired",
                           "incorrectResponse",
                           "invalidContact",
                           "malformed",
                           "orderNotReady",
                           "rateLimited",
                           "rejectedIdentifier",
                           "serverInternal",
                           "tls",
                           "unauthorized",
                           "unsupportedContact",
                           "unsupportedIdentifier",
                           "userActionRequired",
                           "alreadyReplaced",
                           "invalidProfile",
                           "agreementRequired",
                           "conflict",
                           "unknownDelegation",
                           "onionCAARequired",
                           "autoRenewalCanceled",
                           "autoRenewalExpired",
                           "autoRenewalCancellationInvalid",
                           "autoRenewalRevocationNotSupported"}) {
    EXPECT_NE(hint_for(of_type(type)), "") << type;
    EXPECT_EQ(ProblemError(ErrorCode::refused, "asking", of_type(type)).hint().find('\n'),
              std::string::npos);
  }
  EXPECT_EQ(hint_for(of_type("somethingNew")), "");
  Problem paused = of_type("rateLimited", 429);
  paused.detail =
      "Your account is temporarily prevented from requesting certificates for a.test, which was "
      "paused. "
      "Visit https://ca.test/unpause";
  EXPECT_NE(hint_for(paused).find("visit the link"), std::string::npos);
}

TEST(ProblemTest, HintsNameTheSwitchThatHelps) {
  const std::pair<const char*, const char*> cases[] = {
      {"externalAccountRequired", "--eab-kid and --eab-key-file"},
      {"badRevocationReason", "keyCompromise"},
      {"badCSR", "--csr"},
      {"badPublicKey", "--key-type"},
      {"invalidProfile", "--profile"},
      {"invalidContact", "--email"},
      {"unsupportedContact", "--email"},
      {"agreementRequired", "--agree-tos"},
      {"userActionRequired", "--agree-tos"},
      {"badSignatureAlgorithm", "account rollover"},
      {"rateLimited", "--staging"},
  };
  for (const auto& [type, words] : cases) {
    EXPECT_NE(hint_for(of_type(type)).find(words), std::string::npos) << hint_for(of_type(type));
  }
}

// The words of Let's Encrypt.
TEST(ProblemTest, PausedNamesAreToldFromOtherLimits) {
  Problem paused = of_type("rateLimited", 429);
  paused.detail =
      "Your account is temporarily prevented from requesting certificates for a.test and possibly "
      "others. Please visit: https://portal.ca.test/sfe/v1/unpause?jwt=abc";
  EXPECT_NE(hint_for(paused).find("visit the link"), std::string::npos);
  EXPECT_EQ(hint_for(of_type("rateLimited", 429)).find("visit the link"), std::string::npos);
}

TEST(ProblemTest, AlgorithmsThatTheCaTakesAreShown) {
  const Problem problem = parse_problem(
      R"({"type":"urn:ietf:params:acme:error:badSignatureAlgorithm","detail":"no",
          "algorithms":["RS256","ES256\u001b[2J",7]})",
      kProblemJson, 400);
  EXPECT_NE(hint_for(problem).find("RS256, ES256\\x1b[2J"), std::string::npos) << hint_for(problem);
}

TEST(ProblemTest, ALongLinkThatUnpausesIsWhole) {
  const std::string link = "https://portal.ca.test/unpause?jwt=" + std::string(1500, 'x');
  const Problem problem = parse_problem(
      R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"visit )" + link + "\"}",
      kProblemJson, 429);
  EXPECT_NE(problem.describe().find(link), std::string::npos);
}

TEST(F10_RateLimitWords, GiveTheTimeWhereTheyAreExact) {
  const WallTime now = *parse_rfc3339("2026-01-01T12:00:00Z");
  const auto told = [&](const std::string& detail) {
    Problem problem = of_type("rateLimited", 429);
    problem.detail = detail;
    return retry_time_in(problem, now);
  };
  const auto expected = parse_rfc3339("2026-01-02T03:04:05Z");
  EXPECT_EQ(
      told("too many certificates (5) already issued for this exact set of identifiers in the "
           "last 168h0m0s, retry after 2026-01-02 03:04:05 UTC: see https://ca.test/limits"),
      expected);
  EXPECT_EQ(told("too many, retry after 2026-01-02T03:04:05Z: see https://ca.test/"), expected);
  EXPECT_EQ(told("retry after 2026-01-02 03:04:05 UTC"), expected);
  // Never sooner than a second, never later than a day.
  EXPECT_EQ(told("retry after 2025-01-02 03:04:05 UTC"), now + std::chrono::seconds(1));
  EXPECT_EQ(told("retry after 9999-01-02 03:04:05 UTC"), now + std::chrono::hours(24));
  for (const char* detail :
       {"", "retry after ", "retry after tomorrow", "retry after 2026-01-02",
        "retry after 2026-01-02 03:04:05", "retry after 2026-01-02 03:04:05 CET",
        "retry after 2026-01-02 03:04:05 UTC+1", "retry after 2026-01-02 03:04:05 UTCx",
        "retry after 2026-13-02 03:04:05 UTC", "retry after 2026-01-02 25:04:05 UTC",
        "retry after 2026-01-02T03:04:05", "retry after  2026-01-02 03:04:05 UTC",
        "retry after -2026-01-02 03:04:05 UTC", "retry in 5 minutes"}) {
    EXPECT_FALSE(told(detail)) << detail;
  }
}

}  // namespace
}  // namespace autohttps::acme
