#include <autohttps/common/sha256.h>

#include <gtest/gtest.h>

namespace autohttps {
namespace {

// FIPS 180-4's examples, as NIST publishes them.
TEST(Sha256Test, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").size(), 32U);
}

}  // namespace
}  // namespace autohttps
