#include <autohttps/common/pem.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>

namespace autohttps {
namespace {

constexpr std::size_t kMostBytes = std::size_t{256} * 1024;
constexpr std::size_t kLineLength = 64;  // RFC 7468 2
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

[[noreturn]] void refuse(const std::string& cause) {
  throw Error(ErrorCode::crypto, "reading a certificate chain: " + cause);
}

bool is_base64(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

// Whole groups of four, padding at the end only, no bits left over (RFC 4648 3.5).
bool is_whole_base64(std::string_view text) noexcept {
  if (text.empty() || text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  for (; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  if (!std::all_of(text.begin(), text.end(), is_base64)) return false;
  if (padding == 0) return true;
  return (padding == 1 ? std::string_view("AEIMQUYcgkosw048") : std::string_view("AQgw"))
             .find(text.back()) != std::string_view::npos;
}

// The next line without its end.
std::string_view take_line(std::string_view& rest) noexcept {
  const auto end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

[[noreturn]] void refuse_line_outside(std::string_view line) {
  constexpr std::string_view kAnyBegin = "-----BEGIN ";
  if (line.starts_with("\xef\xbb\xbf")) refuse("it begins with a byte order mark");
  if (line.starts_with(kAnyBegin)) {
    const std::string_view label =
        line.substr(kAnyBegin.size(), line.find("-----", 1) - kAnyBegin.size());
    refuse("it holds a block \"" + printable(label, 40) +
           "\" where only plain certificates may be");
  }
  // Base64 is not shown: it may be a key's.
  const bool secret =
      std::all_of(line.begin(), line.end(), [](char c) { return is_base64(c) || c == '='; });
  refuse("something stands outside its blocks" +
         (secret ? "" : ": \"" + printable(line, 40) + "\""));
}

std::string read_block(std::string_view& rest) {
  std::string base64;
  for (;;) {
    if (rest.empty()) refuse("its last block has no end");
    const std::string_view line = take_line(rest);
    if (line == kEnd) break;
    // Not shown: behind a wrong line may lie a key.
    if (!std::all_of(line.begin(), line.end(), [](char c) { return is_base64(c) || c == '='; })) {
      refuse("a line inside a block is not base64");
    }
    base64 += line;
  }
  if (!is_whole_base64(base64)) refuse("a block is not whole base64");
  return base64;
}

std::string normalised(std::string_view base64) {
  std::string block(kBegin);
  for (block += '\n'; !base64.empty(); block += '\n') {
    block += base64.substr(0, kLineLength);
    base64.remove_prefix(std::min(kLineLength, base64.size()));
  }
  return (block += kEnd) += '\n';
}

}  // namespace

std::vector<std::string> split_certificates(std::string_view pem, std::size_t most) {
  if (pem.size() > kMostBytes) refuse("more than 256 KiB");
  std::vector<std::string> blocks;
  while (!pem.empty()) {
    const std::string_view line = take_line(pem);
    if (trim(line).empty()) continue;
    if (line != kBegin) refuse_line_outside(line);
    if (blocks.size() == most) refuse("more than " + std::to_string(most) + " certificates");
    blocks.push_back(normalised(read_block(pem)));
  }
  if (blocks.empty()) refuse("it is empty");
  return blocks;
}

}  // namespace autohttps
