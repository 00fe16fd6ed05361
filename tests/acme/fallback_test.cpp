#include <autohttps/acme/management/fallback.h>
#include <autohttps/acme/protocol/problem.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::acme {
namespace {

Problem problem(const std::string& type) {
  Problem made;
  made.type = "urn:ietf:params:acme:error:" + type;
  return made;
}

bool helps(const std::string& type, bool about_challenge) {
  const Problem made = problem(type);
  return may_another_ca_help(ProblemError(refusal_code(made, about_challenge), "trying", made));
}

TEST(FallbackTest, WhatIsTheCasOwnMatterIsTriedElsewhere) {
  for (const ErrorCode code : {ErrorCode::network, ErrorCode::protocol, ErrorCode::crypto,
                               ErrorCode::rate_limited, ErrorCode::deferred}) {
    EXPECT_TRUE(may_another_ca_help(Error(code, "x"))) << code_name(code);
  }
  for (const char* type :
       {"rateLimited", "serverInternal", "rejectedIdentifier", "unsupportedIdentifier",
        "unauthorized", "accountDoesNotExist", "externalAccountRequired", "badCSR", "malformed"}) {
    EXPECT_TRUE(helps(type, false)) << type;
  }
}

TEST(FallbackTest, ANameThatFailsItsChallengeFailsEverywhere) {
  for (const char* type : {"connection", "dns", "unauthorized", "tls", "incorrectResponse"}) {
    EXPECT_FALSE(helps(type, true)) << type;
  }
}

TEST(FallbackTest, ACaaRecordMayAllowAnother) {
  EXPECT_TRUE(helps("caa", true));
  Problem both = problem("compound");
  both.subproblems = {problem("caa"), problem("caa")};
  EXPECT_TRUE(may_another_ca_help(ProblemError(ErrorCode::validation, "trying", both)));
  both.subproblems = {problem("caa"), problem("dns")};
  EXPECT_FALSE(may_another_ca_help(ProblemError(ErrorCode::validation, "trying", both)));
}

TEST(FallbackTest, WhatWeOrAPersonHaveToMendIsNotHiddenByAnotherCa) {
  for (const ErrorCode code :
       {ErrorCode::config, ErrorCode::storage, ErrorCode::permission, ErrorCode::locked,
        ErrorCode::canceled, ErrorCode::hook, ErrorCode::internal, ErrorCode::port}) {
    EXPECT_FALSE(may_another_ca_help(Error(code, "x"))) << code_name(code);
  }
}

}  // namespace
}  // namespace autohttps::acme
