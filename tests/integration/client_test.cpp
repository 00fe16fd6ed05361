// The protocol alone against a real CA: no store, no solver, no policy.
#include <autohttps/acme/protocol/client.h>

#include <autohttps/acme/protocol/curl_transport.h>
#include <autohttps/common/certified_key.h>
#include <autohttps/tests/support/pebble_process.h>
#include <autohttps/tests/support/test_csr.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

const std::vector<Identifier> kNames = {{Identifier::Type::dns, "a.test"},
                                        {Identifier::Type::dns, "b.test"}};

// Polls until `done`, for at most 30 s.
template <typename Read, typename Done>
auto poll(Clock& clock, Read read, Done done) {
  const SteadyTime give_up = clock.steady() + std::chrono::seconds(30);
  auto value = read();
  while (!done(value) && clock.steady() < give_up) {
    clock.sleep_for(std::chrono::milliseconds(20), {});
    value = read();
  }
  return value;
}

class ClientWithPebble : public ::testing::TestWithParam<const char*> {
 protected:
  static PebbleProcess start(const char* reject) {
    PebbleOptions options;
    options.environment = {{"PEBBLE_VA_ALWAYS_VALID", "1"},
                           {"PEBBLE_WFE_NONCEREJECT", reject},
                           {"PEBBLE_ALTERNATE_ROOTS", "2"}};
    options.strict = true;
    return PebbleProcess(std::move(options));
  }
};

TEST_P(ClientWithPebble, BuysACertificate) {
  const PebbleProcess pebble = start(GetParam());
  SystemClock clock;
  CurlTransport transport({.ca_bundle = pebble.ca_bundle()});
  Client client(std::make_shared<ClientSession>(pebble.directory_url()), transport, clock,
                std::make_shared<AccountKey>(PrivateKey::generate(KeyType::ec256)));
  const Account account = client.new_account(
      {.contact = {"mailto:me@example.com"}, .terms_of_service_agreed = true}, {});
  EXPECT_EQ(client.account({}).url, account.url);
  Order order = client.new_order({.identifiers = kNames}, {});
  for (const std::string& url : order.authorizations) {
    const Authorization authorization = client.authorization(url, {});
    if (authorization.status == AuthorizationStatus::valid) continue;
    const auto challenge =
        std::find_if(authorization.challenges.begin(), authorization.challenges.end(),
                     [](const Challenge& one) { return one.type == "http-01"; });
    ASSERT_NE(challenge, authorization.challenges.end());
    client.respond(*challenge, {});
  }
  order = poll(
      clock, [&] { return client.order(order.url, {}); },
      [](const Order& one) { return one.status != OrderStatus::pending; });
  ASSERT_EQ(order.status, OrderStatus::ready);
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const std::string url = order.url;
  order = client.finalize(order, make_csr(key, kNames), {});
  EXPECT_EQ(order.url, url);
  order = poll(
      clock, [&] { return client.order(order.url, {}); },
      [](const Order& one) { return one.status == OrderStatus::valid; });
  const IssuedChain chain = client.certificate(order.certificate.value(), {});
  EXPECT_EQ(CertifiedKey::from_pem(chain.pem, key.to_pem())->names().size(), 2U);
  EXPECT_EQ(chain.alternates.size(), 2U);
  EXPECT_TRUE(chain.ca_time);
}

INSTANTIATE_TEST_SUITE_P(NonceRejection, ClientWithPebble, ::testing::Values("0", "50"),
                         [](const auto& test) { return "Percent" + std::string(test.param); });

TEST(ClientWithPebbleTest, APrivateCaWithoutItsBundleIsNotTrusted) {
  const PebbleProcess pebble;
  SystemClock clock;
  CurlTransport transport({});
  Client client(std::make_shared<ClientSession>(pebble.directory_url()), transport, clock,
                std::make_shared<AccountKey>(PrivateKey::generate(KeyType::ec256)));
  const auto error = thrown_error([&] { client.directory({}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::network);
  EXPECT_NE(error->hint().find("--ca-bundle"), std::string::npos);
}

}  // namespace
}  // namespace autohttps::acme
