#include <autohttps/server/sites/conditions.h>

#include <autohttps/tests/support/head_of.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

constexpr Validators kCurrent{"\"tag\"", 784'111'777};
constexpr const char* kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

struct Case {
  HeaderFields fields;
  Condition result;
};

void check(const std::vector<Case>& table) {
  for (const Case& one : table) {
    std::string text;
    for (const auto& [name, value] : one.fields) text += name + ": " + value + "; ";
    const ScannedHead head("GET", "/", one.fields);
    EXPECT_EQ(evaluate_conditions(*head, kCurrent), one.result) << text;
  }
}

TEST(ConditionsTest, EachAlone) {
  check({{{}, Condition::go_on},
         {{{"If-Match", "\"tag\""}}, Condition::go_on},
         {{{"If-Match", "*"}}, Condition::go_on},
         {{{"If-Match", "\"x\", \"tag\""}}, Condition::go_on},
         {{{"If-Match", "\"x\""}, {"If-Match", "\"tag\""}}, Condition::go_on},
         {{{"If-Match", "\"x\""}}, Condition::failed},
         {{{"If-Match", "W/\"tag\""}}, Condition::failed},  // 13.1.1: strong comparison
         {{{"If-Match", ""}}, Condition::failed},
         {{{"If-None-Match", "\"tag\""}}, Condition::not_modified},
         {{{"If-None-Match", "W/\"tag\""}}, Condition::not_modified},  // 13.1.2: weak comparison
         {{{"If-None-Match", "*"}}, Condition::not_modified},
         {{{"If-None-Match", "\"a,b\" ,\t\"tag\""}}, Condition::not_modified},
         {{{"If-None-Match", ",,\"tag\""}}, Condition::not_modified},
         {{{"If-None-Match", "\"x\""}}, Condition::go_on},
         {{{"If-None-Match", "\"TAG\""}}, Condition::go_on},
         {{{"If-Modified-Since", kSame}}, Condition::not_modified},
         {{{"If-Modified-Since", kAfter}}, Condition::not_modified},
         {{{"If-Modified-Since", kBefore}}, Condition::go_on},
         {{{"If-Unmodified-Since", kSame}}, Condition::go_on},
         {{{"If-Unmodified-Since", kAfter}}, Condition::go_on},
         {{{"If-Unmodified-Since", kBefore}}, Condition::failed}});
}

TEST(ConditionsTest, WhatIsNoTagOrNoDateIsNoCondition) {
  check({{{{"If-None-Match", "tag"}}, Condition::go_on},
         {{{"If-None-Match", "\"a\"tag\"b\""}}, Condition::go_on},
         {{{"If-None-Match", "\"x\" \"tag"}}, Condition::go_on},
         {{{"If-None-Match", "w/\"tag\""}}, Condition::go_on},
         {{{"If-None-Match", "\"**\""}}, Condition::go_on},
         {{{"If-Modified-Since", "yesterday"}}, Condition::go_on},
         {{{"If-Modified-Since", ""}}, Condition::go_on},
         {{{"If-Modified-Since", kSame}, {"If-Modified-Since", kSame}}, Condition::go_on},
         {{{"If-Unmodified-Since", "0"}}, Condition::go_on},
         {{{"If-Unmodified-Since", kBefore}, {"If-Unmodified-Since", kBefore}}, Condition::go_on}});
}

TEST(ConditionsTest, TagsGoBeforeDatesAndWhatMustMatchBeforeWhatMustNot) {  // 13.2.2
  check(
      {{{{"If-None-Match", "\"x\""}, {"If-Modified-Since", kSame}}, Condition::go_on},
       {{{"If-None-Match", "\"tag\""}, {"If-Modified-Since", kBefore}}, Condition::not_modified},
       {{{"If-Match", "\"tag\""}, {"If-Unmodified-Since", kBefore}}, Condition::go_on},
       {{{"If-Match", "\"x\""}, {"If-Unmodified-Since", kAfter}}, Condition::failed},
       {{{"If-Match", "\"x\""}, {"If-None-Match", "\"tag\""}}, Condition::failed},
       {{{"If-Match", "\"tag\""}, {"If-None-Match", "\"tag\""}}, Condition::not_modified},
       {{{"If-Unmodified-Since", kBefore}, {"If-None-Match", "\"tag\""}}, Condition::failed},
       {{{"If-Unmodified-Since", kSame}, {"If-Modified-Since", kSame}}, Condition::not_modified}});
}

TEST(ConditionsTest, ARangeIsOfTheVersionThatTheClientHas) {  // 13.1.5
  const auto lets = [](const HeaderFields& fields) {
    const ScannedHead head("GET", "/", fields);
    return lets_range_be(*head, kCurrent);
  };
  EXPECT_TRUE(lets({}));
  EXPECT_TRUE(lets({{"If-Range", "\"tag\""}}));
  EXPECT_TRUE(lets({{"If-Range", kSame}}));
  for (const char* other : {"\"x\"", "W/\"tag\"", "\"tag\", \"x\"", "*", "", "tag", kBefore, kAfter,
                            "Sun, 06 Nov 1994"}) {
    EXPECT_FALSE(lets({{"If-Range", other}})) << other;
  }
  EXPECT_FALSE(lets({{"If-Range", "\"tag\""}, {"If-Range", "\"tag\""}}));
}

}  // namespace
}  // namespace autohttps
