#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/wish.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::tools {
namespace {

Settings hundred_and_one_names() {
  Settings settings;
  settings.store = "/nowhere";
  for (int i = 0; i <= 100; ++i) settings.names.push_back("h" + std::to_string(i) + ".test");
  settings.names.push_back("H0.test");  // the first again
  return settings;
}

// A certificate has a hundred names at most; certificates there are as many as are asked for.
TEST(WishTest, ACertificateEachMayBeMoreThanAHundred) {
  Settings settings = hundred_and_one_names();
  EXPECT_THROW(certificate_options(settings, {}), Error);
  settings.each = true;
  EXPECT_EQ(certificate_options(settings, {}).domains.size(), 101u);
  settings.names.emplace_back("no name");
  EXPECT_THROW(certificate_options(settings, {}), Error);
}

}  // namespace
}  // namespace autohttps::tools
