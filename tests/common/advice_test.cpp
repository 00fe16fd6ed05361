#include <autohttps/common/advice.h>

#include <gtest/gtest.h>

#include <set>

namespace autohttps {
namespace {

TEST(AdviceTest, EveryCodeHasAMeaningAndANextStepOfItsOwn) {
  std::set<std::string_view> meanings, steps;
  int codes = 0;
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i, ++codes) {
    const auto code = static_cast<ErrorCode>(i);
    const Advice advice = advice_for(code);
    EXPECT_FALSE(advice.meaning.empty()) << code_name(code);
    EXPECT_FALSE(advice.next_step.empty()) << code_name(code);
    EXPECT_FALSE(advice.next_step.ends_with('.')) << code_name(code);
    meanings.insert(advice.meaning);
    steps.insert(advice.next_step);
  }
  EXPECT_EQ(meanings.size(), static_cast<std::size_t>(codes));
  EXPECT_EQ(steps.size(), static_cast<std::size_t>(codes));
}

TEST(AdviceTest, WhoKnowsMoreIsHeardFirst) {
  EXPECT_EQ(next_step(Error(ErrorCode::port, "x", "stop nginx")), "stop nginx");
  EXPECT_EQ(next_step(Error(ErrorCode::port, "x")), advice_for(ErrorCode::port).next_step);
}

}  // namespace
}  // namespace autohttps
