#include <autohttps/server/sites/upstream_addresses.h>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/un.h>

#include <string>

namespace autohttps {
namespace {

UpstreamAddresses addresses_of(const std::string& url) {
  return UpstreamAddresses(parse_upstream_url(url));
}

TEST(UpstreamAddressesTest, NumbersAndSocketsAreKnownForGood) {
  struct Case {
    const char* url;
    int family;
  };
  for (const Case& each : {Case{"http://127.0.0.1:8080", AF_INET}, Case{"http://[::1]", AF_INET6},
                           Case{"unix:/run/a.sock", AF_UNIX}}) {
    UpstreamAddresses addresses = addresses_of(each.url);
    bool old = true;
    const auto list = addresses.known(old);
    ASSERT_TRUE(list) << each.url;
    EXPECT_FALSE(old);
    ASSERT_EQ(list->size(), 1U);
    EXPECT_EQ(list->front().get()->sa_family, each.family);
  }
  UpstreamAddresses addresses = addresses_of("http://127.0.0.1:8080");
  bool old = false;
  const auto list = addresses.known(old);
  EXPECT_EQ(reinterpret_cast<const sockaddr_in*>(list->front().get())->sin_port, htons(8080));
}

TEST(UpstreamAddressesTest, ANameIsLookedUpWhenItIsAskedForAndThenKnown) {
  UpstreamAddresses addresses = addresses_of("http://localhost:81");
  bool old = false;
  EXPECT_EQ(addresses.known(old), nullptr);
  EXPECT_TRUE(old);
  std::string trouble;
  const auto list = addresses.look_up(trouble);
  ASSERT_NE(list, nullptr) << trouble;
  EXPECT_FALSE(list->empty());
  EXPECT_EQ(addresses.known(old), list);
  EXPECT_FALSE(old);
}

TEST(UpstreamAddressesTest, WhatIsOldIsUsedWhileOneLooksAgain) {
  UpstreamAddresses addresses(parse_upstream_url("http://localhost:81"),
                              std::chrono::milliseconds(0));
  std::string trouble;
  const auto list = addresses.look_up(trouble);
  ASSERT_NE(list, nullptr) << trouble;
  EXPECT_FALSE(addresses.is_wanted_anew());
  bool old = false;
  EXPECT_EQ(addresses.known(old), list);
  EXPECT_TRUE(old);
  EXPECT_TRUE(addresses.is_wanted_anew());
  EXPECT_EQ(addresses.known(old), list);
  EXPECT_FALSE(old) << "one is told";
  EXPECT_NE(addresses.look_up(trouble), nullptr);
  EXPECT_FALSE(addresses.is_wanted_anew());
}

TEST(UpstreamAddressesTest, TroubleIsSaidAndNotAskedForAgainAtOnce) {
  UpstreamAddresses addresses = addresses_of("http://" + std::string(70, 'a') + ".test");
  for (int i = 0; i < 2; ++i) {
    std::string trouble;
    EXPECT_EQ(addresses.look_up(trouble), nullptr);
    EXPECT_NE(trouble.find("looking up \"aaaa"), std::string::npos) << trouble;
  }
}

}  // namespace
}  // namespace autohttps
