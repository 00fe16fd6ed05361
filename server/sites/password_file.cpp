#include <autohttps/common/error.h>
#include <autohttps/common/secret.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/password_file.h>

#include <crypt.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace autohttps {
namespace {

constexpr std::size_t kBcrypt = 60;          // characters of a whole one
constexpr int kDearestBcrypt = 14;           // about a second
constexpr unsigned kMostRounds = 1'000'000;  // of SHA-crypt: about as long
constexpr const char* kMakeOne = "make the line anew: htpasswd -B FILE USER";

[[noreturn]] void refuse(std::size_t line, const std::string& cause, std::string hint) {
  throw Error(ErrorCode::config, "line " + std::to_string(line) + ": " + cause, std::move(hint));
}

unsigned number_in(std::string_view text) noexcept {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : ~0U;
}

bool is_hash_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("./$=,").find(c) != std::string_view::npos;
}

void check_sha_crypt(std::string_view hash, std::size_t digest, std::size_t line) {
  constexpr std::string_view kRounds = "rounds=";
  std::string_view rest = hash.substr(3);
  if (rest.starts_with(kRounds)) {
    const std::size_t end = std::min(rest.find('$'), rest.size());
    if (number_in(rest.substr(kRounds.size(), end - kRounds.size())) > kMostRounds) {
      refuse(line, "this hash takes longer than a request may", kMakeOne);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const std::size_t salt = rest.find('$');
  if (salt == std::string_view::npos || rest.size() - salt - 1 != digest) {
    refuse(line, "half a hash", kMakeOne);
  }
}

void check_hash(std::string_view hash, std::size_t line) {
  constexpr std::size_t kSha256 = 43, kSha512 = 86;
  if (hash.starts_with("$apr1$") || hash.starts_with("$1$")) {
    refuse(line, "an MD5 hash ($apr1$), which is too quick to guess", kMakeOne);
  }
  if (hash.starts_with("{SHA}")) {
    refuse(line, "a SHA-1 hash without a salt ({SHA}), which is too quick to guess", kMakeOne);
  }
  const bool sound = std::all_of(hash.begin(), hash.end(), is_hash_character);
  if (sound && (hash.starts_with("$2y$") || hash.starts_with("$2b$") || hash.starts_with("$2a$"))) {
    if (hash.size() != kBcrypt) refuse(line, "half a hash", kMakeOne);
    if (number_in(hash.substr(4, 2)) > kDearestBcrypt) {
      refuse(line, "this hash takes longer than a request may", kMakeOne);
    }
  } else if (sound && hash.starts_with("$6$")) {
    check_sha_crypt(hash, kSha512, line);
  } else if (sound && hash.starts_with("$5$")) {
    check_sha_crypt(hash, kSha256, line);
  } else if (!sound || !hash.starts_with("$y$") || std::count(hash.begin(), hash.end(), '$') < 4) {
    refuse(line, "not a hash that is known here (a password in plain text?)", kMakeOne);
  }
}

}  // namespace

PasswordFile PasswordFile::parse(std::string_view text) {
  PasswordFile file;
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) {
      refuse(number, "not \"user:hash\"", kMakeOne);
    }
    // What follows a second colon is a comment, as Apache has it.
    const std::string_view hash = line.substr(colon + 1, line.find(':', colon + 1) - colon - 1);
    check_hash(hash, number);
    if (!file.hashes_.emplace(line.substr(0, colon), hash).second) {
      refuse(number, "a user who is there already", "leave out one of the two lines");
    }
  }
  if (file.hashes_.empty()) {
    throw Error(ErrorCode::config, "there are no users in it", "htpasswd -B FILE USER adds one");
  }
  return file;
}

std::string_view PasswordFile::hash_of(std::string_view user) const noexcept {
  const auto found = hashes_.find(user);
  return found == hashes_.end() ? std::string_view() : std::string_view(found->second);
}

bool PasswordFile::has(std::string_view user, std::string_view password) const {
  const auto found = hashes_.find(user);
  // As long for a user who is not there: who asks learns no names.
  const std::string& hash = found == hashes_.end() ? hashes_.begin()->second : found->second;
  const auto room = std::make_unique<crypt_data>();
  std::string phrase(password);
  const char* const result = ::crypt_r(phrase.c_str(), hash.c_str(), room.get());
  wipe(phrase);
  const bool same = result != nullptr && Secret(std::string(result)) == Secret(std::string(hash));
  return same && found != hashes_.end() && password.find('\0') == std::string_view::npos;
}

}  // namespace autohttps
