#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

TEST(KeysTest, APartIsAFilesNameThatHidesNothing) {
  for (const char* part : {"a", "A-1_2.x", "a@b,c+d=e~f", "-", "_.a.test"}) {
    EXPECT_TRUE(is_key_part(part)) << part;
  }
  for (const char* part :
       {"", ".", "..", ".a", "a/b", "a b", "a\\b", "a:b", "a*", "a%2f", "a\x7f", "ä"}) {
    EXPECT_FALSE(is_key_part(part)) << part;
  }
}

TEST(KeysTest, ForeignTextBecomesAPartOfItsOwn) {
  EXPECT_EQ(key_part("a.test"), "a.test");
  std::set<std::string> parts;
  const std::vector<std::string> texts = {"",    ".",  "..",  "../a", "a/b", "a:b", "a b",
                                          "a~b", "\n", "a\n", "ä",    "-",   "--",  "---"};
  for (const std::string& text : texts) {
    EXPECT_TRUE(is_key_part(key_part(text))) << text;
    parts.insert(key_part(text));
  }
  for (const std::size_t size : {201U, 253U, 100'000U}) {
    EXPECT_TRUE(is_key_part(key_part(std::string(size, 'a'))));
    parts.insert(key_part(std::string(size, 'a')));
  }
  EXPECT_EQ(parts.size(), texts.size() + 3);
  EXPECT_NE(key_part(key_part("a/b")), key_part("a/b")) << "no text leads to another one's part";
}

TEST(KeysTest, AGenerationIsAPlainNumber) {
  EXPECT_EQ(parse_generation_target("generations/7"), 7U);
  EXPECT_EQ(parse_generation_target(generation_target(123456789012345678)), 123456789012345678U);
  for (const char* target :
       {"", "7", "generations", "generations/", "generations/0", "generations/07", "generations/+7",
        "generations/-7", "generations/7/", "generations/7/..", "generations/ 7", "generations/7\n",
        "/generations/7", "./generations/7", "generations/1234567890123456789"}) {
    EXPECT_EQ(parse_generation_target(target), std::nullopt) << target;
  }
}

TEST(KeysTest, QuotesWhatItRefusesSafely) {
  try {
    check_key("a\x1b[2J");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace autohttps::acme
