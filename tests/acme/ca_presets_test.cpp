#include <autohttps/acme/store/ca_presets.h>

#include <autohttps/acme/management/limits.h>
#include <autohttps/acme/protocol/client.h>

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace autohttps::acme {
namespace {

TEST(CaPresetsTest, EachCanBeAskedAndHasLimitsAndANameOfItsOwn) {
  std::set<std::string_view> names, urls;
  for (const CaPreset& preset : ca_presets()) {
    EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
    EXPECT_TRUE(urls.insert(preset.directory_url).second) << preset.name;
    EXPECT_NO_THROW(ClientSession(std::string(preset.directory_url))) << preset.name;
    EXPECT_NO_THROW(Limits::preset(preset.limits)) << preset.name;
    EXPECT_NE(preset.limits, "none") << preset.name;
    if (!preset.test_url.empty()) {
      const CaPreset* const test = find_ca_preset(preset.test_url);
      ASSERT_NE(test, nullptr) << preset.name;
      EXPECT_TRUE(test->test_url.empty()) << preset.name;
    }
  }
}

TEST(CaPresetsTest, IsFoundByNameAndByUrl) {
  for (const CaPreset& preset : ca_presets()) {
    EXPECT_EQ(find_ca_preset(preset.name), &preset);
    EXPECT_EQ(find_ca_preset(preset.directory_url), &preset);
  }
  EXPECT_EQ(find_ca_preset(""), nullptr);
  EXPECT_EQ(find_ca_preset("https://ca.test/"), nullptr);
}

}  // namespace
}  // namespace autohttps::acme
