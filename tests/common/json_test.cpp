#include <autohttps/common/json.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

std::string nested(std::size_t depth, const std::string& open, const std::string& close,
                   const std::string& core) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += core;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

void expect_refused(const std::string& text, const std::string& cause) {
  const auto error = thrown_error([&] { parse_json(text, "the directory"); });
  ASSERT_TRUE(error) << text.substr(0, 100);
  EXPECT_EQ(error->code(), ErrorCode::protocol);
  const std::string what = error->what();
  EXPECT_EQ(what.rfind("the directory: not JSON", 0), 0U) << what;
  EXPECT_NE(what.find(cause), std::string::npos) << what;
  EXPECT_LT(what.size(), 400U);
  for (const char c : what) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20) << what;
}

TEST(JsonTest, ParsesWhatRfc8259Allows) {
  EXPECT_EQ(parse_json(" {\"a\": [1, -2, 3.5, \"x\", null, true]}\r\n", "it")["a"].size(), 6U);
  EXPECT_EQ(parse_json("\"\\u00e4\\ud83d\\ude00\"", "it"), "\xc3\xa4\xf0\x9f\x98\x80");
  EXPECT_EQ(parse_json("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}", "it").size(), 2U);
}

TEST(F18_HostileJson, IsRefused) {
  expect_refused("", "parse error");
  expect_refused("<html>502 Bad Gateway</html>", "parse error");
  expect_refused("{\"a\":1", "parse error");
  expect_refused("{\"a\":1}x", "parse error");
  expect_refused("{\"a\":1}{\"b\":2}", "parse error");
  expect_refused("{'a':1}", "parse error");
  expect_refused("{\"a\":1,}", "parse error");
  expect_refused("// comment\n{}", "parse error");
  expect_refused("NaN", "parse error");
  expect_refused("01", "parse error");
  expect_refused("\x1b[2J", "parse error");
  expect_refused("\"a\x1b[2J\"", "parse error");
  expect_refused("\"\xff\"", "UTF-8");
  expect_refused("\"\xc0\xaf\"", "UTF-8");
  expect_refused("\"\xed\xa0\x80\"", "UTF-8");
  expect_refused("\"\\ud800\"", "surrogate");
  expect_refused(std::string("{\"a\0\":1}", 8), "zero byte");
  expect_refused(std::string("{}\0", 3), "zero byte");
  expect_refused(std::string("{}\0]]", 5), "zero byte");
  expect_refused("1e999", "number");
}

TEST(F18_HostileJson, IsBoundedInDepth) {
  EXPECT_NO_THROW(parse_json(nested(32, "[", "]", "1"), "it"));
  expect_refused(nested(33, "[", "]", "1"), "deeper than 32");
  expect_refused(nested(33, "{\"a\":", "}", "1"), "deeper than 32");
  expect_refused(nested(100'000, "[", "]", ""), "deeper than 32");
  expect_refused(nested(100'000, "{\"a\":", "}", "1"), "deeper than 32");
  expect_refused(std::string(100'000, '['), "deeper than 32");
}

TEST(F18_HostileJson, IsBoundedInSize) {
  const std::string text = "\"" + std::string((1 << 20) - 2, 'a') + "\"";
  EXPECT_NO_THROW(parse_json(text, "it"));
  expect_refused(text + " ", "at most 1048576");
  EXPECT_TRUE(thrown_error([] { parse_json("[1,2]", "it", 4); }));
}

TEST(F18_HostileJson, RepeatsNoMember) {
  expect_refused("{\"status\":\"valid\",\"status\":\"invalid\"}", "\"status\" comes twice");
  expect_refused("{\"x\":[{\"a\":1,\"\\u0061\":2}]}", "\"a\" comes twice");
  expect_refused("{\"\\u001b\":1,\"\\u001b\":2}", "\"\\x1b\" comes twice");
}

const Json kObject = Json::parse(
    R"({"text":"x","empty":"","null":null,"number":7,"negative":-7,"fraction":1.5,"yes":true,)"
    R"("list":["a","b"],"mixed":["a",1],"time":"2026-11-24T07:30:20Z","object":{},)"
    R"("most":9223372036854775807,"huge":9223372036854775808,"vast":1e30})");

TEST(JsonTest, GivesTypedMembers) {
  EXPECT_EQ(string_member(kObject, "text", "it"), "x");
  EXPECT_EQ(string_member(kObject, "empty", "it"), "");
  EXPECT_EQ(optional_string(kObject, "text", "it"), "x");
  EXPECT_EQ(string_list(kObject, "list", "it"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(optional_time(kObject, "time", "it"), WallTime(std::chrono::seconds(1795505420)));
  EXPECT_EQ(integer_or(kObject, "number", 1, "it"), 7);
  EXPECT_EQ(integer_or(kObject, "negative", 1, "it"), -7);
  EXPECT_EQ(integer_or(kObject, "most", 1, "it"), INT64_MAX);
  EXPECT_TRUE(bool_or(kObject, "yes", false, "it"));
}

TEST(JsonTest, TakesNullForAbsent) {
  for (const char* name : {"null", "absent"}) {
    EXPECT_EQ(optional_string(kObject, name, "it"), std::nullopt);
    EXPECT_EQ(optional_time(kObject, name, "it"), std::nullopt);
    EXPECT_TRUE(string_list(kObject, name, "it").empty());
    EXPECT_EQ(integer_or(kObject, name, 5, "it"), 5);
    EXPECT_TRUE(bool_or(kObject, name, true, "it"));
    EXPECT_STREQ(thrown_error([&] { string_member(kObject, name, "the order"); })->what(),
                 ("the order: the member \"" + std::string(name) + "\" is missing").c_str());
  }
}

TEST(JsonTest, NamesTheMemberOfAnotherType) {
  const auto refused = [](auto call, const std::string& text) {
    const auto error = thrown_error(call);
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ErrorCode::protocol);
    EXPECT_EQ(error->what(), text);
  };
  refused([] { string_member(kObject, "number", "it"); }, "it: \"number\" is number, not a string");
  refused([] { optional_string(kObject, "list", "it"); }, "it: \"list\" is array, not a string");
  refused([] { string_list(kObject, "text", "it"); },
          "it: \"text\" is string, not a list of strings");
  refused([] { string_list(kObject, "mixed", "it"); },
          "it: \"mixed\" is number, not a string in its list");
  refused([] { optional_time(kObject, "text", "it"); },
          "it: \"text\" is \"x\", not a time of RFC 3339");
  refused([] { integer_or(kObject, "fraction", 0, "it"); },
          "it: \"fraction\" is number, not a whole number");
  refused([] { integer_or(kObject, "huge", 0, "it"); },
          "it: \"huge\" is larger than any count or time can be");
  refused([] { integer_or(kObject, "vast", 0, "it"); },
          "it: \"vast\" is number, not a whole number");
  refused([] { bool_or(kObject, "number", false, "it"); },
          "it: \"number\" is number, not true or false");
  refused([] { string_member(Json::array(), "a", "it"); },
          "it: an object is wanted, this is array");
  refused([] { integer_or(Json("x"), "a", 0, "it"); }, "it: an object is wanted, this is string");
}

TEST(JsonTest, WritesTextForPeopleThatAnyTerminalShows) {
  EXPECT_EQ(to_text({{"b", 1}, {"a", {"\xc3\xa4", "\x1b"}}}),
            "{\n  \"a\": [\n    \"\\u00e4\",\n    \"\\u001b\"\n  ],\n  \"b\": 1\n}\n");
  EXPECT_EQ(to_text("\xff"), "\"\\ufffd\"\n");  // a broken string does not lose the file
}

}  // namespace
}  // namespace autohttps
