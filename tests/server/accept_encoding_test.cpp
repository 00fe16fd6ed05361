#include <autohttps/server/sites/accept_encoding.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

HeadView head_with(const std::vector<const char*>& values) {
  HeadView head;
  for (const char* value : values) head.fields.push_back({"accept-encoding", value});
  return head;
}

TEST(AcceptEncodingTest, ReadsWeightsInThousandths) {
  struct Case {
    const char* value;
    int gzip;
  };
  for (const Case& one :
       {Case{"gzip", 1000}, Case{"GZip", 1000}, Case{"x-gzip", 1000}, Case{"br, gzip;q=0.5", 500},
        Case{"gzip ; q=0.001", 1}, Case{"gzip;Q=1.000", 1000}, Case{"gzip;q=0", 0},
        Case{"gzip;q=0.000", 0}, Case{"*", 1000}, Case{"*;q=0.3", 300}, Case{"gzip;q=0, *", 0},
        Case{"*, gzip;q=0", 0}, Case{"br", 0}, Case{"", 0}, Case{",,gzip,", 1000},
        Case{"identity", 0}, Case{"gzip, gzip;q=0.1", 1000}}) {
    EXPECT_EQ(weight_of_coding(head_with({one.value}), "gzip"), one.gzip) << one.value;
  }
}

TEST(AcceptEncodingTest, WhatIsNoWeightIsNoWish) {
  for (const char* value : {"gzip;q=2", "gzip;q=1.001", "gzip;q=-1", "gzip;q=0.1234", "gzip;q=.5",
                            "gzip;q=", "gzip;q", "gzip;level=9", "gzip;q=1.x", "g zip", "gzipp"}) {
    EXPECT_EQ(weight_of_coding(head_with({value}), "gzip"), 0) << value;
  }
}

TEST(AcceptEncodingTest, SeveralFieldsAreOneList) {
  EXPECT_EQ(weight_of_coding(head_with({"br", "gzip;q=0.2"}), "gzip"), 200);
}

TEST(AcceptEncodingTest, ChoosesWhatTheClientWantsMostThenWhatTheServerPrefers) {
  struct Case {
    std::vector<const char*> values;
    const char* chosen;
  };
  const std::vector<std::string_view> offered = {"br", "zstd", "gzip"};
  for (const Case& one :
       {Case{{"gzip, br, zstd"}, "br"}, Case{{"gzip, br;q=0.9"}, "gzip"},
        Case{{"zstd, gzip"}, "zstd"}, Case{{"*"}, "br"}, Case{{"*;q=0.5, gzip"}, "gzip"},
        Case{{"deflate"}, ""}, Case{{}, ""}, Case{{""}, ""}, Case{{"gzip;q=0.5, identity"}, ""},
        Case{{"gzip;q=0.5, identity;q=0.5"}, "gzip"}, Case{{"identity;q=0"}, ""},
        Case{{"gzip;q=0.001"}, "gzip"}, Case{{"*;q=0"}, ""}, Case{{"br;q=0, *;q=0.1"}, "zstd"}}) {
    EXPECT_EQ(preferred_coding(head_with(one.values), offered), one.chosen)
        << (one.values.empty() ? "none" : one.values[0]);
  }
}

}  // namespace
}  // namespace autohttps
