#include <autohttps/server/engine/header_fields.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

TEST(HeaderFieldsTest, AreFoundWhateverTheirCase) {
  const HeaderFields fields = {{"Cookie", "x"}, {"x-twice", "1"}, {"X-Twice", "2"}};
  EXPECT_EQ(first_field(fields, "cookie"), "x");
  EXPECT_EQ(first_field(fields, "X-TWICE"), "1");
  EXPECT_EQ(first_field(fields, "X-None"), "");
  EXPECT_EQ(count_fields(fields, "X-TWICE"), 2);
}

TEST(HeaderFieldsTest, ListsAreJoinedOverFields) {
  const HeaderFields fields = {
      {"Connection", "Keep-Alive, , X-One;q=1"}, {"Other", "no"}, {"connection", "x-two"}};
  EXPECT_EQ(list_members(fields, "Connection"),
            (std::vector<std::string>{"keep-alive", "x-one", "x-two"}));
}

}  // namespace
}  // namespace autohttps
