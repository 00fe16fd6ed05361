#include <autohttps/server/sites/network.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

TEST(NetworkTest, HoldsItsAddressesAndNoOthers) {
  struct Case {
    const char *network, *ip;
    bool inside;
  };
  for (const Case& each :
       {Case{"192.0.2.1", "192.0.2.1", true}, Case{"192.0.2.1", "192.0.2.2", false},
        Case{"10.0.0.0/8", "10.255.255.255", true}, Case{"10.0.0.0/8", "11.0.0.0", false},
        Case{"172.16.0.0/12", "172.31.0.1", true}, Case{"172.16.0.0/12", "172.32.0.1", false},
        Case{"0.0.0.0/0", "203.0.113.9", true}, Case{"0.0.0.0/0", "2001:db8::1", false},
        Case{"::/0", "203.0.113.9", true}, Case{"2001:db8::/32", "2001:db8:ffff::1", true},
        Case{"2001:db8::/32", "2001:db9::1", false},
        Case{"2001:db8::/33", "2001:db8:8000::", false}, Case{"::1", "::1", true},
        Case{"10.0.0.0/8", "::ffff:10.1.2.3", true}, Case{"10.0.0.0/8", "", false},
        Case{"10.0.0.0/8", "10.0.0.1 ", false}, Case{"10.0.0.0/8", "[::1]", false},
        Case{"10.0.0.0/8", "10.0.0", false}}) {
    const std::vector<Network> networks = {Network::parse(each.network)};
    EXPECT_EQ(is_in(networks, each.ip), each.inside) << each.network << " " << each.ip;
  }
  EXPECT_FALSE(is_in({}, "192.0.2.1"));
}

TEST(NetworkTest, RefusesTheRestAndSaysWhatIsRight) {
  for (const char* bad :
       {"", "/8", "a.test", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/+8",
        "::/129", "10.0.0.1/8", "2001:db8::1/32", "10.0.0.0/8/8", "fe80::1%eth0", "010.0.0.1"}) {
    const auto error = thrown_error([&] { Network::parse(bad); });
    ASSERT_TRUE(error) << bad;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_FALSE(error->hint().empty());
  }
}

}  // namespace
}  // namespace autohttps
