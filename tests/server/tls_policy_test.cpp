#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/tls_policy.h>
#include <autohttps/tests/support/memory_handshake.h>
#include <autohttps/tests/support/served_credentials.h>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

class TlsPolicyTest : public ::testing::Test {
 protected:
  TlsPolicyTest() {
    cache_->install(both_kinds_of_key());
    client_.server_name = "a.test";
  }
  // Once: an RSA key takes its time.
  static const std::shared_ptr<const Credentials>& both_kinds_of_key() {
    static const std::shared_ptr<const Credentials> both = [] {
      const TestCa ca;
      TestLeafPlan rsa;
      rsa.key_type = KeyType::rsa2048;
      return make_credentials("a.test",
                              {ca.leaf({"a.test"}).certified(), ca.leaf(rsa).certified()});
    }();
    return both;
  }
  TestHandshake shake(TlsPolicy policy = {}) {
    context_.reset(make_server_context(policy, cache_));
    return shake_hands(context_.get(), client_);
  }

  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  SslContextPtr context_;
  TestClient client_;
};

TEST_F(TlsPolicyTest, SpeaksTls13AndHttp11) {
  client_.alpn = {"h2", "http/1.1"};
  const TestHandshake handshake = shake();
  EXPECT_TRUE(handshake.done);
  EXPECT_EQ(handshake.version, TLS1_3_VERSION);
  EXPECT_EQ(handshake.protocol, "http/1.1");
}

TEST_F(TlsPolicyTest, SaysThatItTookTheServerName) {
  client_.version = TLS1_2_VERSION;
  const TestHandshake handshake = shake();
  ASSERT_TRUE(handshake.session);
  EXPECT_STREQ(SSL_SESSION_get0_hostname(handshake.session.get()), "a.test");
}

TEST_F(TlsPolicyTest, OldVersionsAreRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    client_.version = version;
    client_.suites = "ALL:@SECLEVEL=0";
    EXPECT_FALSE(shake().done) << version;
    EXPECT_EQ(shake().client_alert, SSL_AD_PROTOCOL_VERSION);
  }
}

TEST_F(TlsPolicyTest, ModernIsTls13Alone) {
  client_.version = TLS1_2_VERSION;
  EXPECT_FALSE(shake({TlsPolicy::Level::modern}).done);
  client_.version = TLS1_3_VERSION;
  EXPECT_TRUE(shake({TlsPolicy::Level::modern}).done);
}

TEST_F(TlsPolicyTest, OfTls12TheSixSuitesWithForwardSecrecyAndAeadAreSpoken) {
  client_.version = TLS1_2_VERSION;
  const std::vector<std::string> good = {
      "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
      "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
      "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"};
  for (const std::string& suite : good) {
    client_.suites = suite;
    EXPECT_EQ(shake().suite, suite);
  }
  for (const char* suite :
       {"AES128-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
        "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-CCM", "NULL-SHA256"}) {
    client_.suites = std::string(suite) + ":@SECLEVEL=0";
    EXPECT_FALSE(shake().done) << suite;
  }
}

TEST_F(TlsPolicyTest, TheClientChoosesTheSuite) {
  client_.version = TLS1_2_VERSION;
  client_.suites = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_EQ(shake().suite, "ECDHE-ECDSA-CHACHA20-POLY1305");
  client_.suites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305";
  EXPECT_EQ(shake().suite, "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST_F(TlsPolicyTest, ResumesByTicketInBothVersions) {
  context_.reset(make_server_context({}, cache_));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client_.version = version;
    client_.session = nullptr;
    const TestHandshake first = shake_hands(context_.get(), client_);
    ASSERT_TRUE(first.session);
    client_.session = first.session.get();
    EXPECT_TRUE(shake_hands(context_.get(), client_).resumed) << version;
  }
}

TEST_F(TlsPolicyTest, TheHybridGroupIsTakenWhereOpensslHasIt) {
  client_.version = TLS1_3_VERSION;
  bool has_it = false;
  client_.prepare = [&has_it](SSL_CTX* context) {
    has_it = SSL_CTX_set1_groups_list(context, "X25519MLKEM768:X25519") == 1;
    if (!has_it) SSL_CTX_set1_groups_list(context, "X25519");
    ERR_clear_error();
  };
  const TestHandshake handshake = shake();
  ASSERT_TRUE(handshake.done);
  constexpr long kX25519MlKem768 = 0x11ec;  // draft-ietf-tls-ecdhe-mlkem
  const auto group = SSL_get_negotiated_group(handshake.client.get());
  if (has_it) {
    EXPECT_EQ(group & 0xffff, kX25519MlKem768);
  } else {
    EXPECT_EQ(group, NID_X25519);
  }
}

TEST_F(TlsPolicyTest, AnOfferToCompressIsPassedOver) {
  using namespace std::string_literals;
  // By hand: OpenSSL, as distributed, cannot offer it. Methods: deflate, null.
  const std::string hello =
      "\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03\x03"s + std::string(32, 'r') +
      "\x00\x00\x02\xc0\x2b\x02\x01\x00\x00\x10\x00\x0d\x00\x04\x00\x02\x04\x03"s +
      "\x00\x0a\x00\x04\x00\x02\x00\x17"s;
  cache_->set_default("a.test");
  context_.reset(make_server_context({}, cache_));
  const std::string answer = answer_to_hello(context_.get(), hello);
  ASSERT_GE(answer.size(), 100U);
  constexpr std::size_t kSessionIdLength = 5 + 4 + 2 + 32;
  ASSERT_EQ(answer.substr(0, 1) + answer.substr(5, 1), "\x16\x02"s);  // a server's hello
  const auto session_id = static_cast<std::size_t>(answer[kSessionIdLength]);
  EXPECT_EQ(answer.at(kSessionIdLength + 1 + session_id + 2), '\0');  // null
}

TEST_F(TlsPolicyTest, NoEarlyDataIsOffered) {
  client_.version = TLS1_3_VERSION;
  const TestHandshake handshake = shake();
  ASSERT_TRUE(handshake.session);
  EXPECT_EQ(SSL_SESSION_get_max_early_data(handshake.session.get()), 0U);
}

TEST(F49_TlsPolicy, ProtocolsThatWeDoNotSpeakGetAnAlert) {
  const TestCa ca;
  const auto cache = std::make_shared<CertificateCache>();
  cache->install(make_credentials(ca, {"a.test"}));
  const SslContextPtr context(make_server_context({}, cache));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* protocol : {"acme-tls/1", "h2", "spdy/3"}) {
      TestClient client;
      client.server_name = "a.test";
      client.version = version;
      client.alpn = {protocol};
      const TestHandshake refused = shake_hands(context.get(), client);
      EXPECT_FALSE(refused.done) << protocol;
      EXPECT_EQ(refused.client_alert, SSL_AD_NO_APPLICATION_PROTOCOL) << protocol;
    }
  }
}

TEST(F49_TlsPolicy, RenegotiationIsRefused) {
  const TestCa ca;
  const auto cache = std::make_shared<CertificateCache>();
  cache->install(make_credentials(ca, {"a.test"}));
  const SslContextPtr context(make_server_context({}, cache));
  TestClient client;
  client.server_name = "a.test";
  client.version = TLS1_2_VERSION;
  const TestHandshake handshake = shake_hands(context.get(), client);
  ASSERT_TRUE(handshake.done);
  ASSERT_EQ(SSL_renegotiate(handshake.client.get()), 1);
  SSL_do_handshake(handshake.client.get());
  char byte = 0;
  EXPECT_LE(SSL_read(handshake.server.get(), &byte, 1), 0);
  SSL_do_handshake(handshake.client.get());
  EXPECT_FALSE(SSL_is_init_finished(handshake.client.get()));  // its hello was never taken up
  ERR_clear_error();
}

}  // namespace
}  // namespace autohttps
