#include <autohttps/server/tls/attach.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/placeholder.h>
#include <autohttps/tests/support/memory_handshake.h>
#include <autohttps/tests/support/served_credentials.h>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

// A plain context of somebody's own server: attach() is all that it gets.
class AttachTest : public ::testing::Test {
 protected:
  void SetUp() override { attach(context_.get(), cache_); }

  std::string fingerprint_of(const Credentials& credentials, std::size_t key = 0) const {
    return credentials.keys.at(key)->fingerprint();
  }
  TestHandshake shake(const std::string& name, int version = 0) {
    TestClient client;
    client.server_name = name;
    client.version = version;
    return shake_hands(context_.get(), client);
  }

  const TestCa ca_{2};
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  const SslContextPtr context_{SSL_CTX_new(TLS_server_method())};
};

TEST_F(AttachTest, ServesTheNamesCertificateWithItsFullChain) {
  const auto a = make_credentials(ca_, {"a.test"});
  const auto b = make_credentials(ca_, {"b.test"});
  cache_->install(a);
  cache_->install(b);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TestHandshake first = shake("a.test", version);
    ASSERT_TRUE(first.done);
    EXPECT_EQ(first.version, version);
    EXPECT_EQ(first.fingerprint, fingerprint_of(*a));
    EXPECT_EQ(first.chain_length, 3U);  // two intermediates, no root
    EXPECT_EQ(shake("B.TEST", version).fingerprint, fingerprint_of(*b));
    EXPECT_EQ(send_through(first.client.get(), first.server.get(), "hello"), "hello");
  }
}

TEST_F(AttachTest, TheNextHandshakeAfterASwapSeesTheNewCertificate) {
  const auto old = make_credentials(ca_, {"a.test"}, 1);
  const auto renewed = make_credentials(ca_, {"a.test"}, 2);
  cache_->install(old);
  const TestHandshake before = shake("a.test");
  cache_->install(renewed);
  EXPECT_EQ(before.fingerprint, fingerprint_of(*old));
  EXPECT_EQ(shake("a.test").fingerprint, fingerprint_of(*renewed));
  // The connection from before goes on.
  EXPECT_EQ(send_through(before.server.get(), before.client.get(), "still here"), "still here");
}

TEST_F(AttachTest, AWildcardServesItsLabels) {
  const auto wildcard = make_credentials(ca_, {"*.a.test"});
  cache_->install(wildcard);
  EXPECT_EQ(shake("x.a.test").fingerprint, fingerprint_of(*wildcard));
  EXPECT_FALSE(shake("x.y.a.test").done);
}

TEST_F(AttachTest, OpensslChoosesEcdsaOrRsaByTheHello) {
  const TestChain ec = ca_.leaf({"a.test"});
  TestLeafPlan plan;
  plan.key_type = KeyType::rsa2048;
  const auto both = make_credentials("a.test", {ec.certified(), ca_.leaf(plan).certified()});
  cache_->install(both);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TestClient client;
    client.server_name = "a.test";
    client.version = version;
    client.sigalgs = "ECDSA+SHA256";
    EXPECT_EQ(shake_hands(context_.get(), client).fingerprint, fingerprint_of(*both, 0));
    client.sigalgs = "RSA-PSS+SHA256:RSA+SHA256";
    EXPECT_EQ(shake_hands(context_.get(), client).fingerprint, fingerprint_of(*both, 1));
  }
}

TEST_F(AttachTest, OfAPairTheOneWithTheNameAndTimeLeftIsShown) {
  TestLeafPlan lagging;
  lagging.key_type = KeyType::rsa2048;  // of a.test only
  const auto both = make_credentials(
      "a.test", {ca_.leaf(lagging).certified(), ca_.leaf({"a.test", "b.test"}).certified()});
  cache_->install(both);
  TestClient client;
  client.sigalgs = "RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA256";
  client.server_name = "a.test";
  EXPECT_EQ(shake_hands(context_.get(), client).fingerprint, fingerprint_of(*both, 0));
  client.server_name = "b.test";
  EXPECT_EQ(shake_hands(context_.get(), client).fingerprint, fingerprint_of(*both, 1));

  TestLeafPlan old = lagging;
  old.not_before = ca_.now() - std::chrono::hours(48);
  old.not_after = ca_.now() - std::chrono::hours(24);
  const auto half =
      make_credentials("a.test", {ca_.leaf(old).certified(), ca_.leaf({"a.test"}).certified()});
  cache_->install(half);
  client.server_name = "a.test";
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client.version = version;
    client.sigalgs = "RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA256";
    EXPECT_EQ(shake_hands(context_.get(), client).fingerprint, fingerprint_of(*half, 1));
    client.sigalgs = "RSA-PSS+SHA256:RSA+SHA256";  // takes nothing else
    EXPECT_EQ(shake_hands(context_.get(), client).fingerprint, fingerprint_of(*half, 0));
  }
}

TEST_F(AttachTest, ATicketFromBeforeASwapResumesAfterIt) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto old = make_credentials(ca_, {"a.test"}, 1);
    cache_->install(old);
    const TestHandshake before = shake("a.test", version);
    ASSERT_TRUE(before.session) << version;
    cache_->install(make_credentials(ca_, {"a.test"}, 2));

    TestClient client;
    client.server_name = "a.test";
    client.version = version;
    client.session = before.session.get();
    const TestHandshake after = shake_hands(context_.get(), client);
    EXPECT_TRUE(after.done);
    EXPECT_TRUE(after.resumed) << version;
    EXPECT_EQ(send_through(after.client.get(), after.server.get(), "hello"), "hello");
  }
}

TEST_F(AttachTest, ASessionIsNeverResumedUnderAnotherCertificate) {
  const auto b = make_credentials(ca_, {"b.test"});
  cache_->install(make_credentials(ca_, {"a.test"}));
  cache_->install(b);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TestHandshake a = shake("a.test", version);
    TestClient client;
    client.server_name = "b.test";
    client.version = version;
    client.session = a.session.get();
    const TestHandshake other = shake_hands(context_.get(), client);
    EXPECT_TRUE(other.done);
    EXPECT_FALSE(other.resumed) << version;
    EXPECT_EQ(other.fingerprint, fingerprint_of(*b));
  }
}

TEST_F(AttachTest, APlaceholdersSessionEndsWithIt) {
  cache_->install(make_placeholder("a.test", parse_identifiers({"a.test"}), ca_.now()));
  const TestHandshake before = shake("a.test");
  ASSERT_TRUE(before.session);
  const auto real = make_credentials(ca_, {"a.test"});
  cache_->install(real);
  TestClient client;
  client.server_name = "a.test";
  client.session = before.session.get();
  const TestHandshake after = shake_hands(context_.get(), client);
  EXPECT_FALSE(after.resumed);
  EXPECT_EQ(after.fingerprint, fingerprint_of(*real));
}

TEST_F(AttachTest, WhatTheContextHadIsNotServed) {
  // Somebody's own RSA certificate on the context must not answer a client that knows no ECDSA.
  TestLeafPlan plan;
  plan.names = {"own.test"};
  plan.key_type = KeyType::rsa2048;
  const auto own = ca_.leaf(plan).certified();
  ASSERT_EQ(SSL_CTX_use_certificate(context_.get(), own->certificate(0)), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(context_.get(), own->key().handle()), 1);
  cache_->install(make_credentials(ca_, {"a.test"}));
  TestClient client;
  client.server_name = "a.test";
  client.sigalgs = "RSA-PSS+SHA256:RSA+SHA256";
  EXPECT_FALSE(shake_hands(context_.get(), client).done);
}

TEST(F49_Attach, UnknownNamesAndNoNameGetUnrecognizedName) {
  const TestCa ca;
  const auto cache = std::make_shared<CertificateCache>();
  cache->install(make_credentials(ca, {"a.test"}));
  const SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  attach(context.get(), cache);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* name : {"b.test", "", "*.test", "a.test.evil.test", "a_b", "a/../b"}) {
      TestClient client;
      client.server_name = name;
      client.version = version;
      const TestHandshake refused = shake_hands(context.get(), client);
      EXPECT_FALSE(refused.done) << name;
      EXPECT_EQ(refused.client_alert, SSL_AD_UNRECOGNIZED_NAME) << name;
    }
  }
}

struct RawExtension {
  unsigned type;
  std::string bytes;
};

// OpenSSL's client would not send these: a hello is written by hand.
std::string hand_written_hello(const std::vector<RawExtension>& extensions) {
  const auto sized = [](const std::string& bytes, int width) {
    std::string text;
    for (int i = width; i-- > 0;) text += static_cast<char>(bytes.size() >> (8 * i) & 0xff);
    return text + bytes;
  };
  using namespace std::string_literals;
  std::string all;
  for (const RawExtension& extension : extensions) {
    all += static_cast<char>(extension.type >> 8);
    all += static_cast<char>(extension.type & 0xff);
    all += sized(extension.bytes, 2);
  }
  const std::string body = "\x03\x03"s + std::string(32, 'r') + sized("", 1) +
                           sized("\xc0\x2b\xc0\x2f"s, 2) + sized("\0"s, 1) + sized(all, 2);
  const std::string message = "\x01"s + sized(body, 3);
  std::string records;
  for (std::size_t at = 0; at < message.size(); at += 16'000) {
    records += "\x16\x03\x01"s + sized(message.substr(at, 16'000), 2);
  }
  return records;
}

// The description byte of the alert record that the server answers with; 0: none.
int alert_for(SSL_CTX* context, const std::string& hello) {
  const std::string answer = answer_to_hello(context, hello);
  return answer.size() == 7 && answer[0] == 0x15 ? static_cast<unsigned char>(answer[6]) : 0;
}

TEST(F49_Attach, HostileHellosGetAnAlert) {
  using namespace std::string_literals;
  const TestCa ca;
  const auto cache = std::make_shared<CertificateCache>();
  cache->install(make_credentials(ca, {"a.test"}));
  cache->on_miss([](std::string_view name, const std::function<void()>&) {
    ADD_FAILURE() << "asked the store for " << name;
    return false;
  });
  const SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  attach(context.get(), cache);

  const RawExtension good_name{0,
                               "\0\x09\0\0\x06"
                               "a.test"s};
  EXPECT_EQ(alert_for(context.get(), hand_written_hello({good_name, {16, "\0\0"s}})),
            SSL_AD_DECODE_ERROR);
  EXPECT_EQ(alert_for(context.get(), hand_written_hello({good_name, {16, "junk"s}})),
            SSL_AD_DECODE_ERROR);
  EXPECT_EQ(
      alert_for(context.get(), hand_written_hello({good_name, {16, std::string(65'000, '\xff')}})),
      SSL_AD_DECODE_ERROR);
  EXPECT_EQ(alert_for(context.get(), hand_written_hello({{0, std::string(65'000, 'a')}})),
            SSL_AD_DECODE_ERROR);
  const std::string long_name = "\xfd\xe8\0\xfd\xe5"s + std::string(64'997, 'a');
  EXPECT_EQ(alert_for(context.get(), hand_written_hello({{0, long_name}})), SSL_AD_DECODE_ERROR);
  EXPECT_EQ(alert_for(context.get(), hand_written_hello({{0,
                                                          "\0\x09\0\0\x06"
                                                          "*.test"s}})),
            SSL_AD_UNRECOGNIZED_NAME);
}

// A source whose answer comes when the test says so.
struct SlowSource : CertificateSource {
  std::shared_ptr<const Credentials> find(const ClientHello&) const noexcept override {
    return there.load() ? credentials : nullptr;
  }
  bool fetch(const ClientHello& hello, std::function<void()> ready) noexcept override {
    ++fetches;
    asked = hello.server_name;
    finish = std::move(ready);
    return knows;
  }
  std::shared_ptr<const Credentials> credentials;
  std::atomic<bool> there = false;
  bool knows = true;
  int fetches = 0;
  std::string asked;
  std::function<void()> finish;
};

class FetchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    source_->credentials = make_credentials(ca_, {"a.test"});
    attach(context_.get(), source_);
    client_.server_name = "a.test";
  }
  const TestCa ca_;
  const std::shared_ptr<SlowSource> source_ = std::make_shared<SlowSource>();
  const SslContextPtr context_{SSL_CTX_new(TLS_server_method())};
  TestClient client_;
};

TEST_F(FetchTest, AHandshakeIsSuspendedUntilItsCertificateIsLoaded) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    source_->there = false;
    source_->fetches = 0;
    client_.version = version;
    TestHandshake handshake = shake_hands(context_.get(), client_, 3);
    EXPECT_FALSE(handshake.done);
    EXPECT_EQ(handshake.suspended, 3);
    EXPECT_FALSE(wait_for_certificate(handshake.server.get(), std::chrono::milliseconds(0)));

    source_->there = true;
    source_->finish();
    EXPECT_TRUE(wait_for_certificate(handshake.server.get(), std::chrono::milliseconds(0)));
    go_on(handshake);
    EXPECT_TRUE(handshake.done);
    EXPECT_EQ(handshake.fingerprint, source_->credentials->keys[0]->fingerprint());
    EXPECT_EQ(source_->fetches, 1);
    EXPECT_EQ(source_->asked, "a.test");
  }
}

TEST_F(FetchTest, WhatIsFoundWantingIsRefusedAndNotAskedForAgain) {
  TestHandshake handshake = shake_hands(context_.get(), client_, 1);
  source_->finish();
  go_on(handshake);
  EXPECT_FALSE(handshake.done);
  EXPECT_EQ(handshake.client_alert, SSL_AD_UNRECOGNIZED_NAME);
  EXPECT_EQ(source_->fetches, 1);
}

TEST_F(FetchTest, AThreadMayWaitForIt) {
  TestHandshake handshake = shake_hands(context_.get(), client_, 1);
  std::thread loader([this] {
    source_->there = true;
    source_->finish();
  });
  EXPECT_TRUE(wait_for_certificate(handshake.server.get(), std::chrono::seconds(10)));
  loader.join();
  go_on(handshake);
  EXPECT_TRUE(handshake.done);
}

TEST_F(FetchTest, AConnectionMayEndBeforeItsCertificateArrives) {
  shake_hands(context_.get(), client_, 1);
  source_->finish();
}

TEST_F(FetchTest, ASourceThatKnowsNothingIsAskedOnce) {
  source_->knows = false;
  const TestHandshake refused = shake_hands(context_.get(), client_);
  EXPECT_EQ(refused.suspended, 0);
  EXPECT_EQ(refused.client_alert, SSL_AD_UNRECOGNIZED_NAME);
  EXPECT_EQ(source_->fetches, 1);
}

TEST(AttachLifetimeTest, TheContextKeepsItsSourceAlive) {
  const TestCa ca;
  auto cache = std::make_shared<CertificateCache>();
  cache->install(make_credentials(ca, {"a.test"}));
  const std::weak_ptr<CertificateCache> watched = cache;
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  attach(context.get(), std::move(cache));
  TestClient client;
  client.server_name = "a.test";
  {
    const TestHandshake last = shake_hands(context.get(), client);
    EXPECT_TRUE(last.done);
    context.reset();
    EXPECT_FALSE(watched.expired());  // the connection holds the context
  }
  EXPECT_TRUE(watched.expired());
}

TEST(AttachLifetimeTest, AttachingAgainReplacesTheSource) {
  const TestCa ca;
  const auto first = std::make_shared<CertificateCache>();
  auto second = std::make_shared<CertificateCache>();
  const auto credentials = make_credentials(ca, {"a.test"});
  second->install(credentials);
  const SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  const std::weak_ptr<CertificateCache> watched = first;
  attach(context.get(), first);
  attach(context.get(), second);
  EXPECT_EQ(watched.use_count(), 1);
  TestClient client;
  client.server_name = "a.test";
  EXPECT_EQ(shake_hands(context.get(), client).fingerprint, credentials->keys[0]->fingerprint());
}

TEST_F(AttachTest, HandshakesOfManyThreadsGoOnWhileCertificatesAreSwapped) {
  constexpr int kSwaps = 200;
  std::vector<std::shared_ptr<const Credentials>> generations;
  for (std::uint64_t i = 1; i <= 8; ++i) {
    generations.push_back(make_credentials(ca_, {"a.test", "b.test"}, i));
  }
  cache_->install(generations.back());
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  std::atomic<int> done = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      do {
        const TestHandshake one =
            shake(i % 2 == 0 ? "a.test" : "b.test", i < 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
        ++(one.done ? done : failed);
      } while (!stop);
    });
  }
  for (int i = 0; i < kSwaps; ++i) {
    cache_->install(generations[static_cast<std::size_t>(i) % generations.size()]);
    if (i % 8 == 0) {
      const int before = done;
      while (done == before && failed == 0) std::this_thread::yield();
    }
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GE(done, 4);
}

}  // namespace
}  // namespace autohttps
