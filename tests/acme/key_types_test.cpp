#include <autohttps/acme/store/key_types.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

TEST(KeyTypesTest, AreReadAndWrittenWithCommas) {
  EXPECT_EQ(parse_key_types("ec384"), std::vector{KeyType::ec384});
  const std::vector both{KeyType::rsa2048, KeyType::ec256};
  EXPECT_EQ(parse_key_types("rsa2048, ec256"), both);
  EXPECT_EQ(key_types_text(both), "rsa2048,ec256");
}

TEST(KeyTypesTest, NoneUnknownOnesAndTwoOfAKindAreRefused) {
  for (const char* text : {"", ",", "ec256,", "dsa", "ec256,ec384", "rsa2048,rsa4096",
                           "ec256,ec256", "ec256,rsa2048,rsa4096"}) {
    const auto error = thrown_error([&] { parse_key_types(text); });
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_FALSE(error->hint().empty());
  }
}

TEST(KeyTypesTest, TheFirstHasThePlainNames) {
  const std::vector both{KeyType::rsa2048, KeyType::ec256};
  EXPECT_FALSE(further_type(both, KeyType::rsa2048));
  EXPECT_EQ(further_type(both, KeyType::ec256), KeyType::ec256);
}

}  // namespace
}  // namespace autohttps::acme
