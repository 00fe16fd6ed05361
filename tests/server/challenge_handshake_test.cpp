#include <autohttps/common/challenge_answers.h>
#include <autohttps/server/tls/attach.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/tls_policy.h>
#include <autohttps/tests/support/memory_handshake.h>
#include <autohttps/tests/support/served_credentials.h>

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace autohttps {
namespace {

using Ready = std::function<void(std::shared_ptr<const CertifiedKey>)>;

// a.test has a certificate and a challenge that is up; b.test a certificate alone.
class ChallengeHandshakeTest : public testing::Test {
 protected:
  ChallengeHandshakeTest() {
    cache_->install(ordinary_);
    cache_->install(make_credentials(ca_, {"b.test"}));
    cache_->set_default("a.test");
    cache_->on_challenge([this](std::string_view name, Ready ready) {
      ++asked_;
      const auto found = up_.find(std::string(name));
      if (at_once_) {
        ready(found == up_.end() ? nullptr : found->second);
      } else {
        ready_ = std::move(ready);
      }
      return true;
    });
  }

  static TestClient client(const std::string& name, std::vector<std::string> alpn,
                           int version = 0) {
    TestClient client;
    client.server_name = name;
    client.alpn = std::move(alpn);
    client.version = version;
    return client;
  }
  TestHandshake shake(const TestClient& plan) { return shake_hands(context_.get(), plan); }

  const TestCa ca_{1};
  const std::shared_ptr<const Credentials> ordinary_ = make_credentials(ca_, {"a.test"});
  std::map<std::string, std::shared_ptr<const CertifiedKey>> up_{
      {"a.test", TestCa::self_signed({"a.test"}).certified()}};
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  const SslContextPtr context_{make_server_context({}, cache_)};
  bool at_once_ = true;
  int asked_ = 0;
  Ready ready_;
};

// RFC 8737 3.
TEST_F(ChallengeHandshakeTest, ACaGetsTheChallengesCertificateAndItsProtocol) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TestHandshake handshake = shake(client("a.test", {"acme-tls/1"}, version));
    ASSERT_TRUE(handshake.done) << version;
    EXPECT_EQ(handshake.version, version);
    EXPECT_EQ(handshake.fingerprint, up_["a.test"]->fingerprint());
    EXPECT_EQ(handshake.protocol, "acme-tls/1");
    // Everybody else goes on as before.
    EXPECT_EQ(shake(client("a.test", {"http/1.1"}, version)).fingerprint,
              ordinary_->keys[0]->fingerprint());
  }
}

TEST_F(ChallengeHandshakeTest, NothingIsReadAfterIt) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TestHandshake handshake = shake(client("a.test", {"acme-tls/1"}, version));
    ASSERT_TRUE(handshake.done);
    EXPECT_EQ(send_through(handshake.client.get(), handshake.server.get(),
                           "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
              "");
  }
}

TEST_F(ChallengeHandshakeTest, ThereIsNoSessionToBeResumed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TestHandshake first = shake(client("a.test", {"acme-tls/1"}, version));
    EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get0_session(first.client.get())), 0) << version;
    if (!first.session) continue;
    for (const char* protocol : {"acme-tls/1", "http/1.1"}) {
      TestClient again = client("a.test", {protocol}, version);
      again.session = first.session.get();
      EXPECT_FALSE(shake(again).resumed) << version;
    }
  }
}

TEST_F(ChallengeHandshakeTest, AnOrdinarySessionIsNotResumedIntoOne) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TestHandshake first = shake(client("a.test", {"http/1.1"}, version));
    ASSERT_TRUE(first.session);
    TestClient again = client("a.test", {"acme-tls/1"}, version);
    again.session = first.session.get();
    const TestHandshake handshake = shake(again);
    EXPECT_TRUE(handshake.done);
    EXPECT_FALSE(handshake.resumed) << version;
    EXPECT_EQ(handshake.fingerprint, up_["a.test"]->fingerprint());
  }
}

TEST_F(ChallengeHandshakeTest, ItWaitsWhileTheStoreIsRead) {
  at_once_ = false;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    asked_ = 0;
    TestHandshake handshake =
        shake_hands(context_.get(), client("a.test", {"acme-tls/1"}, version), 3);
    EXPECT_FALSE(handshake.done);
    EXPECT_EQ(asked_, 1) << "once a handshake";
    EXPECT_FALSE(wait_for_certificate(handshake.server.get(), std::chrono::milliseconds(0)));
    std::exchange(ready_, {})(up_["a.test"]);
    EXPECT_TRUE(wait_for_certificate(handshake.server.get(), std::chrono::milliseconds(0)));
    go_on(handshake);
    EXPECT_TRUE(handshake.done);
    EXPECT_EQ(handshake.protocol, "acme-tls/1");
  }
}

TEST_F(ChallengeHandshakeTest, WhoDropsTheQuestionHasAnsweredIt) {
  at_once_ = false;
  TestHandshake handshake = shake_hands(context_.get(), client("a.test", {"acme-tls/1"}), 1);
  ready_ = {};
  go_on(handshake);
  EXPECT_FALSE(handshake.done);
  EXPECT_EQ(handshake.client_alert, SSL_AD_NO_APPLICATION_PROTOCOL);
}

// A hello without key shares that we take is followed by another one (RFC 8446 4.1.4).
TEST_F(ChallengeHandshakeTest, ASecondHelloIsAnsweredToo) {
  TestClient plan = client("a.test", {"acme-tls/1"}, TLS1_3_VERSION);
  plan.prepare = [](SSL_CTX* context) { SSL_CTX_set1_groups_list(context, "P-521:P-256"); };
  const TestHandshake handshake = shake(plan);
  ASSERT_TRUE(handshake.done);
  EXPECT_EQ(handshake.fingerprint, up_["a.test"]->fingerprint());
}

TEST_F(ChallengeHandshakeTest, AServerOfSomebodyElsesAnswersWithoutAlpnOfItsOwn) {
  const SslContextPtr own(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_min_proto_version(own.get(), TLS1_VERSION);
  SSL_CTX_set_security_level(own.get(), 0);
  attach(own.get(), cache_);
  const TestHandshake handshake = shake_hands(own.get(), client("a.test", {"acme-tls/1"}));
  ASSERT_TRUE(handshake.done);
  EXPECT_EQ(handshake.protocol, "acme-tls/1");
  EXPECT_EQ(send_through(handshake.client.get(), handshake.server.get(), "GET /"), "");
  // RFC 8737 4: TLS 1.2 or higher, whatever the context takes from others.
  EXPECT_FALSE(shake_hands(own.get(), client("a.test", {"acme-tls/1"}, TLS1_1_VERSION)).done);
  EXPECT_EQ(shake_hands(own.get(), client("b.test", {"acme-tls/1"})).client_alert,
            SSL_AD_NO_APPLICATION_PROTOCOL);
}

TEST_F(ChallengeHandshakeTest, AContextThatIsStricterStaysSo) {
  TlsPolicy policy;
  policy.level = TlsPolicy::Level::modern;
  const SslContextPtr modern(make_server_context(policy, cache_));
  EXPECT_FALSE(shake_hands(modern.get(), client("a.test", {"acme-tls/1"}, TLS1_2_VERSION)).done);
  EXPECT_TRUE(shake_hands(modern.get(), client("a.test", {"acme-tls/1"}, TLS1_3_VERSION)).done);
}

// ---- RELIABILITY F49

TEST_F(ChallengeHandshakeTest, F49_WithoutAChallengeAcmeTlsIsRefused) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* name : {"b.test", "unknown.test", ""}) {
      const TestHandshake handshake = shake(client(name, {"acme-tls/1"}, version));
      EXPECT_FALSE(handshake.done) << name;
      EXPECT_EQ(handshake.fingerprint, "");
      EXPECT_EQ(handshake.client_alert, SSL_AD_NO_APPLICATION_PROTOCOL) << name;
    }
  }
}

TEST_F(ChallengeHandshakeTest, F49_AServerThatAnswersNoneRefusesAcmeTls) {
  const auto plain = std::make_shared<CertificateCache>();
  plain->install(ordinary_);
  const SslContextPtr context(make_server_context({}, plain));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TestHandshake handshake =
        shake_hands(context.get(), client("a.test", {"acme-tls/1"}, version));
    EXPECT_EQ(handshake.client_alert, SSL_AD_NO_APPLICATION_PROTOCOL);
  }
}

// RFC 8737 3: "the ALPN extension containing only the value acme-tls/1"; mixed, it is no CA's.
TEST_F(ChallengeHandshakeTest, F49_AMixedListIsAnOrdinaryHello) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const auto& list : {std::vector<std::string>{"acme-tls/1", "http/1.1"},
                             std::vector<std::string>{"http/1.1", "acme-tls/1"}}) {
      const TestHandshake handshake = shake(client("a.test", list, version));
      EXPECT_TRUE(handshake.done);
      EXPECT_EQ(handshake.protocol, "http/1.1");
      EXPECT_EQ(handshake.fingerprint, ordinary_->keys[0]->fingerprint());
    }
    EXPECT_EQ(shake(client("a.test", {"acme-tls/1", "acme-tls/1"}, version)).client_alert,
              SSL_AD_NO_APPLICATION_PROTOCOL);
    EXPECT_EQ(asked_, 0);
  }
}

TEST_F(ChallengeHandshakeTest, F49_JunkIsRefused) {
  for (const std::string& junk :
       {std::string("acme-tls/2"), std::string("ACME-TLS/1"), std::string("acme-tls/1\0", 11),
        std::string("acme-tls/"), std::string(255, 'x'), std::string("\0", 1)}) {
    const TestHandshake handshake = shake(client("a.test", {junk}));
    EXPECT_FALSE(handshake.done) << junk;
    EXPECT_EQ(handshake.client_alert, SSL_AD_NO_APPLICATION_PROTOCOL) << junk;
  }
  EXPECT_EQ(asked_, 0);
}

}  // namespace
}  // namespace autohttps
