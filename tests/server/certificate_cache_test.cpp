#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/placeholder.h>
#include <autohttps/tests/support/served_credentials.h>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace autohttps {
namespace {

class CertificateCacheTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Credentials> find(std::string_view name) const {
    return cache_.find({name, {}, {}});
  }
  std::shared_ptr<const Credentials> find_by_address(std::string_view ip) const {
    return cache_.find({{}, {}, ip});
  }
  std::shared_ptr<const Credentials> placeholder(const std::vector<std::string>& names) const {
    return make_placeholder(names.front(), parse_identifiers(names), ca_.now());
  }

  const TestCa ca_;
  CertificateCache cache_;
};

TEST_F(CertificateCacheTest, FindsEachOfACertificatesNamesAndNoOther) {
  const auto installed = make_credentials(ca_, {"a.test", "b.test"});
  cache_.install(installed);
  EXPECT_EQ(find("a.test"), installed);
  EXPECT_EQ(find("b.test"), installed);
  EXPECT_EQ(find("c.test"), nullptr);
  EXPECT_EQ(find("x.a.test"), nullptr);
  EXPECT_EQ(find("test"), nullptr);
  EXPECT_EQ(cache_.certificate("a.test"), installed);
  EXPECT_EQ(cache_.size(), 1U);
}

TEST_F(CertificateCacheTest, AWildcardCoversOneLabelAndGivesWayToTheExactName) {
  const auto wildcard = make_credentials(ca_, {"*.a.test"});
  const auto exact = make_credentials(ca_, {"www.a.test"});
  cache_.install(exact);
  cache_.install(wildcard);
  EXPECT_EQ(find("www.a.test"), exact);
  EXPECT_EQ(find("other.a.test"), wildcard);
  EXPECT_EQ(find("a.test"), nullptr);
  EXPECT_EQ(find("x.y.a.test"), nullptr);
  EXPECT_EQ(find(".a.test"), nullptr);
}

TEST_F(CertificateCacheTest, ANewGenerationTakesThePlaceOfTheOldWithTheNamesThatItHas) {
  cache_.install(make_credentials(ca_, {"a.test", "b.test"}, 1));
  const auto next = make_credentials("a.test", {ca_.leaf({"a.test", "c.test"}).certified()}, 2);
  cache_.install(next);
  EXPECT_EQ(find("a.test"), next);
  EXPECT_EQ(find("c.test"), next);
  EXPECT_EQ(find("b.test"), nullptr);
  EXPECT_EQ(cache_.size(), 1U);
}

TEST_F(CertificateCacheTest, AnOlderGenerationIsTakenToo) {
  cache_.install(make_credentials(ca_, {"a.test"}, 2));
  const auto rolled_back = make_credentials(ca_, {"a.test"}, 1);
  cache_.install(rolled_back);
  EXPECT_EQ(find("a.test"), rolled_back);
}

TEST_F(CertificateCacheTest, OfTwoCertificatesForANameTheLastInstalledIsServed) {
  const auto first = make_credentials("first", {ca_.leaf({"a.test"}).certified()});
  const auto second = make_credentials("second", {ca_.leaf({"a.test"}).certified()});
  cache_.install(first);
  cache_.install(second);
  EXPECT_EQ(find("a.test"), second);
  cache_.withdraw("second");
  EXPECT_EQ(find("a.test"), first);
  cache_.withdraw("first");
  EXPECT_EQ(find("a.test"), nullptr);
  EXPECT_EQ(cache_.size(), 0U);
  cache_.withdraw("first");
}

TEST_F(CertificateCacheTest, APlaceholderGivesWayToARealOneAndReplacesNone) {
  const auto marked = placeholder({"a.test", "b.test"});
  cache_.install(marked);
  EXPECT_EQ(find("a.test"), marked);

  const auto real = make_credentials(ca_, {"a.test"});
  cache_.install(real);
  EXPECT_EQ(find("a.test"), real);
  EXPECT_EQ(find("b.test"), nullptr);

  cache_.install(marked);
  EXPECT_EQ(find("a.test"), real);
}

TEST_F(CertificateCacheTest, ARealWildcardOrOtherCertificateIsBetterThanAPlaceholder) {
  const auto wildcard = make_credentials(ca_, {"*.a.test"});
  const auto other = make_credentials("other", {ca_.leaf({"b.test"}).certified()});
  cache_.install(wildcard);
  cache_.install(other);
  cache_.install(placeholder({"www.a.test", "b.test"}));
  EXPECT_EQ(find("www.a.test"), wildcard);
  EXPECT_EQ(find("b.test"), other);
}

TEST_F(CertificateCacheTest, ExpiredIsBetterThanNone) {
  const auto old = make_credentials("a.test", {ca_.expired({"a.test"}).certified()});
  cache_.install(old);
  EXPECT_EQ(find("a.test"), old);
}

TEST_F(CertificateCacheTest, WithoutServerNameTheLocalAddressThenTheDefaultIsAsked) {
  const auto by_address = make_credentials(ca_, {"192.0.2.7", "2001:db8::7"});
  const auto fallback = make_credentials(ca_, {"a.test"});
  cache_.install(by_address);
  cache_.install(fallback);
  EXPECT_EQ(find_by_address("192.0.2.7"), by_address);
  EXPECT_EQ(find_by_address("2001:db8::7"), by_address);
  EXPECT_EQ(find_by_address("192.0.2.8"), nullptr);
  EXPECT_EQ(find_by_address(""), nullptr);

  cache_.set_default("a.test");
  EXPECT_EQ(find_by_address("192.0.2.8"), fallback);
  EXPECT_EQ(find_by_address("192.0.2.7"), by_address);
  EXPECT_EQ(find("c.test"), nullptr);
}

TEST_F(CertificateCacheTest, CredentialsWithoutAKeyAreNotInstalled) {
  const auto good = make_credentials(ca_, {"a.test"});
  cache_.install(good);
  cache_.install(make_credentials("a.test", {}));
  cache_.install(nullptr);
  EXPECT_EQ(find("a.test"), good);
}

TEST_F(CertificateCacheTest, OfWhatCanBeLoadedAgainThoseLeastUsedGo) {
  std::vector<std::string> dropped;
  cache_.hold_at_most(3);
  cache_.on_drop([&](std::string_view id) { dropped.emplace_back(id); });
  const auto install = [&](const std::string& name, bool loads_again) {
    auto credentials = std::make_shared<Credentials>(*make_credentials(ca_, {name}));
    credentials->loads_again = loads_again;
    cache_.install(credentials);
  };
  install("kept.test", false);
  for (const char* name : {"a.test", "b.test", "c.test"}) install(name, true);
  EXPECT_NE(find("a.test"), nullptr);
  EXPECT_TRUE(dropped.empty());
  install("d.test", true);
  EXPECT_EQ(dropped, std::vector<std::string>{"b.test"});
  EXPECT_EQ(find("b.test"), nullptr);
  for (const char* name : {"a.test", "c.test", "d.test", "kept.test"}) {
    EXPECT_NE(find(name), nullptr) << name;
  }
  cache_.withdraw("a.test");
  install("e.test", true);
  EXPECT_EQ(dropped.size(), 1U) << "what is withdrawn makes room";
  for (int i = 0; i < 20; ++i) install("x" + std::to_string(i) + ".test", true);
  EXPECT_EQ(cache_.size(), 4U);
  EXPECT_NE(find("kept.test"), nullptr);
  EXPECT_NE(find("x19.test"), nullptr) << "a handshake waits for the newest";
}

TEST_F(CertificateCacheTest, FetchAsksWhoeverLoadsAndSurvivesItsTrouble) {
  EXPECT_FALSE(cache_.fetch({"a.test", {}, {}}, [] {}));  // nobody to ask

  std::vector<std::string> asked;
  cache_.on_miss([&](std::string_view name, std::function<void()> ready) {
    asked.emplace_back(name);
    ready();
    return true;
  });
  int ready = 0;
  EXPECT_TRUE(cache_.fetch({"a.test", {}, {}}, [&] { ++ready; }));
  EXPECT_TRUE(cache_.fetch({{}, {}, "192.0.2.7"}, [&] { ++ready; }));
  EXPECT_FALSE(cache_.fetch({{}, {}, {}}, [&] { ++ready; }));
  EXPECT_EQ(ready, 2);
  EXPECT_EQ(asked, (std::vector<std::string>{"a.test", "192.0.2.7"}));

  cache_.on_miss([](std::string_view, std::function<void()>) -> bool {
    throw std::runtime_error("the store is away");
  });
  EXPECT_FALSE(cache_.fetch({"a.test", {}, {}}, [] {}));
}

}  // namespace
}  // namespace autohttps
