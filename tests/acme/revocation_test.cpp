#include <autohttps/acme/protocol/revocation.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <utility>

namespace autohttps::acme {
namespace {

// RFC 5280 5.3.1.
TEST(RevocationTest, ReasonsHaveTheNamesAndNumbersOfRfc5280) {
  const std::pair<const char*, int> reasons[] = {
      {"unspecified", 0}, {"keyCompromise", 1},        {"affiliationChanged", 3},
      {"superseded", 4},  {"cessationOfOperation", 5}, {"privilegeWithdrawn", 9}};
  for (const auto& [name, number] : reasons) {
    EXPECT_EQ(static_cast<int>(parse_revocation_reason(name)), number);
    EXPECT_EQ(revocation_reason_name(parse_revocation_reason(name)), name);
  }
  EXPECT_EQ(parse_revocation_reason("KEYCOMPROMISE"), RevocationReason::key_compromise);
}

TEST(RevocationTest, OthersAreRefusedWithTheList) {
  for (const char* name : {"", "cACompromise", "certificateHold", "removeFromCRL", "1", "stolen"}) {
    const auto error = thrown_error([&] { parse_revocation_reason(name); });
    ASSERT_TRUE(error) << name;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_NE(error->hint().find("keyCompromise, affiliationChanged"), std::string::npos);
  }
}

}  // namespace
}  // namespace autohttps::acme
