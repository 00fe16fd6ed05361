#include <autohttps/tools/autohttps/exit_codes.h>

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace autohttps::tools {
namespace {

using Action = acme::Outcome::Action;

acme::Outcome outcome(Action action, std::optional<ErrorCode> code = {}) {
  acme::Outcome result;
  result.action = action;
  if (code) result.error = Error(*code, "text");
  return result;
}

const acme::Outcome kNone = outcome(Action::none);
const acme::Outcome kIssued = outcome(Action::issued);
const acme::Outcome kRenewed = outcome(Action::renewed);
const acme::Outcome kDeferred = outcome(Action::deferred, ErrorCode::deferred);
const acme::Outcome kRefused = outcome(Action::failed, ErrorCode::refused);
const acme::Outcome kOffline = outcome(Action::failed, ErrorCode::network);
const acme::Outcome kLocked = outcome(Action::deferred, ErrorCode::locked);

TEST(ExitCodesTest, EveryErrorHasItsClass) {
  const std::vector<std::pair<ErrorCode, int>> table = {
      {ErrorCode::config, 2},     {ErrorCode::storage, 5},      {ErrorCode::locked, 5},
      {ErrorCode::permission, 5}, {ErrorCode::port, 5},         {ErrorCode::network, 1},
      {ErrorCode::protocol, 1},   {ErrorCode::refused, 3},      {ErrorCode::validation, 3},
      {ErrorCode::deferred, 4},   {ErrorCode::rate_limited, 4}, {ErrorCode::crypto, 1},
      {ErrorCode::hook, 5},       {ErrorCode::canceled, 1},     {ErrorCode::internal, 1},
  };
  for (const auto& [code, number] : table) {
    EXPECT_EQ(static_cast<int>(exit_of(code)), number) << code_name(code);
  }
}

TEST(ExitCodesTest, DoneAndNothingToDoAreBothZero) {
  EXPECT_EQ(exit_of({}, false), Exit::done);
  EXPECT_EQ(exit_of({kNone, kNone}, true), Exit::done);
  EXPECT_EQ(exit_of({kNone, kIssued}, false), Exit::done);
}

TEST(ExitCodesTest, DetailedTellsAChange) {
  EXPECT_EQ(exit_of({kNone, kRenewed}, true), Exit::changed);
  EXPECT_EQ(exit_of({kIssued}, true), Exit::changed);
}

TEST(ExitCodesTest, WhatAllCameToElseSomeFailed) {
  EXPECT_EQ(exit_of({kNone, kRefused}, true), Exit::refused);
  EXPECT_EQ(exit_of({kOffline, kOffline}, false), Exit::failed);
  EXPECT_EQ(exit_of({kRefused, kOffline}, false), Exit::some_failed);
  EXPECT_EQ(exit_of({kRenewed, kRefused}, true), Exit::some_failed);
  EXPECT_EQ(exit_of({kDeferred, kRefused}, false), Exit::some_failed);
}

TEST(ExitCodesTest, OnlyDeferredIsLater) {
  EXPECT_EQ(exit_of({kDeferred}, false), Exit::later);
  EXPECT_EQ(exit_of({kRenewed, kNone, kDeferred}, true), Exit::later);
}

TEST(ExitCodesTest, ALockHeldElsewhereIsALocalProblem) {
  EXPECT_EQ(exit_of({kLocked}, false), Exit::local);
  EXPECT_EQ(exit_of({kLocked, kRenewed}, false), Exit::some_failed);
}

TEST(ExitCodesTest, AFailedDeployHookIsALocalProblemOfACertificateThatIsThere) {
  acme::Outcome renewed = kRenewed;
  renewed.hooks.error = Error(ErrorCode::hook, "text");
  EXPECT_EQ(exit_of({renewed}, true), Exit::local);
  EXPECT_EQ(exit_of({renewed, kRenewed}, true), Exit::some_failed);
  acme::Outcome none = kNone;
  none.hooks.error = renewed.hooks.error;
  EXPECT_EQ(exit_of({none}, false), Exit::local);
  acme::Outcome refused = kRefused;
  refused.hooks.error = renewed.hooks.error;
  EXPECT_EQ(exit_of({refused}, false), Exit::refused) << "why it failed counts";
}

}  // namespace
}  // namespace autohttps::tools
