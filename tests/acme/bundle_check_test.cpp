#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/common/error.h>

#include <autohttps/tests/support/test_certificates.h>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

namespace autohttps::acme {
namespace {

const WallTime kNow{std::chrono::seconds(1'800'000'000)};

Bundle bundle_of(const TestChain& chain, const std::vector<std::string>& names = {"a.test"}) {
  Bundle bundle;
  bundle.chain_pem = chain.chain;
  bundle.key_pem = chain.key;
  bundle.names = parse_identifiers(names);
  return bundle;
}

std::string refusal_of(const TestChain& chain, const std::vector<std::string>& names = {"a.test"}) {
  try {
    check_bundle(bundle_of(chain, names), parse_identifiers(names), kNow);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::crypto) << error.what();
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return {};
}

class BundleCheckTest : public testing::Test {
 protected:
  TestCa ca_{1, kNow};
};

TEST_F(BundleCheckTest, AcceptsAGoodOneAndReturnsItParsed) {
  const TestChain chain = ca_.leaf(std::vector<std::string>{"a.test", "b.test"});
  const auto key = check_bundle(bundle_of(chain, {"a.test", "b.test"}),
                                parse_identifiers({"a.test", "b.test"}), kNow);
  EXPECT_EQ(key->names(), parse_identifiers({"a.test", "b.test"}));
}

TEST_F(BundleCheckTest, AcceptsMoreNamesLongerChainsAndTheRoot) {
  EXPECT_EQ(refusal_of(ca_.leaf(std::vector<std::string>{"a.test", "b.test"})), "");
  EXPECT_EQ(refusal_of(TestCa(3, kNow).leaf(std::vector<std::string>{"a.test"})), "");
  EXPECT_EQ(refusal_of(ca_.with_root({"a.test"})), "");
}

TEST_F(BundleCheckTest, AcceptsAHostThatAWildcardCoversButNotTheOtherWayRound) {
  EXPECT_EQ(refusal_of(ca_.leaf(std::vector<std::string>{"*.a.test"}), {"www.a.test"}), "");
  EXPECT_NE(refusal_of(ca_.leaf(std::vector<std::string>{"www.a.test"}), {"*.a.test"}), "");
  EXPECT_NE(refusal_of(ca_.leaf(std::vector<std::string>{"*.a.test"}), {"a.test"}), "");
}

TEST_F(BundleCheckTest, CoversIpAddresses) {
  EXPECT_EQ(refusal_of(ca_.leaf(std::vector<std::string>{"192.0.2.7"}), {"192.0.2.7"}), "");
  EXPECT_NE(refusal_of(ca_.leaf(std::vector<std::string>{"192.0.2.8"}), {"192.0.2.7"}), "");
}

TEST_F(BundleCheckTest, RefusesWhatHasATenthOfItsLifeOrLessLeft) {
  using std::chrono::days;
  TestLeafPlan plan;
  plan.not_before = kNow - days(90);
  plan.not_after = kNow + days(10);
  EXPECT_NE(refusal_of(ca_.leaf(plan)), "");
  plan.not_after = kNow + days(11);
  EXPECT_EQ(refusal_of(ca_.leaf(plan)), "");
}

struct WrongCertificate {
  const char* name;
  std::function<TestChain(const TestCa&)> make;
  const char* says;
};

TEST(F16_WrongCertificates, EachIsRefusedForWhatIsWrongWithIt) {
  using Names = std::vector<std::string>;
  const Names one = {"a.test"};
  const std::vector<WrongCertificate> table = {
      {"another key", [&](const TestCa& ca) { return ca.for_another_key(one); }, "private key"},
      {"other names", [](const TestCa& ca) { return ca.leaf(Names{"evil.test"}); }, "not cover"},
      {"no names", [](const TestCa& ca) { return ca.leaf(Names{}); }, "not cover"},
      {"expired", [&](const TestCa& ca) { return ca.expired(one); }, "expired"},
      {"not yet valid", [&](const TestCa& ca) { return ca.not_yet_valid(one); },
       "not valid before"},
      {"self-signed", [&](const TestCa&) { return TestCa::self_signed(one, kNow); },
       "intermediate"},
      {"CA:TRUE", [&](const TestCa& ca) { return ca.with_ca_bit(one); }, "CA's certificate"},
      {"wrong order", [&](const TestCa& ca) { return ca.in_wrong_order(one); }, "private key"},
      {"no intermediate", [&](const TestCa& ca) { return ca.without_intermediate(one); },
       "intermediate"},
      {"another CA's intermediate",
       [&](const TestCa& ca) {
         TestChain chain = ca.without_intermediate(one);
         chain.chain += TestCa(1, kNow).intermediates();
         return chain;
       },
       "not issued by"},
      {"a key inside",
       [&](const TestCa& ca) {
         TestChain chain = ca.leaf(one);
         chain.chain += chain.key;
         return chain;
       },
       ""},
      {"empty",
       [&](const TestCa& ca) {
         return TestChain{"", ca.leaf(one).key};
       },
       ""},
      {"no key",
       [&](const TestCa& ca) {
         return TestChain{ca.leaf(one).chain, ""};
       },
       ""},
      {"control bytes",
       [&](const TestCa& ca) {
         TestChain chain = ca.leaf(one);
         chain.chain.insert(0, "\x1b[31m\n");
         return chain;
       },
       ""},
      {"300 KiB",
       [&](const TestCa& ca) {
         TestChain chain = ca.leaf(one);
         chain.chain += std::string(300 * 1024, '\n');
         return chain;
       },
       ""},
  };
  const TestCa ca(1, kNow);
  for (const WrongCertificate& wrong : table) {
    const std::string refusal = refusal_of(wrong.make(ca));
    EXPECT_NE(refusal, "") << wrong.name;
    EXPECT_NE(refusal.find(wrong.says), std::string::npos) << wrong.name << ": " << refusal;
    EXPECT_EQ(refusal.find('\x1b'), std::string::npos) << wrong.name;
  }
}

TEST_F(BundleCheckTest, FewerNamesAreRefusedAndTheMissingOnesNamed) {
  const std::string refusal =
      refusal_of(ca_.leaf(std::vector<std::string>{"a.test"}), {"a.test", "b.test", "c.test"});
  EXPECT_NE(refusal.find("does not cover b.test, c.test"), std::string::npos) << refusal;
}

TEST_F(BundleCheckTest, WhatIsOnDiskIsServedAlthoughExpired) {
  EXPECT_EQ(trouble_with(*ca_.expired({"a.test"}).certified(), parse_identifiers({"a.test"})), "");
  EXPECT_NE(trouble_with(*ca_.with_ca_bit({"a.test"}).certified(), parse_identifiers({"a.test"})),
            "");
}

}  // namespace
}  // namespace autohttps::acme
