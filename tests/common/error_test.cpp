#include <autohttps/common/error.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

namespace autohttps {
namespace {

TEST(ErrorTest, CodesHaveTheNamesThatAreOnDiskAndInJson) {
  const std::pair<ErrorCode, const char*> names[] = {{ErrorCode::config, "config"},
                                                     {ErrorCode::storage, "storage"},
                                                     {ErrorCode::locked, "locked"},
                                                     {ErrorCode::permission, "permission"},
                                                     {ErrorCode::port, "port"},
                                                     {ErrorCode::network, "network"},
                                                     {ErrorCode::protocol, "protocol"},
                                                     {ErrorCode::refused, "refused"},
                                                     {ErrorCode::validation, "validation"},
                                                     {ErrorCode::rate_limited, "rate_limited"},
                                                     {ErrorCode::deferred, "deferred"},
                                                     {ErrorCode::crypto, "crypto"},
                                                     {ErrorCode::hook, "hook"},
                                                     {ErrorCode::canceled, "canceled"},
                                                     {ErrorCode::internal, "internal"}};
  for (const auto& [code, name] : names) EXPECT_EQ(code_name(code), name);
}

TEST(ErrorTest, KeepsItsPartsWhenCopied) {
  const WallTime when{std::chrono::seconds(1'900'000'000)};
  Error error(ErrorCode::rate_limited, "too many", "wait");
  error.with_retry_at(when);
  const Error copy = error;
  EXPECT_STREQ(copy.what(), "too many");
  EXPECT_EQ(copy.hint(), "wait");
  EXPECT_EQ(copy.code(), ErrorCode::rate_limited);
  EXPECT_EQ(copy.retry_at(), when);
  EXPECT_FALSE(Error(ErrorCode::network, "x").retry_at());
}

TEST(ErrorTest, SaysErrnoInLowerCaseWords) {
  const auto error = thrown_error(
      [] { throw_errno(ErrorCode::storage, "writing \"a/key.pem\"", ENOSPC, "make room"); });
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->what(), "writing \"a/key.pem\": no space left on device");
  EXPECT_EQ(error->code(), ErrorCode::storage);
  EXPECT_EQ(error->hint(), "make room");
}

TEST(ErrorTest, TurnsRefusalsOfTheSystemIntoPermission) {
  for (const int number : {EACCES, EPERM, EROFS}) {
    const auto error = thrown_error([&] { throw_errno(ErrorCode::storage, "x", number); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::permission) << number;
  }
}

}  // namespace
}  // namespace autohttps
