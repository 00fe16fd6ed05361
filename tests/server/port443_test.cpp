#include <autohttps/server/auto_https/port443.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/tls_context.h>
#include <autohttps/tests/support/engine_fixture.h>
#include <autohttps/tests/support/test_certificates.h>
#include <autohttps/tests/support/test_connection.h>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

class OneAnswer final : public ChallengeAnswers {
 public:
  std::optional<std::string> key_authorization(std::string_view) const override { return {}; }
  std::shared_ptr<const CertifiedKey> tls_alpn(std::string_view name) const override {
    return name == "a.test" ? answer : nullptr;
  }
  const std::shared_ptr<const CertifiedKey> answer = TestCa::self_signed({"a.test"}).certified();
};

TestConnection ask(std::uint16_t port, const std::string& name,
                   const std::string& protocol = "acme-tls/1") {
  return TestConnection::tls(port, name, "127.0.0.1", 0, protocol);
}

class Port443Test : public ::testing::Test {
 protected:
  void SetUp() override { port443_.start(); }
  OneAnswer answers_;
  Port443 port443_{answers_, listen_tcp("", 0)};
};

TEST_F(Port443Test, AnswersTheCaAndClosesBeforeAnythingIsSaid) {
  TestConnection connection = ask(port443_.port(), "a.test");
  EXPECT_EQ(connection.fingerprint(), answers_.answer->fingerprint());
  EXPECT_TRUE(connection.ended());
}

TEST_F(Port443Test, NoRequestIsAnsweredAfterIt) {
  TestConnection connection = ask(port443_.port(), "a.test");
  connection.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_EQ(connection.read_to_end(), "");
}

TEST_F(Port443Test, RefusesAllElse) {
  EXPECT_THROW(ask(port443_.port(), "b.test"), std::runtime_error);
  EXPECT_THROW(ask(port443_.port(), "a.test", "http/1.1"), std::runtime_error);
  EXPECT_THROW(ask(port443_.port(), "a.test", ""), std::runtime_error);
  EXPECT_THROW(ask(port443_.port(), ""), std::runtime_error);
}

TEST_F(Port443Test, IsGoneAfterItsEnd) {
  const std::uint16_t port = port443_.port();
  port443_.stop();
  EXPECT_THROW(ask(port, "a.test"), std::runtime_error);
}

// Traefik CVE-2026-22045: the way of challenges had lost its deadlines.
TEST(ChallengeDeadlineTest, AStoreThatDoesNotAnswerHoldsAHandshakeNoLongerThanAnyOther) {
  const auto cache = std::make_shared<CertificateCache>();
  std::vector<std::function<void(std::shared_ptr<const CertifiedKey>)>> kept;
  cache->on_challenge([&](std::string_view, auto ready) {
    kept.push_back(std::move(ready));
    return true;
  });
  EngineLimits limits;
  limits.handshake = std::chrono::milliseconds(200);
  EngineUnderTest server(echo, limits, std::make_shared<const TlsContext>(TlsPolicy{}, cache));
  EXPECT_THROW(ask(server.port, "a.test"), std::runtime_error);
  EXPECT_EQ(server.count(Count::late_handshake), 1U);
}

// Who has its answer and stays is put out as well.
TEST(ChallengeDeadlineTest, AClientThatStaysAfterItsAnswerIsPutOut) {
  const auto cache = std::make_shared<CertificateCache>();
  const auto answer = TestCa::self_signed({"a.test"}).certified();
  cache->on_challenge([&](std::string_view, auto ready) {
    ready(answer);
    return true;
  });
  EngineLimits limits;
  limits.linger = std::chrono::milliseconds(200);
  bool asked = false;
  EngineUnderTest server([&](ExchangePtr) { asked = true; }, limits,
                         std::make_shared<const TlsContext>(TlsPolicy{}, cache));
  const TestConnection stays = ask(server.port, "a.test");
  while (server.engine->counters().open.load() > 0) std::this_thread::yield();
  EXPECT_EQ(server.count(Count::handshakes), 1U);
  EXPECT_FALSE(asked);
}

}  // namespace
}  // namespace autohttps
