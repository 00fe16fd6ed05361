#include <autohttps/common/openssl_owners.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <cerrno>
#include <string>

namespace autohttps {
namespace {

TEST(OpensslOwnersTest, EmptiesTheQueueIntoWords) {
  ERR_clear_error();
  EXPECT_EQ(openssl_reason(), "unknown cause");
  ERR_raise(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH);
  ERR_raise(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH);
  ERR_raise(ERR_LIB_SYS, ENOENT);
  EXPECT_EQ(openssl_reason(), "key values mismatch, No such file or directory");
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(OpensslOwnersTest, EscapesAndBoundsWhatComesWithAnError) {
  ERR_clear_error();
  for (int i = 0; i < 10; ++i) {
    ERR_raise_data(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH, "%d \x1b[2J %s", i,
                   std::string(400, 'x').c_str());
  }
  const std::string reason = openssl_reason();
  EXPECT_EQ(reason.find('\x1b'), std::string::npos);
  EXPECT_LT(reason.size(), 600U);
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(OpensslOwnersTest, ThrowsTheReasonAsACryptoError) {
  ERR_clear_error();
  ERR_raise(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH);
  const auto error = thrown_error([] { throw_openssl("making a thing"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::crypto);
  EXPECT_STREQ(error->what(), "making a thing: key values mismatch");
}

}  // namespace
}  // namespace autohttps
