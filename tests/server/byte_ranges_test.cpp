#include <autohttps/server/sites/byte_ranges.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

using Kind = ByteRanges::Kind;

struct Case {
  const char* asked;
  std::vector<ByteRange> parts;
};

TEST(ByteRangesTest, OfTenBytes) {
  for (const Case& one :
       {Case{"bytes=0-3", {{0, 4}}}, Case{"bytes=8-", {{8, 2}}}, Case{"bytes=-3", {{7, 3}}},
        Case{"bytes=-99", {{0, 10}}}, Case{"Bytes=9-9", {{9, 1}}},
        Case{"bytes=5-18446744073709551615", {{5, 5}}},
        Case{"bytes=5-99999999999999999999999", {{5, 5}}},
        Case{"bytes=-99999999999999999999999", {{0, 10}}}, Case{"bytes=0-1,3-4", {{0, 2}, {3, 2}}},
        Case{"bytes= 0-1 ,\t3-4,", {{0, 2}, {3, 2}}}, Case{"bytes=,,0-1", {{0, 2}}},
        Case{"bytes=8-9,0-0", {{8, 2}, {0, 1}}},          // in their order
        Case{"bytes=0-1,10-20,3-4", {{0, 2}, {3, 2}}},    // one is not there
        Case{"bytes=0-1,2-3", {{0, 2}, {2, 2}}},          // side by side
        Case{"bytes=0-4,3-6", {{0, 7}}},                  // overlapping
        Case{"bytes=0-1,4-5,1-4", {{0, 6}}},              // joined by a third
        Case{"bytes=8-9,0-1,4-4,1-4", {{8, 2}, {0, 5}}},  // where the first was
        Case{"bytes=-1,-2,-3", {{7, 3}}}}) {
    const ByteRanges found = parse_byte_ranges(one.asked, 10);
    EXPECT_EQ(found.kind, Kind::parts) << one.asked;
    EXPECT_EQ(found.parts, one.parts) << one.asked;
  }
}

TEST(ByteRangesTest, OtherUnitsAreIgnored) {
  for (const char* asked : {"lines=0-1", "0-1", "bytes", "", "byte=0-1", "=0-1", "bytes0=1-2"}) {
    EXPECT_EQ(parse_byte_ranges(asked, 10).kind, Kind::whole) << asked;
  }
}

TEST(ByteRangesTest, WhatIsNotThereOrNoRangeIsUnsatisfiable) {
  for (const char* asked :
       {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-", "bytes=x-1",
        "bytes=3-1", "bytes=-", "bytes=--1", "bytes=0-1,x", "bytes=0-1,5-4", "bytes=+1-2",
        "bytes=0x1-2", "bytes=1", "bytes=0-1-2", "bytes=0-1;2-3"}) {
    EXPECT_EQ(parse_byte_ranges(asked, 10).kind, Kind::unsatisfiable) << asked;
  }
}

TEST(ByteRangesTest, OfNothingAndNoneAreTheWhole) {
  for (const char* asked : {"bytes=0-0", "bytes=0-", "bytes=-1", "bytes=0-0,-1"}) {
    EXPECT_EQ(parse_byte_ranges(asked, 0).kind, Kind::whole) << asked;
  }
  for (const char* asked : {"bytes=", "bytes=,", "bytes= ,,"}) {
    EXPECT_EQ(parse_byte_ranges(asked, 10).kind, Kind::whole) << asked;
  }
}

TEST(ByteRangesTest, TooManyAreTheWhole) {
  std::string asked = "bytes=";
  for (std::size_t i = 0; i < kMostRanges; ++i) {
    const std::string number = std::to_string(2 * i);
    asked.append(i == 0 ? "" : ",").append(number).append("-").append(number);
  }
  EXPECT_EQ(parse_byte_ranges(asked, 1'000).parts.size(), kMostRanges);
  EXPECT_EQ(parse_byte_ranges(asked + ",999-999", 1'000).kind, Kind::whole);
}

TEST(ByteRangesTest, MoreThanAllIsTheWhole) {
  for (const char* asked : {"bytes=0-,0-,0-", "bytes=0-9,9-9", "bytes=-10,-1"}) {
    EXPECT_EQ(parse_byte_ranges(asked, 10).kind, Kind::whole) << asked;
  }
}

}  // namespace
}  // namespace autohttps
