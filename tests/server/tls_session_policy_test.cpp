// What clients ask of a session, and get or do not get.
#include <autohttps/server/tls/attach.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/tls_session.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/served_credentials.h>
#include <autohttps/tests/support/session_pair.h>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace autohttps {
namespace {

using Need = TlsSession::Need;

constexpr int kVersions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

// There bytes are there a moment later.
bool shake_hands_over_tcp(SessionPair& pair) {
  constexpr int kMost = 10'000;
  bool done = false;
  for (int i = 0; i < kMost && !done && pair.need != Need::failed; ++i) done = pair.shake_hands();
  return done;
}

class SessionPolicyTest : public ::testing::Test {
 protected:
  SessionPolicyTest() {
    cache_->install(make_credentials(ca_, {"a.test"}));
    client_.server_name = "a.test";
  }
  const TestCa ca_;
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  ManualClock clock_;
  const std::shared_ptr<TicketKeys> keys_ = std::make_shared<TicketKeys>(clock_);
  const TlsContext context_{TlsPolicy{}, cache_, keys_};
  TestClient client_;
};

TEST_F(SessionPolicyTest, ResumesAcrossASwapAndARotation) {
  for (const int version : kVersions) {
    client_.version = version;
    client_.session = nullptr;
    SessionPair first(context_, client_);
    ASSERT_TRUE(first.shake_hands());
    const SessionPtr session = first.session();
    cache_->install(make_credentials(ca_, {"a.test"}, 2));
    clock_.advance(std::chrono::hours(30));
    client_.session = session.get();
    SessionPair second(context_, client_);
    ASSERT_TRUE(second.shake_hands());
    EXPECT_EQ(SSL_session_reused(second.client()), 1);
    ASSERT_TRUE(second.client_writes("GET"));
    EXPECT_EQ(second.server_reads(), "GET");
    // A connection closed without a word does not spoil the session for the next.
    const SessionPtr newer = second.session();
    second.server.reset();
    client_.session = newer.get();
    SessionPair third(context_, client_);
    ASSERT_TRUE(third.shake_hands());
    EXPECT_EQ(SSL_session_reused(third.client()), 1);
  }
}

TEST_F(SessionPolicyTest, UnknownNamesGetTheAlertUnlessThereIsADefault) {
  client_.server_name = "b.test";
  for (const int version : kVersions) {
    client_.version = version;
    SessionPair pair(context_, client_);
    EXPECT_FALSE(pair.shake_hands());
    EXPECT_EQ(pair.need, Need::failed);
    EXPECT_EQ(pair.alert, SSL_AD_UNRECOGNIZED_NAME);
  }
  cache_->set_default("a.test");
  for (const std::string name : {"b.test", ""}) {
    client_.server_name = name;
    SessionPair pair(context_, client_);
    ASSERT_TRUE(pair.shake_hands()) << name;
    EXPECT_EQ(seen_fingerprint(pair.client()),
              cache_->certificate("a.test")->keys.front()->fingerprint());
  }
  client_.server_name = "*.test";  // no host has such a name
  SessionPair pair(context_, client_);
  EXPECT_FALSE(pair.shake_hands());
  EXPECT_EQ(pair.alert, SSL_AD_UNRECOGNIZED_NAME);
}

TEST_F(SessionPolicyTest, ADefaultStandsBackBehindWhatCanBeLoaded) {
  cache_->set_default("a.test");
  const auto loaded = make_credentials(ca_, {"b.test"});
  cache_->on_miss([&](std::string_view name, const std::function<void()>& ready) {
    if (name != "b.test") return false;
    cache_->install(loaded);
    ready();
    return true;
  });
  client_.server_name = "b.test";
  SessionPair pair(context_, client_);
  EXPECT_FALSE(pair.shake_hands());
  ASSERT_EQ(pair.need, Need::certificate);
  ASSERT_TRUE(pair.shake_hands());
  EXPECT_EQ(seen_fingerprint(pair.client()), loaded->keys.front()->fingerprint());
}

TEST_F(SessionPolicyTest, WithoutANameOurAddressSaysWhichCertificate) {
  const auto one = make_credentials(ca_, {"127.0.0.1"});
  const auto other = make_credentials(ca_, {"127.0.0.2", "c.test"});
  cache_->install(one);
  cache_->install(other);
  client_.server_name.clear();
  for (const auto& [address, credentials] : {std::pair("127.0.0.1", one), {"127.0.0.2", other}}) {
    auto [client_end, server_end] = loopback_pair(address);
    SessionPair pair(context_, client_, std::move(client_end), std::move(server_end));
    ASSERT_TRUE(shake_hands_over_tcp(pair));
    EXPECT_EQ(seen_fingerprint(pair.client()), credentials->keys.front()->fingerprint());
  }
}

TEST_F(SessionPolicyTest, RenegotiationIsRefusedAndTheConnectionGoesOn) {
  client_.version = TLS1_2_VERSION;
  SessionPair pair(context_, client_);
  ASSERT_TRUE(pair.shake_hands());
  ASSERT_EQ(SSL_renegotiate(pair.client()), 1);
  pair.client_step();
  EXPECT_EQ(pair.server_reads(), "");
  EXPECT_EQ(pair.need, Need::readable);
  EXPECT_EQ(pair.server.write(std::string_view("fine")).bytes, 4U);
  EXPECT_FALSE(pair.client_step());  // OpenSSL's client takes the refusal for an end
  EXPECT_EQ(SSL_total_renegotiations(pair.server.handle()), 0);
}

TEST_F(SessionPolicyTest, KeysAreUpdatedOnRequest) {
  client_.version = TLS1_3_VERSION;
  SessionPair pair(context_, client_);
  ASSERT_TRUE(pair.shake_hands());
  ASSERT_EQ(SSL_key_update(pair.client(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_TRUE(pair.client_writes("GET"));
  EXPECT_EQ(pair.server_reads(), "GET");
  EXPECT_EQ(pair.server.write(std::string_view("fine")).bytes, 4U);
  EXPECT_EQ(pair.client_reads(), "fine");
}

TEST_F(SessionPolicyTest, WhoSendsNothingButKeyUpdatesIsCutOff) {
  client_.version = TLS1_3_VERSION;
  auto [client_end, server_end] = loopback_pair();
  SessionPair pair(context_, client_, std::move(client_end), std::move(server_end));
  ASSERT_TRUE(shake_hands_over_tcp(pair));
  constexpr int kUpdates = 5000;  // more than some reads of 16 KiB hold
  for (int i = 0; i < kUpdates; ++i) {
    ASSERT_EQ(SSL_key_update(pair.client(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_TRUE(pair.client_step());
  }
  EXPECT_EQ(pair.server_reads(), "");
  EXPECT_EQ(pair.need, Need::failed);
}

TEST_F(SessionPolicyTest, EarlyDataIsThrownAway) {
  client_.version = TLS1_3_VERSION;
  SessionPair first(context_, client_);
  ASSERT_TRUE(first.shake_hands());
  const SessionPtr session = first.session();
  // A client that believes it may.
  ASSERT_EQ(SSL_SESSION_set_max_early_data(session.get(), 1000), 1);
  client_.session = session.get();
  SessionPair second(context_, client_);
  std::size_t written = 0;
  ASSERT_EQ(SSL_write_early_data(second.client(), "POST", 4, &written), 1);
  ASSERT_TRUE(second.shake_hands());
  EXPECT_EQ(SSL_get_early_data_status(second.client()), SSL_EARLY_DATA_REJECTED);
  ASSERT_TRUE(second.client_writes("GET"));
  EXPECT_EQ(second.server_reads(), "GET");
}

TEST_F(SessionPolicyTest, AContextOfOnesOwnMayAskForClientCertificates) {
  SslContextPtr own(SSL_CTX_new(TLS_server_method()));
  attach(own.get(), cache_);
  SSL_CTX_set_verify(own.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  const TlsContext context(own.release());
  for (const int version : kVersions) {
    client_.version = version;
    SessionPair pair(context, client_);
    while (pair.need == Need::nothing || pair.need == Need::readable) {
      pair.client_step();
      pair.server_step();
    }
    EXPECT_EQ(pair.need, Need::failed);
    pair.client_step();
    pair.client_reads();
    EXPECT_NE(pair.alert, 0);
  }
}

// A source whose answer comes when the test says so.
struct SlowSource : CertificateSource {
  std::shared_ptr<const Credentials> find(const ClientHello&) const noexcept override {
    return there;
  }
  bool fetch(const ClientHello&, std::function<void()> answer) noexcept override {
    ready = std::move(answer);
    return true;
  }
  std::shared_ptr<const Credentials> there;
  std::function<void()> ready;
};

class SuspendedTest : public SessionPolicyTest {
 protected:
  SuspendedTest() {
    pair_.shake_hands();
    EXPECT_EQ(pair_.need, Need::certificate);
  }
  std::function<void()> count() {
    return [this] { ++ready_; };
  }
  void load() { source_->there = cache_->certificate("a.test"); }

  const std::shared_ptr<SlowSource> source_ = std::make_shared<SlowSource>();
  const TlsContext slow_{TlsPolicy{}, source_};
  SessionPair pair_{slow_, [] {
                      TestClient client;
                      client.server_name = "a.test";
                      return client;
                    }()};
  int ready_ = 0;
};

TEST_F(SuspendedTest, GoesOnWhenTheCertificateIsThere) {
  EXPECT_EQ(pair_.server_step(), Need::certificate);  // asking does not help
  pair_.server.when_certificate_is_ready(count());
  EXPECT_EQ(ready_, 0);
  load();
  source_->ready();
  EXPECT_EQ(ready_, 1);
  EXPECT_TRUE(pair_.shake_hands());
}

TEST_F(SuspendedTest, AnAnswerFromBeforeTheQuestionIsHeard) {
  load();
  source_->ready();
  pair_.server.when_certificate_is_ready(count());
  EXPECT_EQ(ready_, 1);
  EXPECT_TRUE(pair_.shake_hands());
}

TEST_F(SuspendedTest, AnAnswerMayComeAfterTheConnection) {
  pair_.server.when_certificate_is_ready(count());
  pair_.server.reset();
  source_->ready();
  EXPECT_EQ(ready_, 1);
}

TEST_F(SuspendedTest, NobodyIsCalledTwice) {
  pair_.server.when_certificate_is_ready(count());
  pair_.server.when_certificate_is_ready(count());
  source_->ready();
  EXPECT_EQ(ready_, 2);  // once each
  source_->ready();
  source_->ready = nullptr;
  EXPECT_EQ(ready_, 2);
}

TEST_F(SuspendedTest, ASourceThatGivesUpHasAnswered) {
  pair_.server.when_certificate_is_ready(count());
  source_->ready = nullptr;
  EXPECT_EQ(ready_, 1);
  EXPECT_FALSE(pair_.shake_hands());
  EXPECT_EQ(pair_.need, Need::failed);
  EXPECT_EQ(pair_.alert, SSL_AD_UNRECOGNIZED_NAME);
}

TEST_F(SuspendedTest, TheConnectionMayEndInTheCall) {
  load();
  source_->ready();
  pair_.server.when_certificate_is_ready([this] {
    ++ready_;
    pair_.server.reset();
  });
  EXPECT_EQ(ready_, 1);
  EXPECT_FALSE(pair_.server);
}

}  // namespace
}  // namespace autohttps
