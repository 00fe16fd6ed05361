#include <autohttps/tools/autohttps/challenge_front.h>

#include <autohttps/acme/challenges/answering_ways.h>
#include <autohttps/acme/challenges/published_tls_alpn01.h>
#include <autohttps/acme/store/published_answers.h>
#include <autohttps/server/auto_https/port443.h>
#include <autohttps/server/auto_https/port80.h>
#include <autohttps/server/auto_https/served_check.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/thrown_error.h>
#include <autohttps/tools/autohttps/candidates.h>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>

namespace autohttps::tools {
namespace {

// Has a port, and answers nothing on it: who asks learns so at once.
class Stranger {
 public:
  Stranger() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  std::uint16_t port() const { return bound_port(socket_.get()); }

 private:
  const OwnedFd socket_;
};

class ChallengeFrontTest : public testing::Test {
 protected:
  ChallengeFrontTest() {
    settings_.bind = "127.0.0.1";
    settings_.http_port = 0;
    settings_.https_port = 0;
  }
  static AutoCertificatesParts parts(acme::Store& store) {
    AutoCertificatesParts parts;
    parts.store = &store;
    return parts;
  }
  std::optional<std::string> obstacle(const char* type) {
    return certificates_.ways().obstacle(type);
  }

  SystemClock clock_;
  acme::MemoryStore store_{clock_};
  AutoCertificates certificates_{AutoCertificatesOptions{}, parts(store_)};
  Settings settings_;
  const Stranger stranger_, other_stranger_;
  Output output_{[](std::string_view) {}, [](std::string_view) {}, {}};
};

TEST_F(ChallengeFrontTest, TheHttpPortIsEnoughWhereItCanBeHad) {
  ChallengeFront front(certificates_, settings_, output_);
  front.open(Door::either);
  EXPECT_FALSE(obstacle("http-01"));
  EXPECT_TRUE(obstacle("tls-alpn-01"));
}

// RELIABILITY F26.
TEST_F(ChallengeFrontTest, F26_WhereAStrangerHasIt_TheHttpsPortIsTaken) {
  const OwnedFd stranger = listen_tcp("127.0.0.1", 0);
  settings_.http_port = bound_port(stranger.get());
  ChallengeFront front(certificates_, settings_, output_);
  front.open(Door::either);
  const std::string held = "port " + std::to_string(settings_.http_port) + " is held by ";
  EXPECT_EQ(obstacle("http-01").value_or("").substr(0, held.size()), held);
  EXPECT_FALSE(obstacle("tls-alpn-01"));
}

TEST_F(ChallengeFrontTest, F26_WhereStrangersHaveBothNothingIsAskedOfACa) {
  settings_.http_port = stranger_.port();
  settings_.https_port = other_stranger_.port();
  ChallengeFront front(certificates_, settings_, output_);
  const auto error = thrown_error([&] { front.open(Door::either); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::port);
  for (const std::uint16_t port : {settings_.http_port, settings_.https_port}) {
    EXPECT_NE(std::string(error->what()).find(std::to_string(port)), std::string::npos);
  }
  EXPECT_NE(error->hint().find("--webroot"), std::string::npos);
  EXPECT_NE(error->hint().find("--dns-hook"), std::string::npos);
}

TEST_F(ChallengeFrontTest, AForcedWayIsTheOnlyOne) {
  settings_.http_port = stranger_.port();
  settings_.https_port = other_stranger_.port();
  ChallengeFront front(certificates_, settings_, output_);
  EXPECT_EQ(thrown_error([&] { front.open(Door::http); })->code(), ErrorCode::port);
  EXPECT_TRUE(obstacle("tls-alpn-01"));
  const auto error = thrown_error([&] { front.open(Door::https); });
  ASSERT_TRUE(error);
  EXPECT_NE(error->hint().find("--https-port"), std::string::npos);
  EXPECT_EQ(error->hint().find("--webroot"), std::string::npos);
}

TEST_F(ChallengeFrontTest, BothAreOpenedWhereOneWasFoundShut) {
  ChallengeFront front(certificates_, settings_, output_);
  front.open(Door::both);
  EXPECT_FALSE(obstacle("http-01"));
  EXPECT_FALSE(obstacle("tls-alpn-01"));
}

TEST_F(ChallengeFrontTest, WhoReadsOurStoreAnswersForUs) {
  acme::MemoryStore others(store_.disk(), clock_);
  const acme::PublishedAnswers answers(others, clock_);
  Port80 port80(answers, listen_tcp("127.0.0.1", 0));
  Port443 port443(answers, listen_tcp("127.0.0.1", 0));
  port80.start();
  port443.start();
  settings_.http_port = port80.port();
  settings_.https_port = port443.port();
  ChallengeFront front(certificates_, settings_, output_);
  front.open(Door::both);
  EXPECT_FALSE(obstacle("http-01"));
  EXPECT_FALSE(obstacle("tls-alpn-01"));
  EXPECT_TRUE(store_.list("challenges/tls-alpn-01").empty()) << "the probe is gone";
}

TEST_F(ChallengeFrontTest, OurOwnListenerAnswers) {
  settings_.http_port = stranger_.port();
  {
    const OwnedFd free = listen_tcp("127.0.0.1", 0);
    settings_.https_port = bound_port(free.get());
  }
  ChallengeFront front(certificates_, settings_, output_);
  front.open(Door::either);
  acme::PublishedAnswers answers(store_, clock_);
  acme::PublishedTlsAlpn01 solver(answers, certificates_.ways(), clock_);
  const auto up = solver.present({Identifier::parse("a.test"), "token", "token.thumb"}, {});
  EXPECT_EQ(served_fingerprint("127.0.0.1", settings_.https_port, "a.test",
                               std::chrono::seconds(10), kAcmeTls),
            answers.tls_alpn("a.test")->fingerprint());
}

// ---- which ports a certificate needs

Outlook outlook(const std::string& challenge, const std::string& webroot = {},
                const std::string& dns_hook = {}) {
  Outlook outlook;
  outlook.spec.emplace();
  outlook.spec->challenge = challenge;
  outlook.spec->webroot = webroot;
  outlook.spec->dns_hook = dns_hook;
  return outlook;
}

TEST(DoorTest, IsWhatTheWishSays) {
  EXPECT_EQ(door_of(outlook("")), Door::either);
  EXPECT_EQ(door_of(outlook("http-01")), Door::http);
  EXPECT_EQ(door_of(outlook("tls-alpn-01")), Door::https);
  EXPECT_EQ(door_of(outlook("tls-alpn-01", "/var/www")), Door::https);
  EXPECT_EQ(door_of(outlook("", "/var/www")), Door::none);
  EXPECT_EQ(door_of(outlook("http-01", "/var/www")), Door::none);
  EXPECT_EQ(door_of(outlook("", "", "hook")), Door::none);
  EXPECT_EQ(door_of(outlook("http-01", "", "hook")), Door::http);
  EXPECT_EQ(door_of(outlook("dns-01", "", "hook")), Door::none);
  EXPECT_EQ(door_of(outlook("dns-persist-01")), Door::none);
}

TEST(DoorTest, IsBothAfterTheCaCouldNotConnect) {
  Outlook failed = outlook("");
  failed.state.failures = 1;
  failed.state.last_failure = acme::Failure{{}, "connection", "", ""};
  EXPECT_EQ(door_of(failed), Door::both);
  failed.state.failures = 2;
  EXPECT_EQ(door_of(failed), Door::either) << "in turns";
  failed.state.failures = 1;
  failed.state.last_failure->code = "unauthorized";
  EXPECT_EQ(door_of(failed), Door::either) << "somebody answered";
  EXPECT_EQ(door_of(outlook("http-01")), Door::http);
}

}  // namespace
}  // namespace autohttps::tools
