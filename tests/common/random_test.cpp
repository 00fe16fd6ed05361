#include <autohttps/common/random.h>
#include <autohttps/tests/support/fixed_random.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace autohttps {
namespace {

// All bytes the same: the ends of the range.
class ConstantRandom final : public Random {
 public:
  explicit ConstantRandom(std::byte value) : value_(value) {}
  void fill(std::span<std::byte> bytes) override { std::fill(bytes.begin(), bytes.end(), value_); }

 private:
  std::byte value_;
};

TEST(RandomTest, UniformStaysBelowOne) {
  EXPECT_EQ(ConstantRandom(std::byte{0}).uniform(), 0.0);
  const double most = ConstantRandom(std::byte{0xff}).uniform();
  EXPECT_LT(most, 1.0);
  EXPECT_GT(most, 0.9999999);
}

TEST(RandomTest, UniformFillsTheRange) {
  FixedRandom random;
  std::vector<int> tenths(10);
  for (int i = 0; i < 10000; ++i) ++tenths[static_cast<std::size_t>(random.uniform() * 10)];
  for (const int count : tenths) EXPECT_NEAR(count, 1000, 150);
}

TEST(RandomTest, TokenIsBase64urlOfItsBytes) {
  EXPECT_EQ(ConstantRandom(std::byte{0xff}).token(), "_____________________w");
  EXPECT_EQ(ConstantRandom(std::byte{0}).token(3), "AAAA");
  EXPECT_EQ(ConstantRandom(std::byte{0}).token(0), "");
}

TEST(RandomTest, SystemRandomFillsEveryByte) {
  SystemRandom random;
  std::vector<std::byte> bytes(100'000);
  random.fill(bytes);
  std::set<std::byte> values(bytes.end() - 10'000, bytes.end());
  EXPECT_EQ(values.size(), 256U);
  EXPECT_NE(random.token(), random.token());
}

TEST(FixedRandomTest, RepeatsItselfForTheSameSeed) {
  EXPECT_EQ(FixedRandom(7).token(), FixedRandom(7).token());
  EXPECT_NE(FixedRandom(7).token(), FixedRandom(8).token());
}

}  // namespace
}  // namespace autohttps
