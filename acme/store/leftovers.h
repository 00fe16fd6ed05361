// What attempts put up outside this machine (DNS records) and could not take down again.
#pragma once

#include <stop_token>
#include <string>

namespace autohttps::acme {

// Thread-safe. Never throws for what concerns the taking down: that is told, and tried again later.
struct Leftovers {
  virtual ~Leftovers() = default;
  // Would take_down() try something now? Throws what the store throws.
  virtual bool is_due(const std::string& certificate) const = 0;
  // Tries all of it, or with `due` only what has waited long enough since it failed. The caller
  // holds the certificate's lock. False: something is still up.
  virtual bool take_down(const std::string& certificate, bool due, std::stop_token) = 0;
};

}  // namespace autohttps::acme
