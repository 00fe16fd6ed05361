// How good a certificate is, for whoever watches: what our own port serves of it, and what is badly
// wrong.
#pragma once

#include <autohttps/acme/management/outlook.h>
#include <autohttps/common/clock.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace autohttps {

// What the server gives for a name: its leaf's SHA-256; empty: no answer.
using AskServed = std::function<std::optional<std::string>(const std::string& name)>;

// Asks our own port: `address` as the server is bound to, empty: all. Once it has not answered, it
// is not asked any more: one that is stuck would keep us waiting for each of a thousand names.
AskServed ask_own_port(const std::string& address, std::uint16_t port);

enum class Served : std::uint8_t {
  unknown,  // nobody was asked, or there is no name to ask for
  same,     // what the store has in place
  other,
  placeholder,  // the store has none
  no_answer
};

struct ServedLook {
  Served served = Served::unknown;
  std::string fingerprint{};
};

// `ask` empty: nobody serves.
ServedLook look_at_served(const acme::Outlook&, const AskServed& ask);

// Of the key type with the least of its life left.
int percent_left(const acme::Generation&, WallTime now) noexcept;
inline constexpr int kCriticalPercent = 10;  // every renewal should have been done long ago

// "a.test expired", "a.test has 3 % of its life left", "a.test has no certificate"; empty: nothing
// like that.
std::string what_is_critical(const acme::Outlook&, int below_percent, WallTime now);

}  // namespace autohttps
