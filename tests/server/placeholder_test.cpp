#include <autohttps/server/tls/placeholder.h>

#include <gtest/gtest.h>

#include <chrono>

namespace autohttps {
namespace {

TEST(PlaceholderTest, IsMarkedShortLivedAndForTheNamesAsked) {
  const WallTime now{std::chrono::seconds(1'800'000'000)};
  const auto names = parse_identifiers({"a.test", "*.b.test", "192.0.2.7"});
  const auto placeholder = make_placeholder("a.test", names, now);

  EXPECT_EQ(placeholder->certificate, "a.test");
  EXPECT_TRUE(placeholder->placeholder);
  EXPECT_EQ(placeholder->generation, 0U);
  ASSERT_EQ(placeholder->keys.size(), 1U);
  const CertifiedKey& key = *placeholder->keys.front();
  EXPECT_TRUE(key.serves("a.test"));
  EXPECT_TRUE(key.serves("x.b.test"));
  EXPECT_TRUE(key.serves("192.0.2.7"));
  EXPECT_FALSE(key.serves("c.test"));
  EXPECT_FALSE(key.is_ca());
  EXPECT_EQ(key.issuer(), "autohttps placeholder: certificate being obtained");
  EXPECT_LT(key.not_before(), now);
  EXPECT_GT(key.not_after(), now);
  EXPECT_LE(key.not_after(), now + std::chrono::hours(24 * 8));
}

TEST(PlaceholderTest, EachHasAKeyOfItsOwn) {
  const WallTime now{std::chrono::seconds(1'800'000'000)};
  const auto names = parse_identifiers({"a.test"});
  EXPECT_NE(make_placeholder("a.test", names, now)->keys[0]->fingerprint(),
            make_placeholder("a.test", names, now)->keys[0]->fingerprint());
}

}  // namespace
}  // namespace autohttps
