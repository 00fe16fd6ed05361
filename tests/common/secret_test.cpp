#include <autohttps/common/secret.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

TEST(SecretTest, HoldsItsBytesForAllItsCopies) {
  const std::string bytes("a\0b", 3);
  Secret copy;
  EXPECT_TRUE(copy.empty());
  {
    const Secret secret(bytes);
    copy = secret;
  }
  EXPECT_EQ(copy.bytes(), bytes);
}

TEST(SecretTest, EqualsByItsBytes) {
  EXPECT_EQ(Secret("abc"), Secret("abc"));
  EXPECT_FALSE(Secret("abc") == Secret("abd"));
  EXPECT_FALSE(Secret("abc") == Secret("ab"));
  EXPECT_EQ(Secret(), Secret(""));
}

TEST(SecretTest, WipingEmptiesTheText) {
  std::string text(40, 's');
  wipe(text);
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace autohttps
