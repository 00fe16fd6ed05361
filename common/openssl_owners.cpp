#include <autohttps/common/openssl_owners.h>

#include <autohttps/common/strings.h>

#include <openssl/err.h>

#include <system_error>

namespace autohttps {
namespace {

std::string reason_of(unsigned long error, const char* data, int flags) {
  std::string words;
  if (ERR_SYSTEM_ERROR(error)) {
    words = std::generic_category().message(ERR_GET_REASON(error));
  } else if (const char* reason = ERR_reason_error_string(error)) {
    words = reason;
  }
  const bool has_text = data != nullptr && *data != '\0' && (flags & ERR_TXT_STRING) != 0;
  if (has_text)
    words += (words.empty() ? "" : " (") + printable(data, 200) + (words.empty() ? "" : ")");
  return words;
}

}  // namespace

std::string openssl_reason() {
  constexpr std::size_t kMost = 300;  // some failures leave a dozen entries that add nothing
  std::string reasons;
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long error = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    const std::string reason = reason_of(error, data, flags);
    if (reason.empty() || reasons.size() > kMost || reasons.find(reason) != std::string::npos)
      continue;
    reasons += (reasons.empty() ? "" : ", ") + reason;
  }
  return reasons.empty() ? "unknown cause" : reasons;
}

void throw_openssl(const std::string& doing) {
  throw Error(ErrorCode::crypto, doing + ": " + openssl_reason());
}

}  // namespace autohttps
