#include <autohttps/acme/protocol/nonce_pool.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::acme {
namespace {

TEST(NoncePoolTest, GivesEachNonceOnceTheNewestFirst) {
  NoncePool pool;
  pool.put("one");
  pool.put("two");
  EXPECT_EQ(pool.take(), "two");
  EXPECT_EQ(pool.take(), "one");
  EXPECT_EQ(pool.take(), std::nullopt);
}

TEST(NoncePoolTest, KeepsAtMost32AndForgetsTheOldest) {
  NoncePool pool;
  for (int i = 0; i < 40; ++i) pool.put("nonce-" + std::to_string(i));
  for (int i = 39; i >= 8; --i) EXPECT_EQ(pool.take(), "nonce-" + std::to_string(i));
  EXPECT_EQ(pool.take(), std::nullopt);
}

// RFC 8555 6.5.1.
TEST(NoncePoolTest, IgnoresWhatIsNotBase64url) {
  NoncePool pool;
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a+b"), std::string("a/b"),
        std::string("ab="), std::string("a\0b", 3), std::string("\xc3\xa9"), std::string("a\r\nb"),
        std::string(513, 'a'), std::string("\"a\"")}) {
    EXPECT_FALSE(is_nonce(bad)) << bad;
    pool.put(bad);
  }
  EXPECT_EQ(pool.take(), std::nullopt);
  // A length that no encoding of whole bytes has is none of our business: 6.5.1 asks for the
  // characters.
  for (const std::string& good : {std::string("A"), std::string("az09-_"), std::string(512, 'a')}) {
    EXPECT_TRUE(is_nonce(good));
  }
}

}  // namespace
}  // namespace autohttps::acme
