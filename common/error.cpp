#include <autohttps/common/error.h>

#include <cctype>
#include <cerrno>
#include <system_error>

namespace autohttps {
namespace {

// "No space left on device" begins a sentence in libc's mouth and ends one in ours.
std::string errno_words(int error_number) {
  std::string words = std::generic_category().message(error_number);
  const bool acronym = words.size() > 1 && std::isupper(static_cast<unsigned char>(words[1])) != 0;
  if (!words.empty() && !acronym) {
    words[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
  }
  return words;
}

}  // namespace

std::string_view code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::config:
      return "config";
    case ErrorCode::storage:
      return "storage";
    case ErrorCode::locked:
      return "locked";
    case ErrorCode::permission:
      return "permission";
    case ErrorCode::port:
      return "port";
    case ErrorCode::network:
      return "network";
    case ErrorCode::protocol:
      return "protocol";
    case ErrorCode::refused:
      return "refused";
    case ErrorCode::validation:
      return "validation";
    case ErrorCode::rate_limited:
      return "rate_limited";
    case ErrorCode::deferred:
      return "deferred";
    case ErrorCode::crypto:
      return "crypto";
    case ErrorCode::hook:
      return "hook";
    case ErrorCode::canceled:
      return "canceled";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

void throw_errno(ErrorCode code, const std::string& doing, int error_number, std::string hint) {
  const bool refused = error_number == EACCES || error_number == EPERM || error_number == EROFS;
  throw Error(refused ? ErrorCode::permission : code, doing + ": " + errno_words(error_number),
              std::move(hint));
}

}  // namespace autohttps
