// A client whose CA is scripted and takes every response to a challenge as right.
#pragma once

#include <autohttps/acme/protocol/client.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/scripted_ca.h>
#include <autohttps/tests/support/test_csr.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace autohttps::acme {

class ClientFixture : public ::testing::Test {
 protected:
  ClientFixture()
      : ca(clock),
        session(std::make_shared<ClientSession>(ca.directory_url())),
        client(session, ca, clock, key()) {}

  static std::shared_ptr<AccountKey> key() {
    return std::make_shared<AccountKey>(PrivateKey::generate(KeyType::ec256));
  }
  Account register_account() { return client.new_account({.terms_of_service_agreed = true}, {}); }
  Order ready_order() {
    const Order order = client.new_order({.identifiers = names}, {});
    const Authorization authorization = client.authorization(order.authorizations.at(0), {});
    const auto challenge =
        std::find_if(authorization.challenges.begin(), authorization.challenges.end(),
                     [](const Challenge& one) { return one.type == "http-01"; });
    client.respond(*challenge, {});
    return client.order(order.url, {});
  }
  Order valid_order() {
    return client.finalize(ready_order(), make_csr(PrivateKey::generate(KeyType::ec256), names),
                           {});
  }
  Error refused_order() {
    return thrown_error([&] { client.new_order({.identifiers = names}, {}); }).value();
  }

  const std::vector<Identifier> names = {{Identifier::Type::dns, "a.test"}};
  ManualClock clock;
  ScriptedCa ca;
  std::shared_ptr<ClientSession> session;
  Client client;
};

}  // namespace autohttps::acme
