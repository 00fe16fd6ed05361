// Credentials of a throw-away CA, as a server's cache takes them.
#pragma once

#include <autohttps/common/credentials.h>
#include <autohttps/tests/support/test_certificates.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {

inline std::shared_ptr<const Credentials> make_credentials(
    std::string id, std::vector<std::shared_ptr<const CertifiedKey>> keys,
    std::uint64_t generation = 1) {
  auto credentials = std::make_shared<Credentials>();
  credentials->certificate = std::move(id);
  credentials->generation = generation;
  credentials->keys = std::move(keys);
  return credentials;
}

// The id is the first name.
inline std::shared_ptr<const Credentials> make_credentials(const TestCa& ca,
                                                           const std::vector<std::string>& names,
                                                           std::uint64_t generation = 1) {
  return make_credentials(names.front(), {ca.leaf(names).certified()}, generation);
}

}  // namespace autohttps
