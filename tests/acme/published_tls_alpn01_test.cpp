#include <autohttps/acme/challenges/published_tls_alpn01.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/sha256.h>
#include <autohttps/tests/support/acme_identifier.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

const std::string kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const std::string kKeyAuthorization = kToken + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";

class PublishedTlsAlpn01Test : public testing::Test {
 protected:
  PublishedTlsAlpn01Test() { ways_.open("tls-alpn-01"); }
  std::unique_ptr<Presentation> present(const std::string& name) {
    return solver_.present({Identifier::parse(name), kToken, kKeyAuthorization}, {});
  }
  // By another process of the store.
  std::shared_ptr<const CertifiedKey> served(const std::string& name) {
    MemoryStore other(store_.disk(), clock_);
    return PublishedAnswers(other, clock_).tls_alpn(name);
  }

  ManualClock clock_;
  MemoryStore store_{clock_};
  PublishedAnswers answers_{store_, clock_};
  AnsweringWays ways_;
  PublishedTlsAlpn01 solver_{answers_, ways_, clock_};
};

// RFC 8737 3.
TEST_F(PublishedTlsAlpn01Test, TheCertificateIsForTheNameAloneAndHasTheDigest) {
  const auto presentation = present("a.test");
  const auto answer = served("a.test");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->names(), std::vector<Identifier>{Identifier::parse("a.test")});
  EXPECT_EQ(answer->chain_length(), 1U);
  EXPECT_EQ(answer->key().type(), KeyType::ec256);
  const AcmeIdentifier identifier = acme_identifier(answer->certificate(0));
  EXPECT_EQ(identifier.count, 1);
  EXPECT_TRUE(identifier.critical);
  EXPECT_EQ(identifier.value, "\x04\x20" + sha256(kKeyAuthorization));
  EXPECT_EQ(X509_self_signed(answer->certificate(0), 1), 1);
}

TEST_F(PublishedTlsAlpn01Test, EachAnswerHasAKeyOfItsOwn) {
  auto first = present("a.test");
  const auto before = served("a.test");
  first.reset();
  const auto second = present("a.test");
  EXPECT_FALSE(before->key() == served("a.test")->key());
}

// RFC 8738 6: the SNI of an address is its reverse name, the certificate is for the address.
TEST_F(PublishedTlsAlpn01Test, AnAddressIsAskedForByItsReverseName) {
  const auto four = present("192.0.2.1");
  const auto six = present("2001:db8::8:800:200c:417a");
  ASSERT_TRUE(served("1.2.0.192.in-addr.arpa"));
  EXPECT_EQ(served("1.2.0.192.in-addr.arpa")->names(),
            std::vector<Identifier>{Identifier::parse("192.0.2.1")});
  const std::string reverse =
      "a.7.1.4.c.0.0.2.0.0.8.0.8.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
  ASSERT_TRUE(served(reverse));
  EXPECT_EQ(served(reverse)->names(),
            std::vector<Identifier>{Identifier::parse("2001:db8::8:800:200c:417a")});
}

TEST_F(PublishedTlsAlpn01Test, NothingIsLeftAfterwards) {
  present("a.test").reset();
  EXPECT_FALSE(served("a.test"));
  EXPECT_TRUE(store_.disk()->keys().empty());
}

TEST_F(PublishedTlsAlpn01Test, ObstaclesAreWildcardsAndWhatTheListenersSay) {
  EXPECT_EQ(solver_.type(), "tls-alpn-01");
  EXPECT_FALSE(solver_.obstacle(Identifier::parse("a.test")));
  EXPECT_FALSE(solver_.obstacle(Identifier::parse("2001:db8::1")));
  EXPECT_TRUE(solver_.obstacle(Identifier::parse("*.a.test")));
  ways_.close("tls-alpn-01", "port 443 is held by nginx");
  EXPECT_EQ(solver_.obstacle(Identifier::parse("a.test")), "port 443 is held by nginx");
}

TEST_F(PublishedTlsAlpn01Test, AFailedOneLeavesNeitherAnswerNorLock) {
  store_.fail_at(store_.changes() + 1);
  EXPECT_TRUE(thrown_error([&] { present("a.test"); }));
  EXPECT_FALSE(served("a.test"));
  EXPECT_TRUE(present("a.test"));
}

// Two orders with a name in common: the second waits, and nothing of it is up before.
TEST_F(PublishedTlsAlpn01Test, AnAnswerIsNotReplacedByAnotherOrders) {
  const auto first = present("a.test");
  const std::string fingerprint = served("a.test")->fingerprint();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(thrown_error([&] {
    solver_.present({Identifier::parse("a.test"), kToken, "other"}, stop.get_token());
  }));
  EXPECT_EQ(served("a.test")->fingerprint(), fingerprint);
}

}  // namespace
}  // namespace autohttps::acme
