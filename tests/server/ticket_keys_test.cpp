#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/ticket_keys.h>
#include <autohttps/server/tls/tls_policy.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_handshake.h>
#include <autohttps/tests/support/served_credentials.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::hours;

TEST(TicketKeysTest, AKeySealsForADayAndOpensForTwoMore) {
  ManualClock clock;
  TicketKeys keys(clock);
  const auto first = keys.sealing();
  struct Row {
    hours at;
    bool seals, opens;
  };
  for (const Row& row : {Row{hours(0), true, true},
                         {hours(23), true, true},
                         {hours(24), false, true},
                         {hours(47), false, true},
                         {hours(71), false, true},
                         {hours(72), false, false},
                         {hours(1000), false, false}}) {
    clock.advance(row.at - clock.elapsed());
    const TicketKeys::Opening opening = keys.opening(first->name);
    EXPECT_EQ(opening.key == first, row.opens) << row.at.count();
    EXPECT_EQ(opening.old, row.opens && !row.seals) << row.at.count();
    EXPECT_EQ(keys.sealing() == first, row.seals) << row.at.count();
  }
}

TEST(TicketKeysTest, EachKeyIsNew) {
  ManualClock clock;
  TicketKeys keys(clock);
  std::set<std::array<unsigned char, 16>> names;
  std::set<std::array<unsigned char, 32>> secrets;
  for (int day = 0; day < 10; ++day) {
    const auto key = keys.sealing();
    names.insert(key->name);
    secrets.insert(key->cipher);
    secrets.insert(key->mac);
    clock.advance(hours(24));
  }
  EXPECT_EQ(names.size(), 10U);
  EXPECT_EQ(secrets.size(), 20U);
}

TEST(TicketKeysTest, NoJumpOfTheWallClockMatters) {
  ManualClock clock;
  TicketKeys keys(clock);
  const auto first = keys.sealing();
  for (const hours jump : {hours(24 * 365), hours(-24 * 3650)}) {
    clock.jump_wall(jump);
    EXPECT_EQ(keys.sealing(), first);
    EXPECT_FALSE(keys.opening(first->name).old);
  }
}

TEST(TicketKeysTest, ADroppedKeyLeavesNothingInMemory) {
  alignas(TicketKeys::Key) std::array<unsigned char, sizeof(TicketKeys::Key)> room{};
  auto* key = new (room.data()) TicketKeys::Key;
  key->cipher.fill('c');
  key->mac.fill('m');
  key->~Key();
  EXPECT_EQ(std::memchr(room.data(), 'c', room.size()), nullptr);
  EXPECT_EQ(std::memchr(room.data(), 'm', room.size()), nullptr);
}

TEST(TicketKeysTest, ManyThreadsSeeOneKeyADay) {
  ManualClock clock;
  TicketKeys keys(clock);
  const auto first = keys.sealing();
  clock.advance(hours(24));
  std::vector<std::shared_ptr<const TicketKeys::Key>> seen(8);
  std::vector<std::thread> threads;
  for (auto& mine : seen) {
    threads.emplace_back([&keys, &mine, first] {
      for (int i = 0; i < 1000; ++i) {
        mine = keys.sealing();
        keys.opening(first->name);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& key : seen) EXPECT_EQ(key, seen.front());
  EXPECT_NE(seen.front(), first);
}

// Handshakes with a context of ours whose days pass by hand.
class TicketTest : public ::testing::TestWithParam<int> {
 protected:
  TicketTest() {
    cache_->install(make_credentials(ca_, {"a.test"}));
    client_.server_name = "a.test";
    client_.version = GetParam();
  }
  TestHandshake shake(SSL_SESSION* session) {
    client_.session = session;
    return shake_hands(context_.get(), client_);
  }
  const TestCa ca_;
  ManualClock clock_;
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  const std::shared_ptr<TicketKeys> keys_ = std::make_shared<TicketKeys>(clock_);
  const SslContextPtr context_{make_server_context({}, cache_, keys_)};
  TestClient client_;
};

INSTANTIATE_TEST_SUITE_P(, TicketTest, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(TicketTest, ResumesAcrossARotationAndASwap) {
  const TestHandshake first = shake(nullptr);
  ASSERT_TRUE(first.session);
  cache_->install(make_credentials(ca_, {"a.test"}, 2));
  clock_.advance(hours(25));
  const TestHandshake later = shake(first.session.get());
  EXPECT_TRUE(later.resumed);
  // Sealed anew, with the key of the day: good where the first key is gone.
  const SessionPtr renewed(SSL_get1_session(later.client.get()));
  clock_.advance(hours(48));
  EXPECT_TRUE(shake(renewed.get()).resumed);
}

TEST_P(TicketTest, ATicketOfADroppedKeyMeansAFullHandshake) {
  const TestHandshake first = shake(nullptr);
  clock_.advance(hours(72));
  const TestHandshake later = shake(first.session.get());
  EXPECT_TRUE(later.done);
  EXPECT_FALSE(later.resumed);
  EXPECT_TRUE(later.session);
}

TEST_P(TicketTest, ListenersThatShareKeysResumeEachOthersSessions) {
  const TestHandshake first = shake(nullptr);
  const SslContextPtr sharing(make_server_context({}, cache_, keys_));
  const SslContextPtr alone(make_server_context({}, cache_));
  client_.session = first.session.get();
  EXPECT_FALSE(shake_hands(alone.get(), client_).resumed);
  EXPECT_TRUE(shake_hands(sharing.get(), client_).resumed);
}

TEST_P(TicketTest, OneTicketThatSaysADay) {
  int tickets = 0;
  client_.prepare = [&tickets](SSL_CTX* context) {
    SSL_CTX_set_msg_callback_arg(context, &tickets);
    SSL_CTX_set_msg_callback(
        context, [](int sent, int, int type, const void* bytes, std::size_t, SSL*, void* count) {
          if (sent == 0 && type == SSL3_RT_HANDSHAKE &&
              *static_cast<const unsigned char*>(bytes) == SSL3_MT_NEWSESSION_TICKET) {
            ++*static_cast<int*>(count);
          }
        });
  };
  const TestHandshake first = shake(nullptr);
  EXPECT_EQ(tickets, 1);
  ASSERT_TRUE(first.session);
  EXPECT_EQ(SSL_SESSION_get_ticket_lifetime_hint(first.session.get()), 24U * 60 * 60);
  tickets = 0;
  EXPECT_TRUE(shake(first.session.get()).resumed);
  // TLS 1.3's are for one use each (RFC 8446 C.4).
  EXPECT_EQ(tickets, GetParam() == TLS1_3_VERSION ? 1 : 0);
}

TEST_P(TicketTest, ADamagedTicketMeansAFullHandshake) {
  const TestHandshake first = shake(nullptr);
  std::vector<unsigned char> der(
      static_cast<std::size_t>(i2d_SSL_SESSION(first.session.get(), nullptr)));
  unsigned char* out = der.data();
  i2d_SSL_SESSION(first.session.get(), &out);
  const unsigned char* ticket = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_ticket(first.session.get(), &ticket, &size);
  ASSERT_GT(size, 64U);
  const auto at = std::search(der.begin(), der.end(), ticket, ticket + size);
  ASSERT_NE(at, der.end());
  for (const std::size_t where : {std::size_t{0}, std::size_t{20}, size / 2, size - 1}) {
    std::vector<unsigned char> changed = der;
    changed[static_cast<std::size_t>(at - der.begin()) + where] ^= 1;
    const unsigned char* in = changed.data();
    const SessionPtr damaged(d2i_SSL_SESSION(nullptr, &in, static_cast<long>(changed.size())));
    ASSERT_TRUE(damaged);
    const TestHandshake later = shake(damaged.get());
    EXPECT_TRUE(later.done) << where;
    EXPECT_FALSE(later.resumed) << where;
  }
}

}  // namespace
}  // namespace autohttps
