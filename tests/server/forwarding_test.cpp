#include <autohttps/server/sites/forwarding.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

const ForwardedFor kVisitor{"203.0.113.9", "a.test:8443"};

TEST(ForwardingTest, SaysWhereARequestComesFromWhateverTheClientSaid) {
  const HeaderFields passed = fields_for_upstream({{"Host", "a.test:8443"},
                                                   {"X-Forwarded-For", "10.0.0.1"},
                                                   {"x-forwarded-proto", "http"},
                                                   {"X_Forwarded_For", "10.0.0.1"},
                                                   {"X-Real-IP", "10.0.0.1"},
                                                   {"Forwarded", "for=10.0.0.1"},
                                                   {"Proxy", "http://evil.test"},
                                                   {"Cookie", "a=%0d%0a"},
                                                   {"Via", "1.0 fred"}},
                                                  kVisitor);
  const HeaderFields expected = {{"Cookie", "a=%0d%0a"},
                                 {"Host", "a.test:8443"},
                                 {"X-Forwarded-For", "203.0.113.9"},
                                 {"X-Forwarded-Proto", "https"},
                                 {"X-Forwarded-Host", "a.test:8443"},
                                 {"Via", "1.0 fred, 1.1 autohttps"}};
  EXPECT_EQ(passed, expected);
}

TEST(ForwardingTest, FieldsOfOneHopEndHere) {
  const HeaderFields fields = {{"Connection", "close, X-Mine"},
                               {"X-Mine", "1"},
                               {"Keep-Alive", "timeout=5"},
                               {"TE", "trailers"},
                               {"Trailer", "X"},
                               {"Transfer-Encoding", "chunked"},
                               {"Upgrade", "h2c"},
                               {"Proxy-Authorization", "x"},
                               {"Content-Length", "3"},
                               {"Expect", "100-continue"},
                               {"X-Kept", "1"},
                               {"Content-Type", "a/b"}};
  const HeaderFields up = fields_for_upstream(fields, kVisitor);
  ASSERT_EQ(up.size(), 7);
  EXPECT_EQ(up[0].first, "X-Kept");
  EXPECT_EQ(up[1].first, "Content-Type");
  const HeaderFields down = fields_for_client(fields);
  ASSERT_EQ(down.size(), 3) << "Expect is the client's to understand";
}

TEST(ForwardingTest, WhatIsNoFieldIsNotPassedOn) {
  const HeaderFields passed = fields_for_client({{"Good", "a\tb"},
                                                 {"Bad Name", "x"},
                                                 {"", "x"},
                                                 {"X", "a\rSet-Cookie: b"},
                                                 {"Y", std::string("\0", 1)},
                                                 {"Set-Cookie", "a=1"},
                                                 {"Set-Cookie", "b=2"}});
  const HeaderFields expected = {{"Good", "a\tb"}, {"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}};
  EXPECT_EQ(passed, expected);
}

TEST(ForwardingTest, KnowsCirclesAndUpgrades) {
  EXPECT_FALSE(goes_in_a_circle({{"Via", "1.1 autohttps, 1.1 other"}}));
  std::string via = "1.1 autohttps";
  for (int i = 0; i < 4; ++i) via += ", 1.1 autohttps";
  EXPECT_TRUE(goes_in_a_circle({{"via", via}}));
  EXPECT_TRUE(asks_for_upgrade({{"Connection", "keep-alive, Upgrade"}, {"Upgrade", "websocket"}}));
  EXPECT_FALSE(asks_for_upgrade({{"Upgrade", "websocket"}}));
  EXPECT_FALSE(asks_for_upgrade({{"Connection", "upgrade"}}));
}

}  // namespace
}  // namespace autohttps
