#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/tls_session.h>
#include <autohttps/tests/support/served_credentials.h>
#include <autohttps/tests/support/session_pair.h>

#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

using Need = TlsSession::Need;

static_assert(sizeof(TlsSession) <= 32, "one in every connection, plain ones too");

bool is_readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, 10'000) == 1;
}

unsigned data_segments_into(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
  return info.tcpi_data_segs_in;
}

constexpr int kVersions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

class TlsSessionTest : public ::testing::Test {
 protected:
  TlsSessionTest() {
    cache_->install(make_credentials(ca_, {"a.test"}));
    client_.server_name = "a.test";
  }
  // Every byte between a client and a server, as a network would hold them.
  static std::string take_from(int fd) {
    std::array<char, 64 * 1024> bytes;
    const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    return {bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }
  static void put_into(int fd, std::string_view bytes) {
    ASSERT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  const TestCa ca_;
  const std::shared_ptr<CertificateCache> cache_ = std::make_shared<CertificateCache>();
  const TlsContext context_{TlsPolicy{}, cache_};
  TestClient client_;
};

TEST_F(TlsSessionTest, ShakesHandsAndSpeaks) {
  for (const int version : kVersions) {
    client_.version = version;
    SessionPair pair(context_, client_);
    EXPECT_EQ(pair.server_step(), Need::readable);
    ASSERT_TRUE(pair.shake_hands());
    ASSERT_TRUE(pair.client_writes("GET"));
    EXPECT_EQ(pair.server_reads(), "GET");
    EXPECT_TRUE(pair.server.drained());
    EXPECT_EQ(pair.server.write(std::string_view("fine")).bytes, 4U);
    EXPECT_EQ(pair.client_reads(), "fine");
  }
}

TEST_F(TlsSessionTest, ARequestThatCameWithTheHandshakesEndIsThere) {
  for (const int version : kVersions) {
    client_.version = version;
    SessionPair pair(context_, client_);
    while (!pair.client_step()) pair.server_step();
    ASSERT_TRUE(pair.client_writes("GET"));
    pair.server.note_event(false);
    // One event for both.
    if (pair.server.handshake() == Need::nothing) {
      EXPECT_FALSE(pair.server.drained());
      std::array<char, 16> into;
      EXPECT_EQ(pair.server.read(into).bytes, 3U);
      EXPECT_TRUE(pair.server.drained());
    } else {
      ADD_FAILURE() << version;
    }
  }
}

TEST_F(TlsSessionTest, RecordsMayArriveByteByByte) {
  for (const int version : kVersions) {
    client_.version = version;
    auto [client_end, client_side] = socket_pair();
    auto [server_side, server_end] = socket_pair();
    SessionPair pair(context_, client_, std::move(client_end), std::move(server_end));
    const auto drip = [&](auto&& each) {
      for (const char byte : take_from(client_side.get())) {
        put_into(server_side.get(), {&byte, 1});
        each();
      }
      put_into(client_side.get(), take_from(server_side.get()));
    };
    Need need = Need::readable;
    for (int flight = 0; flight < 4 && need != Need::nothing; ++flight) {
      pair.client_step();
      drip([&] { need = pair.server_step(); });
      ASSERT_NE(need, Need::failed);
    }
    ASSERT_EQ(need, Need::nothing);
    pair.client_step();
    ASSERT_TRUE(pair.client_writes("GET / HTTP/1.1"));
    std::string all;
    drip([&] {
      all += pair.server_reads();
      EXPECT_TRUE(pair.server.drained());  // a part of a record is nothing to read
    });
    EXPECT_EQ(all, "GET / HTTP/1.1");
  }
}

TEST_F(TlsSessionTest, ADrySocketIsNotAskedBeforeItsNextEvent) {
  SessionPair pair(context_, client_);
  ASSERT_TRUE(pair.shake_hands());
  std::array<char, 16> into;
  EXPECT_EQ(pair.server_reads(), "");
  ASSERT_TRUE(pair.client_writes("GET"));
  EXPECT_TRUE(pair.server.drained());
  EXPECT_EQ(pair.server.read(into).need, Need::readable);
  pair.server.note_event(false);
  EXPECT_FALSE(pair.server.drained());
  EXPECT_EQ(pair.server.read(into).bytes, 3U);
}

TEST_F(TlsSessionTest, RecordsReadTogetherAreNotForgotten) {
  SessionPair pair(context_, client_);
  ASSERT_TRUE(pair.shake_hands());
  ASSERT_TRUE(pair.client_writes("one"));
  ASSERT_TRUE(pair.client_writes("two"));
  std::array<char, 2> into;  // and a record may be read in parts
  pair.server.note_event(false);
  std::string all;
  while (!pair.server.drained()) all.append(into.data(), pair.server.read(into).bytes);
  EXPECT_EQ(all, "onetwo");
}

TEST_F(TlsSessionTest, APeersEndIsFoundBehindItsLastBytes) {
  for (const bool says_so : {true, false}) {
    SessionPair pair(context_, client_);
    ASSERT_TRUE(pair.shake_hands());
    pair.session();  // reads all: whoever closes with bytes unread resets
    ASSERT_TRUE(pair.client_writes("GET"));
    if (says_so) SSL_shutdown(pair.client());
    pair.close_client();
    pair.server.note_event(true);  // the only event there will be
    std::array<char, 16> into;
    EXPECT_EQ(pair.server.read(into).bytes, 3U);
    EXPECT_FALSE(pair.server.drained());
    EXPECT_EQ(pair.server.read(into).need, Need::closed);
    EXPECT_EQ(pair.server.read(into).need, Need::closed);
    EXPECT_EQ(pair.server.write(std::string_view("x")).need, Need::failed);
    pair.server.close_notify();
  }
}

TEST_F(TlsSessionTest, WhoSendsNoMoreMayStillListen) {
  for (const bool says_so : {true, false}) {
    SessionPair pair(context_, client_);
    ASSERT_TRUE(pair.shake_hands());
    if (says_so) SSL_shutdown(pair.client());
    ::shutdown(pair.client_fd(), SHUT_WR);
    pair.server.note_event(true);
    std::array<char, 16> into;
    EXPECT_EQ(pair.server.read(into).need, Need::closed);
    EXPECT_EQ(pair.server.write(std::string_view("fine")).bytes, 4U);
    pair.server.close_notify();
    EXPECT_EQ(pair.client_reads(), "fine");
    EXPECT_EQ(SSL_get_shutdown(pair.client()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
  }
}

TEST_F(TlsSessionTest, APeerThatLeavesInTheHandshakeHasClosed) {
  SessionPair pair(context_, client_);
  pair.client_step();
  EXPECT_EQ(pair.server_step(), Need::readable);
  ::shutdown(pair.client_fd(), SHUT_WR);
  pair.server.note_event(true);
  EXPECT_EQ(pair.server.handshake(), Need::closed);
  EXPECT_EQ(pair.server.handshake(), Need::closed);

  SessionPair half(context_, client_);
  half.client_step();
  const std::string hello = take_from(half.server_fd());
  put_into(half.client_fd(), std::string_view(hello).substr(0, hello.size() / 2));
  EXPECT_EQ(half.server_step(), Need::readable);
  EXPECT_TRUE(half.server.drained());
  half.close_client();
  half.server.note_event(true);
  EXPECT_EQ(half.server.handshake(), Need::closed);
}

TEST_F(TlsSessionTest, AResetIsAFailure) {
  for (const bool in_handshake : {true, false}) {
    auto [client_end, server_end] = loopback_pair();
    SessionPair pair(context_, client_, std::move(client_end), std::move(server_end));
    for (int i = 0; i < 1000 && !in_handshake && !pair.shake_hands(); ++i) {
      ASSERT_NE(pair.need, Need::failed);
    }
    const linger at_once{1, 0};
    ::setsockopt(pair.client_fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    pair.close_client();
    pair.server.note_event(true);
    std::array<char, 16> into;
    EXPECT_EQ(in_handshake ? pair.server.handshake() : pair.server.read(into).need, Need::failed);
    EXPECT_EQ(pair.server.write(std::string_view("x")).need, Need::failed);
    pair.server.close_notify();
  }
}

std::string repeated(const std::string& bytes, int times) {
  std::string all;
  while (times-- > 0) all += bytes;
  return all;
}

// The ticket, the answer, the notice that nothing follows it and the end itself. A thread that is
// not run for 200 ms (tcp(7), TCP_CORK) sends what it holds: hence another try, which never helps
// where nothing is held.
TEST_F(TlsSessionTest, WhatIsSentAtTheEndSharesASegment) {
  client_.version = TLS1_3_VERSION;
  unsigned segments = 0;
  for (int tries = 0; tries < 10 && segments != 2; ++tries) {
    auto [client_end, server_end] = loopback_pair();
    SessionPair pair(context_, client_, std::move(client_end), std::move(server_end));
    for (int i = 0; i < 1000 && !pair.shake_hands(); ++i) ASSERT_NE(pair.need, Need::failed);
    EXPECT_EQ(pair.server.write(std::string_view("answer"), true).bytes, 6U);
    pair.server.close_notify();
    ::shutdown(pair.server_fd(), SHUT_WR);
    std::string read;
    while (SSL_get_shutdown(pair.client()) == 0 && is_readable(pair.client_fd())) {
      read += pair.client_reads();
    }
    EXPECT_EQ(read, "answer");
    segments = data_segments_into(pair.client_fd());
  }
  EXPECT_EQ(segments, 2U) << "the server's flight, and all the rest";
}

TEST(F49_TlsSession, BytesThatAreNoTlsAreAFailure) {
  using namespace std::string_literals;
  const TestCa ca;
  const auto cache = std::make_shared<CertificateCache>();
  cache->install(make_credentials(ca, {"a.test"}));
  const TlsContext context(TlsPolicy{}, cache);
  const std::vector<std::string> garbage = {
      "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
      std::string(100, '\0'),
      std::string(20'000, '\xff'),
      "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"s + std::string(40, 'x'),  // SSL 2.0
      "\x16\x03\x01\xff\xff\x01"s,                                             // too long a record
      repeated("\x16\x03\x01\x00\x00"s, 40),            // nothing, again and again
      "\x14\x03\x03\x00\x01\x02"s,                      // no change of ciphers
      "\x17\x03\x03\x00\x05hello"s,                     // application data first
      "\x15\x03\x01\x00\x02\x02\x28"s,                  // an alert
      "\x16\x03\x01\x00\x04\x02\x00\x00\x00"s,          // a server's hello
      "\x16\x03\x01\x00\x04\x01\xff\xff\xff"s,          // a hello of 16 MiB
      "\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03"s,  // one cut short
  };
  for (std::size_t row = 0; row < garbage.size(); ++row) {
    SessionPair pair(context, {});
    ASSERT_EQ(::send(pair.client_fd(), garbage[row].data(), garbage[row].size(), 0),
              static_cast<ssize_t>(garbage[row].size()));
    EXPECT_EQ(pair.server_step(), Need::failed) << row;
    EXPECT_EQ(pair.server_step(), Need::failed) << row;
    EXPECT_EQ(ERR_peek_error(), 0U) << row;
    pair.server.close_notify();  // has nothing to say any more
  }
}

TEST_F(TlsSessionTest, BytesThatAreNotTheClientsOwnAreAFailure) {
  for (const int version : kVersions) {
    client_.version = version;
    SessionPair pair(context_, client_);
    ASSERT_TRUE(pair.shake_hands());
    ASSERT_TRUE(pair.client_writes("GET"));
    std::string record = take_from(pair.server_fd());
    record.back() = static_cast<char>(record.back() ^ 1);
    put_into(pair.client_fd(), record);
    EXPECT_EQ(pair.server_reads(), "");
    EXPECT_EQ(pair.need, Need::failed);
    pair.client_reads();
    EXPECT_EQ(pair.alert, SSL_AD_BAD_RECORD_MAC);
  }
}

TEST_F(TlsSessionTest, AResponseWaitsForAPeerThatReadsSlowly) {
  constexpr std::size_t kSize = 4 * 1024 * 1024;
  std::string response(kSize, '\0');
  for (std::size_t i = 0; i < kSize; ++i) response[i] = static_cast<char>(i * 31 >> 7);
  for (const int version : kVersions) {
    client_.version = version;
    SessionPair pair(context_, client_);
    ASSERT_TRUE(pair.shake_hands());
    std::string arrived;
    std::size_t written = 0;
    int waits = 0;
    while (written < kSize) {
      // Each try from memory of its own.
      const auto moved = std::make_unique<std::string>(response.substr(written, 100'000));
      const TlsSession::Moved step = pair.server.write(*moved, written + moved->size() < kSize);
      written += step.bytes;
      if (step.bytes != 0) continue;
      ASSERT_EQ(step.need, Need::writable);
      EXPECT_EQ(pair.server.write(*moved).need, Need::writable);
      ++waits;
      arrived += pair.client_reads();
    }
    while (arrived.size() < kSize) {
      const std::string more = pair.client_reads();
      ASSERT_FALSE(more.empty());
      arrived += more;
    }
    EXPECT_GT(waits, 1);
    EXPECT_TRUE(arrived == response);
  }
}

TEST_F(TlsSessionTest, WhatAHandlerLeftInTheErrorQueueIsNotTakenForOurs) {
  SessionPair pair(context_, client_);
  pair.client_step();
  ERR_raise(ERR_LIB_USER, 1);
  EXPECT_EQ(pair.server_step(), Need::readable);
  ASSERT_TRUE(pair.shake_hands());
  ERR_raise(ERR_LIB_USER, 1);
  EXPECT_EQ(pair.server_reads(), "");
  EXPECT_EQ(pair.need, Need::readable);
  ERR_raise(ERR_LIB_USER, 1);
  EXPECT_EQ(pair.server.write(std::string_view("fine")).bytes, 4U);
}

TEST_F(TlsSessionTest, IsEmptyBeforeAndAfter) {
  TlsSession none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.handle(), nullptr);
  none.reset();
  none.close_notify();

  SessionPair pair(context_, client_);
  EXPECT_TRUE(pair.server);
  pair.server.reset();
  EXPECT_FALSE(pair.server);
  ASSERT_TRUE(pair.server.open(context_, pair.server_fd()));  // good for another connection
  EXPECT_TRUE(pair.shake_hands());
}

}  // namespace
}  // namespace autohttps
