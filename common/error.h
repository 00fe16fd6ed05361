// The one exception type of the control plane: what failed, why, and what to do next.
#pragma once

#include <autohttps/common/clock.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace autohttps {

// Stable: their names are the `code` of --json output and of state.json; their classes are exit
// codes.
enum class ErrorCode {
  config,        // what the user asked for cannot be: a name, a flag, a file, a combination
  storage,       // the store cannot be read or written; the old value is still there
  locked,        // another process holds the lock; the text names it
  permission,    // the operating system refuses: a port below 1024, a folder of another user
  port,          // a port that is needed is in use or cannot be bound
  network,       // the CA was not reached: DNS, TCP, TLS, time-out
  protocol,      // the CA's answer is not what RFC 8555 allows, or exceeds a bound of ours
  refused,       // the CA answered with a problem document (see acme::ProblemError)
  validation,    // the CA tried the challenge and was not satisfied
  rate_limited,  // the CA says 429/503, or our own ledger says it would: see retry_at()
  deferred,      // not now by our own back-off: see retry_at()
  crypto,        // a key or a certificate is unusable or the two do not match
  hook,          // a command of the user's, run before or after, failed
  canceled,      // stopped from outside; nothing is wrong
  internal,      // a bug of ours
};

// "config", "storage" ...; never changes once released.
std::string_view code_name(ErrorCode) noexcept;

// Immutable once thrown, copyable. what() is one line, lower case, no final stop, control bytes
// escaped by whoever put foreign text in: what was being done, the value in quotes, the cause.
// hint() is the next step for a person, may be empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& text, std::string hint = {})
      : std::runtime_error(text), code_(code), hint_(std::move(hint)) {}

  ErrorCode code() const noexcept { return code_; }
  const std::string& hint() const noexcept { return hint_; }

  // May the same be tried again without a person changing something, and not before when? Empty: no
  // time is known.
  std::optional<WallTime> retry_at() const noexcept { return retry_at_; }
  Error& with_retry_at(WallTime when) {
    retry_at_ = when;
    return *this;
  }

 private:
  ErrorCode code_;
  std::string hint_;
  std::optional<WallTime> retry_at_;
};

// Throws Error with errno's meaning in words: "writing \"accounts/x/key.pem\": no space left on
// device". EACCES, EPERM and EROFS become permission, everything else `code`.
[[noreturn]] void throw_errno(ErrorCode code, const std::string& doing, int error_number,
                              std::string hint = {});

}  // namespace autohttps
