// What must not be seen: a password, a MAC key. Private keys are PrivateKey's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace autohttps {

// Immutable and cheap to copy (shared); any thread. Wiped from memory when the last copy goes. Has
// no way to a stream or a message but bytes(), which is for whoever computes with it or writes it
// to a file of mode 0600.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes);  // its own copy of the argument is wiped

  std::string_view bytes() const noexcept { return bytes_ ? std::string_view(*bytes_) : ""; }
  bool empty() const noexcept { return bytes().empty(); }
  bool operator==(const Secret& other) const noexcept;  // in the same time wherever they differ

 private:
  std::shared_ptr<const std::string> bytes_;
};

// Overwrites the text before it is let go.
void wipe(std::string&) noexcept;

}  // namespace autohttps
