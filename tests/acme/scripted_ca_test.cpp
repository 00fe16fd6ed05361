#include <autohttps/tests/support/scripted_ca.h>

#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/test_csr.h>

#include <autohttps/acme/protocol/client.h>
#include <autohttps/common/certified_key.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

const Challenge& http01(const Authorization& authorization) {
  for (const Challenge& challenge : authorization.challenges) {
    if (challenge.type == "http-01") return challenge;
  }
  throw std::runtime_error("no http-01");
}

// A client with an account, and the answers it has up.
class ScriptedCaTest : public ::testing::Test {
 protected:
  ScriptedCaTest()
      : ca(clock,
           [this](const Identifier& identifier,
                  const std::string& token) -> std::optional<std::string> {
             const auto answer = answers.find(identifier.value + "/" + token);
             if (answer == answers.end()) return std::nullopt;
             return answer->second;
           }),
        key(std::make_shared<AccountKey>(PrivateKey::generate(KeyType::ec256))),
        client(std::make_shared<ClientSession>(ca.directory_url()), ca, clock, key) {}

  void register_account() { client.new_account({.terms_of_service_agreed = true}, {}); }
  void answer_all(const Order& order) {
    for (const std::string& url : order.authorizations) {
      const Authorization authorization = client.authorization(url, {});
      const Challenge& challenge = http01(authorization);
      answers[authorization.identifier.value + "/" + challenge.token] =
          key->key_authorization(challenge.token);
      client.respond(challenge, {});
    }
  }

  ManualClock clock;
  std::map<std::string, std::string> answers;
  ScriptedCa ca;
  std::shared_ptr<AccountKey> key;
  Client client;
};

const std::vector<Identifier> kNames = {{Identifier::Type::dns, "a.test"},
                                        {Identifier::Type::dns, "b.test"}};

TEST_F(ScriptedCaTest, IssuesAChainForAnOrderThatWasValidated) {
  register_account();
  Order order = client.new_order({.identifiers = kNames}, {});
  EXPECT_EQ(order.status, OrderStatus::pending);
  answer_all(order);
  order = client.order(order.url, {});
  ASSERT_EQ(order.status, OrderStatus::ready);

  const PrivateKey certificate_key = PrivateKey::generate(KeyType::ec256);
  order = client.finalize(order, make_csr(certificate_key, kNames), {});
  ASSERT_EQ(order.status, OrderStatus::valid);
  const IssuedChain chain = client.certificate(order.certificate.value(), {});
  const auto certified = CertifiedKey::from_pem(chain.pem, certificate_key.to_pem());
  EXPECT_EQ(certified->names(), kNames);
  EXPECT_EQ(certified->chain_length(), 2U);
  EXPECT_EQ(std::vector<std::string>{chain.pem}, ca.certificates());
  EXPECT_EQ(chain.ca_time, std::chrono::floor<std::chrono::seconds>(clock.wall()));
}

TEST_F(ScriptedCaTest, AWrongAnswerMakesAuthorizationAndOrderInvalid) {
  register_account();
  const Order order = client.new_order({.identifiers = {kNames[0]}}, {});
  const Authorization authorization = client.authorization(order.authorizations.at(0), {});
  answers["a.test/" + http01(authorization).token] = "something else";
  client.respond(http01(authorization), {});
  const Authorization after = client.authorization(authorization.url, {});
  EXPECT_EQ(after.status, AuthorizationStatus::invalid);
  EXPECT_EQ(http01(after).error.value().short_type(), "unauthorized");
  EXPECT_EQ(client.order(order.url, {}).status, OrderStatus::invalid);
}

}  // namespace
}  // namespace autohttps::acme
