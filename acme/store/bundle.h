// What an order yields: one key and its chain, with where they came from.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/private_key.h>

#include <optional>
#include <string>
#include <vector>

namespace autohttps::acme {

struct Bundle {
  std::string
      chain_pem;  // leaf first, no root needed; checked by bundle_check before anything keeps it
  std::string key_pem;  // or the user's own request: the key is elsewhere (key_elsewhere.h)
  KeyType key_type = KeyType::ec256;
  std::string ca;       // directory URL
  std::string account;  // account URL
  std::vector<Identifier> names;
  std::optional<WallTime> ca_time;  // the CA's Date when it sent the chain
};

}  // namespace autohttps::acme
