#include <autohttps/common/challenge_answers.h>

#include <algorithm>

namespace autohttps {

bool is_token(std::string_view text) noexcept {
  if (text.size() < 16 || text.size() > 128) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace autohttps
