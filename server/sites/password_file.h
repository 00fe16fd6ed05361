// Users and hashes of their passwords, as `htpasswd` writes them.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace autohttps {

// Immutable. "user:hash" a line; empty lines and those that begin with "#" are none. Hashes are
// what crypt(5) calls strong: bcrypt ($2y$, from htpasswd -B), yescrypt ($y$), SHA-512 and SHA-256
// crypt ($6$, $5$). Others are refused: who reads a file of {SHA} or $apr1$ (a thousand rounds of
// MD5) has the passwords by the evening, and not only those of this site.
class PasswordFile {
 public:
  // Throws Error(config) that names the line, never what stands in it.
  static PasswordFile parse(std::string_view text);

  std::size_t size() const noexcept { return hashes_.size(); }

  // Waits for some ten milliseconds, for users that are not there too. May throw std::bad_alloc.
  bool has(std::string_view user, std::string_view password) const;
  // What has() compares with; empty: no such user.
  std::string_view hash_of(std::string_view user) const noexcept;

 private:
  std::map<std::string, std::string, std::less<>> hashes_;
};

}  // namespace autohttps
