// Challenge tokens: what passes becomes a file name.
#include <autohttps/common/challenge_answers.h>

#include "fuzz.h"

using namespace autohttps;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view token = text_of(data, size);
  if (!is_token(token)) return 0;
  require(size >= 16 && size <= 128);
  require(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
      std::string_view::npos);
  return 0;
}
