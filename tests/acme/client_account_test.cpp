// Accounts, revocation and renewal information, as the client asks for them.
#include <autohttps/acme/protocol/certificate_identifier.h>
#include <autohttps/acme/protocol/client.h>

#include <autohttps/common/json.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tests/acme/client_fixture.h>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {
namespace {

using std::chrono::seconds;

class ClientAccountTest : public ClientFixture {
 protected:
  struct Certificate {
    PrivateKey key;
    std::string der, identifier;
  };
  // One of this account's.
  Certificate certificate() {
    PrivateKey own = PrivateKey::generate(KeyType::ec256);
    const Order order = client.finalize(ready_order(), make_csr(own, names), {});
    const IssuedChain chain = client.certificate(order.certificate.value(), {});
    return {own, leaf_der(chain.pem), certificate_identifier(chain.pem).value()};
  }
  std::string refusal(const std::function<void()>& doing) {
    return thrown_error(doing).value().what();
  }
};
using ClientRevocationTest = ClientAccountTest;
using ClientRenewalInfoTest = ClientAccountTest;

// RFC 8555 7.3.4: the CA checks MAC, key id, URL and that it is over this key.
TEST_F(ClientAccountTest, BindsAnExternalAccount) {
  ca.behaviour().external_account_required = true;
  ca.behaviour().external_keys = {{"kid-1", std::string(32, 'k')}};
  for (const char* algorithm : {"HS256", "hs384", "HS512"}) {
    Client other(session, ca, clock, key());
    NewAccount request{.terms_of_service_agreed = true};
    request.external_account = read_external_account(
        "kid-1", algorithm, Secret("a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"));
    EXPECT_EQ(other.new_account(request, {}).status, "valid") << algorithm;
  }
  EXPECT_EQ(ca.accounts(), 3U);
}

TEST_F(ClientAccountTest, AWrongBindingIsTheCasWords) {
  ca.behaviour().external_account_required = true;
  ca.behaviour().external_keys = {{"kid-1", std::string(32, 'k')}};
  EXPECT_NE(refusal([&] { register_account(); }).find("externalAccountRequired"),
            std::string::npos);
  const std::pair<const char*, const char*> cases[] = {{"kid-2", "no external account"},
                                                       {"kid-1", "signature does not fit"}};
  for (const auto& [key_id, words] : cases) {
    NewAccount request{.terms_of_service_agreed = true};
    request.external_account = read_external_account(key_id, "HS256", Secret("c2VjcmV0LXNlY3JldA"));
    const Error error = thrown_error([&] { client.new_account(request, {}); }).value();
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    EXPECT_EQ((error.what() + error.hint()).find("c2VjcmV0"), std::string::npos);
  }
  EXPECT_EQ(ca.accounts(), 0U);
}

// 7.3.2.
TEST_F(ClientAccountTest, ChangesTheContact) {
  const Account account = register_account();
  EXPECT_EQ(client.update_contact({"mailto:new@a.test"}, {}).contact,
            std::vector<std::string>{"mailto:new@a.test"});
  EXPECT_EQ(ca.requests().back().payload, R"({"contact":["mailto:new@a.test"]})");
  EXPECT_EQ(ca.requests().back().url, account.url);
  EXPECT_TRUE(client.update_contact({}, {}).contact.empty());
  EXPECT_NE(refusal([&] { client.update_contact({"mailto:me"}, {}); }).find("invalidContact"),
            std::string::npos);
}

TEST_F(ClientAccountTest, ACaThatKeepsNoContactsSaysSo) {
  ca.behaviour().keeps_contacts = false;
  register_account();
  EXPECT_TRUE(client.update_contact({"mailto:new@a.test"}, {}).contact.empty());
}

// 7.3.6.
TEST_F(ClientAccountTest, ADeactivatedAccountOrdersNoMore) {
  register_account();
  EXPECT_EQ(client.deactivate_account({}).status, "deactivated");
  EXPECT_NE(std::string(refused_order().what()).find("deactivated"), std::string::npos);
}

// 7.3.5.
TEST_F(ClientAccountTest, ChangesTheKeyAndKeepsTheAccount) {
  auto current = key();
  Client first(session, ca, clock, current);
  const Account account = first.new_account({.terms_of_service_agreed = true}, {});
  for (const KeyType type : {KeyType::ec384, KeyType::rsa2048, KeyType::ec256}) {
    auto next = std::make_shared<AccountKey>(PrivateKey::generate(type));
    Client before(session, ca, clock, current);
    before.use_account(account.url);
    before.change_key(*next, {});
    EXPECT_EQ(thrown_error([&] { before.account({}); }).value().code(), ErrorCode::refused);
    Client after(session, ca, clock, next);
    EXPECT_EQ(after.new_account({.only_return_existing = true}, {}).url, account.url);
    EXPECT_NO_THROW(after.new_order({.identifiers = names}, {}));
    current = next;
  }
}

TEST_F(ClientAccountTest, AKeyThatIsAnotherAccountsIsRefused) {
  register_account();
  auto taken = key();
  Client other(session, ca, clock, taken);
  other.new_account({.terms_of_service_agreed = true}, {});
  EXPECT_NE(refusal([&] { client.change_key(*taken, {}); }).find("conflict"), std::string::npos);
  EXPECT_NO_THROW(client.account({}));
}

TEST_F(ClientAccountTest, AnAuthorizationIsGivenUp) {
  register_account();
  const Order order = client.new_order({.identifiers = names}, {});
  const Authorization gone = client.deactivate_authorization(order.authorizations.at(0), {});
  EXPECT_EQ(gone.status, AuthorizationStatus::deactivated);
  EXPECT_EQ(gone.url, order.authorizations.at(0));
  EXPECT_EQ(client.order(order.url, {}).status, OrderStatus::invalid);
}

// 7.6.
TEST_F(ClientRevocationTest, RevokesByTheAccountAndByTheCertificatesKey) {
  register_account();
  const auto first = certificate(), second = certificate();
  client.revoke(first.der, RevocationReason::superseded, {});
  Client stranger(session, ca, clock, key());
  stranger.revoke(second.der, RevocationReason::key_compromise, second.key, {});
  const auto revocations = ca.revocations();
  ASSERT_EQ(revocations.size(), 2U);
  EXPECT_EQ(revocations[0].certificate, first.identifier);
  EXPECT_EQ(revocations[0].reason, 4);
  EXPECT_TRUE(revocations[0].by_account);
  EXPECT_EQ(revocations[1].certificate, second.identifier);
  EXPECT_EQ(revocations[1].reason, 1);
  EXPECT_FALSE(revocations[1].by_account);
}

// RFC 5280 5.3.1.
TEST_F(ClientRevocationTest, NoReasonIsSentAsNone) {
  register_account();
  const auto first = certificate(), second = certificate();
  for (const auto& [one, reason] :
       {std::pair{first, std::optional<RevocationReason>()},
        std::pair{second, std::optional(RevocationReason::unspecified)}}) {
    client.revoke(one.der, reason, {});
    EXPECT_EQ(ca.requests().back().payload.find("reason"), std::string::npos);
  }
}

TEST_F(ClientRevocationTest, TheSecondTimeIsSaidToBeSo) {
  register_account();
  const auto own = certificate();
  client.revoke(own.der, {}, {});
  const Error error = thrown_error([&] { client.revoke(own.der, {}, {}); }).value();
  EXPECT_NE(std::string(error.what()).find("alreadyRevoked"), std::string::npos);
  EXPECT_NE(error.hint().find("nothing to do"), std::string::npos);
}

TEST_F(ClientRevocationTest, AStrangersKeyRevokesNothing) {
  register_account();
  const auto own = certificate();
  const PrivateKey strange = PrivateKey::generate(KeyType::ec256);
  EXPECT_NE(refusal([&] { client.revoke(own.der, {}, strange, {}); }).find("unauthorized"),
            std::string::npos);
  EXPECT_TRUE(ca.revocations().empty());
}

TEST_F(ClientRevocationTest, ACaWithoutItIsSaidToBeSo) {
  ca.rule(Operation::directory, 0, Action::change_body([](const std::string& body) {
            Json directory = Json::parse(body);
            directory.erase("revokeCert");
            directory.erase("keyChange");
            return directory.dump();
          }));
  register_account();
  EXPECT_EQ(thrown_error([&] { client.revoke("x", {}, {}); }).value().code(), ErrorCode::config);
  EXPECT_EQ(thrown_error([&] { client.change_key(*key(), {}); }).value().code(), ErrorCode::config);
}

// RFC 9773 4.
TEST_F(ClientRenewalInfoTest, AsksUnsignedForTheWindowOfACertificate) {
  ca.behaviour().renewal_information = true;
  const WallTime start = *parse_rfc3339("2031-01-02T04:00:00Z");
  ca.behaviour().renewal_window = {start, start + std::chrono::hours(24)};
  ca.behaviour().renewal_explanation = "https://ca.test/why";
  register_account();
  const std::string id = certificate().identifier;
  const auto info = client.renewal_info(id, {});
  ASSERT_TRUE(info);
  EXPECT_EQ(info->start, start);
  EXPECT_EQ(info->end, start + std::chrono::hours(24));
  EXPECT_EQ(info->explanation, "https://ca.test/why");
  EXPECT_EQ(info->retry_after, seconds(21600));
  EXPECT_EQ(ca.requests().back().method, "GET");
  EXPECT_EQ(ca.requests().back().url, "https://ca.test/renewal-info/" + id);
}

TEST_F(ClientRenewalInfoTest, ACaWithoutItIsNotAsked) {
  EXPECT_FALSE(client.renewal_info("aki.serial", {}));
  EXPECT_EQ(ca.count(Operation::renewal_info), 0);
}

TEST_F(ClientRenewalInfoTest, WhenToAskAgainIsHeldWithinADay) {
  ca.behaviour().renewal_information = true;
  register_account();
  const std::string id = certificate().identifier;
  const std::pair<std::vector<std::string>, std::optional<seconds>> cases[] = {
      {{"0"}, seconds(1)}, {{"1000000000"}, seconds(86400)}, {{"junk"}, std::nullopt}, {{}, {}}};
  for (const auto& [headers, wait] : cases) {
    ca.behaviour().renewal_retry_after = headers;
    EXPECT_EQ(client.renewal_info(id, {})->retry_after, wait);
  }
}

TEST_F(ClientRenewalInfoTest, NonsenseAndUnknownCertificatesAreErrors) {
  ca.behaviour().renewal_information = true;
  register_account();
  EXPECT_EQ(thrown_error([&] { client.renewal_info("AAAA.AAAA", {}); }).value().code(),
            ErrorCode::refused);
  const std::string id = certificate().identifier;
  ca.behaviour().renewal_body = [](const std::string&) { return "{\"suggestedWindow\":{}}"; };
  EXPECT_EQ(thrown_error([&] { client.renewal_info(id, {}); }).value().code(), ErrorCode::protocol);
}

// RFC 9773 5, as a CA refuses it.
TEST_F(ClientRenewalInfoTest, AnOrderSaysWhatItReplacesOnce) {
  ca.behaviour().renewal_information = true;
  register_account();
  const std::string id = certificate().identifier;
  const auto order = [&](Client& who, std::vector<Identifier> which) {
    return refusal([&] { who.new_order({.identifiers = std::move(which), .replaces = id}, {}); });
  };
  EXPECT_NE(order(client, {{Identifier::Type::dns, "other.test"}}).find("malformed"),
            std::string::npos);
  Client stranger(session, ca, clock, key());
  stranger.new_account({.terms_of_service_agreed = true}, {});
  EXPECT_NE(order(stranger, names).find("unauthorized"), std::string::npos);
  EXPECT_NO_THROW(client.new_order({.identifiers = names, .replaces = id}, {}));
  EXPECT_NE(order(client, names).find("alreadyReplaced"), std::string::npos);
}

TEST_F(ClientAccountTest, AProfileThatIsNoneIsAnsweredWithThoseThereAre) {
  ca.behaviour().profiles = {{"classic", "c"}, {"shortlived", "s"}};
  register_account();
  const Error error = thrown_error([&] {
                        client.new_order({.identifiers = names, .profile = "long"}, {});
                      }).value();
  EXPECT_NE(std::string(error.what()).find("invalidProfile"), std::string::npos);
  EXPECT_NE(error.hint().find("classic, shortlived"), std::string::npos) << error.hint();
}

TEST_F(ClientAccountTest, ALimitsOwnWordsSayWhenWhereNoHeaderDoes) {
  register_account();
  const WallTime when = std::chrono::floor<seconds>(clock.wall()) + std::chrono::hours(5);
  std::string text = format_rfc3339(when);
  text[10] = ' ';
  text.replace(text.size() - 1, 1, " UTC");
  ca.rule(Operation::new_order, 1,
          Action::problem("rateLimited", 429, "too many, retry after " + text + ": see"));
  EXPECT_EQ(refused_order().retry_at(), when);
}

}  // namespace
}  // namespace autohttps::acme
