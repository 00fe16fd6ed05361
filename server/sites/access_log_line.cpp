#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/octets.h>
#include <autohttps/server/sites/access_log_line.h>

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <iterator>

namespace autohttps {
namespace {

constexpr std::size_t kLongestField = 4'000;
constexpr std::size_t kLongestName = 32;  // of a parameter that could be a secret's
constexpr std::string_view kMask = "***";
constexpr int kMsPerSecond = 1'000;

// Parameters that carry what opens a door (RFC 6750 2.3 "access_token", signed URLs, reset links).
// Names that mostly mean something harmless ("code", "key", "state") are not here: whoever reads a
// log looks for those.
constexpr std::string_view kSecrets[] = {"access_token",
                                         "refresh_token",
                                         "id_token",
                                         "auth_token",
                                         "token",
                                         "jwt",
                                         "client_secret",
                                         "secret",
                                         "password",
                                         "passwd",
                                         "pwd",
                                         "passphrase",
                                         "api_key",
                                         "api-key",
                                         "apikey",
                                         "access_key",
                                         "session_id",
                                         "sessionid",
                                         "signature",
                                         "sig",
                                         "x-amz-signature",
                                         "x-amz-security-token",
                                         "x-goog-signature"};

// ---- escaping

// Shows itself in every place of every format.
constexpr bool is_plain(char c) noexcept { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

std::size_t plain_size(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size() && is_plain(text[i])) ++i;
  return i;
}

void append_hex(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out.append("\\x") += kHex[byte >> 4];
  out += kHex[byte & 15];
}

// As Apache's httpd escapes: \" \\ \xhh, all that is not ASCII too.
void append_quoted_part(std::string& out, std::string_view text) {
  while (true) {
    const std::size_t plain = plain_size(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    if (text.front() == '"' || text.front() == '\\') {
      (out += '\\') += text.front();
    } else {
      append_hex(out, text.front());
    }
    text.remove_prefix(1);
  }
}

// What is no clean UTF-8 is shown as "\xhh", and not as JSON's own escape: a reader that unpacks it
// and prints it to a terminal is safe as well.
void append_json_part(std::string& out, std::string_view text) {
  const std::size_t plain = plain_size(text);
  out.append(text.substr(0, plain));
  if (plain == text.size()) return;
  for (const char c : printable(text.substr(plain), std::string::npos / 2)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
}

void append_part(std::string& out, AccessLogFormat format, std::string_view text) {
  if (format == AccessLogFormat::json) {
    append_json_part(out, text);
  } else {
    append_quoted_part(out, text);
  }
}

// ---- what is not for a log

// Not find_first_of(), which searches `ends` anew for each character by a call.
template <std::size_t size>
constexpr std::string_view up_to(std::string_view text, const char (&ends)[size]) noexcept {
  std::size_t i = 0;
  const auto is_end = [&](char c) {
    for (std::size_t k = 0; k + 1 < size; ++k) {
      if (c == ends[k]) return true;
    }
    return false;
  };
  while (i < text.size() && !is_end(text[i])) ++i;
  return text.substr(0, i);
}

// Percent escapes undone, as an application reads the name (RFC 3986 2.1).
bool names_a_secret(std::string_view name) noexcept {
  std::array<char, kLongestName> plain;
  std::size_t size = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (size == plain.size()) return false;
    char c = name[i];
    if (c == '%' && i + 2 < name.size() && hex_digit(name[i + 1]) >= 0 &&
        hex_digit(name[i + 2]) >= 0) {
      c = static_cast<char>(hex_digit(name[i + 1]) * 16 + hex_digit(name[i + 2]));
      i += 2;
    }
    plain[size++] = c;
  }
  const std::string_view text(plain.data(), size);
  return std::any_of(std::begin(kSecrets), std::end(kSecrets),
                     [&](std::string_view secret) { return equals_ignoring_case(text, secret); });
}

// The user information of a URL, with its "@"; empty: there is none.
std::string_view user_information(std::string_view url) noexcept {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return {};
  const std::string_view authority = up_to(url.substr(colon + 3), "/?#");
  const std::size_t at = authority.rfind('@');
  return at == std::string_view::npos ? std::string_view() : authority.substr(0, at + 1);
}

// A request's target or a referer.
void append_url(std::string& out, AccessLogFormat format, std::string_view url) {
  const bool is_long = url.size() > kLongestField;
  if (is_long) url = url.substr(0, kLongestField);
  if (!url.empty() && url.front() != '/') {
    if (const std::string_view user = user_information(url); !user.empty()) {
      const auto before = static_cast<std::size_t>(user.data() - url.data());
      append_part(out, format, url.substr(0, before));
      out.append(kMask) += '@';
      url.remove_prefix(before + user.size());
    }
  }
  const std::size_t query = up_to(url, "?#").size();
  append_part(out, format, url.substr(0, query));
  url.remove_prefix(query);
  while (!url.empty()) {  // at "?", "&", ";" or "#"
    out += url.front();
    url.remove_prefix(1);
    const std::string_view parameter = up_to(url, "&;#?");
    const std::size_t name = parameter.find('=');
    if (name != std::string_view::npos && names_a_secret(parameter.substr(0, name))) {
      append_part(out, format, parameter.substr(0, name + 1));
      out.append(kMask);
    } else {
      append_part(out, format, parameter);
    }
    url.remove_prefix(parameter.size());
  }
  if (is_long) out.append("...");
}

void append_field(std::string& out, AccessLogFormat format, std::string_view text) {
  append_part(out, format, text.substr(0, kLongestField));
  if (text.size() > kLongestField) out.append("...");
}

int base64_digit(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 7617 2: of "Basic dXNlcjpwYXNz" what stands before the colon; nothing behind it is decoded.
// Without a colon it is none, and all of it might be the secret.
std::string basic_user(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (!equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return {};
  std::string user;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : trim(authorization.substr(kScheme.size()))) {
    const int digit = base64_digit(c);
    if (digit < 0 || user.size() == kLongestField) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    const char octet = static_cast<char>(bits >> have & 0xff);
    if (octet == ':') return user;
    user += octet;
  }
  return {};
}

// ---- what is told of a request

struct Told {
  std::string user;
  std::string_view referer, user_agent;
};

Told told_of(const HeadView& head) {
  Told told;
  for (const FieldView& field : head.fields) {
    switch (field.name.size()) {  // of the three names; most fields are none of them
      case 7:
        if (told.referer.empty() && equals_ignoring_case(field.name, "Referer")) {
          told.referer = field.value;
        }
        break;
      case 10:
        if (told.user_agent.empty() && equals_ignoring_case(field.name, "User-Agent")) {
          told.user_agent = field.value;
        }
        break;
      case 13:
        if (told.user.empty() && equals_ignoring_case(field.name, "Authorization")) {
          told.user = basic_user(field.value);
        }
        break;
      default:
        break;
    }
  }
  return told;
}

template <typename Number>
void append_number(std::string& out, Number number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_padded(std::string& out, std::int64_t number, int digits) {
  std::array<char, 8> text;
  for (int i = digits - 1; i >= 0; --i, number /= 10) {
    text[static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
  }
  out.append(text.data(), static_cast<std::size_t>(digits));
}

// In UTC: local time has an hour twice a year, and is another one on the next machine. Made anew
// once a second, by each thread for itself.
std::string_view second_as_text(bool rfc3339, std::int64_t second) {
  struct Made {
    std::int64_t second = -1;
    std::array<char, 32> text{};
    std::size_t size = 0;
  };
  thread_local std::array<Made, 2> made;
  Made& one = made[rfc3339 ? 1 : 0];
  if (one.second != second) {
    const time_t time = second;
    tm broken_down{};
    ::gmtime_r(&time, &broken_down);
    // %b is English: nobody has set a locale for LC_TIME in a library's stead.
    one.size =
        std::strftime(one.text.data(), one.text.size(),
                      rfc3339 ? "%Y-%m-%dT%H:%M:%S" : "%d/%b/%Y:%H:%M:%S +0000", &broken_down);
    one.second = second;
  }
  return {one.text.data(), one.size};
}

// ---- formats

void append_user(std::string& out, const std::string& user) {
  for (const char c : user.empty() ? std::string_view("-") : std::string_view(user)) {
    if (c == ' ' || c == '"' || c == '\\') {
      append_hex(out, c);  // the field has no quotation marks around it
    } else {
      append_quoted_part(out, {&c, 1});
    }
  }
}

std::string_view remote_of(const RequestRecord& record) {
  return record.client.empty() ? std::string_view(record.peer.remote_ip) : record.client;
}

void append_text_line(std::string& out, AccessLogFormat format, const RequestRecord& record,
                      std::int64_t unix_ms) {
  const HeadView& head = record.head;
  const Told told = told_of(head);
  const auto append_or_dash = [&](auto append, std::string_view text) {
    out += '"';
    text.empty() ? void(out += '-') : append(out, format, text);
    out += '"';
  };
  const std::string_view remote = remote_of(record);
  out.append(remote.empty() ? "-" : remote).append(" - ");
  append_user(out, told.user);
  out.append(" [").append(second_as_text(false, unix_ms / kMsPerSecond)).append("] \"");
  if (head.method.empty()) {
    out += '-';
  } else {
    append_field(out, format, head.method);
    out += ' ';
    append_url(out, format, head.target);
    out += ' ';
    append_field(out, format, head.version);
  }
  out.append("\" ");
  append_padded(out, record.status, 3);
  out += ' ';
  if (record.body_bytes == 0) {
    out += '-';
  } else {
    append_number(out, record.body_bytes);
  }
  if (format == AccessLogFormat::combined) {
    out += ' ';
    append_or_dash(append_url, told.referer);
    out += ' ';
    append_or_dash(append_field, told.user_agent);
  }
  out += '\n';
}

void append_json_line(std::string& out, const RequestRecord& record, std::int64_t unix_ms) {
  const HeadView& head = record.head;
  const Told told = told_of(head);
  const auto member = [&](std::string_view name, std::string_view text, auto append) {
    out.append(",\"").append(name);
    if (text.empty()) {
      out.append("\":null");
      return;
    }
    out.append("\":\"");
    append(out, AccessLogFormat::json, text);
    out += '"';
  };
  out.append("{\"time\":\"").append(second_as_text(true, unix_ms / kMsPerSecond)) += '.';
  append_padded(out, unix_ms % kMsPerSecond, 3);
  out.append("Z\"");
  member("remote", remote_of(record), append_field);
  member("user", told.user, append_field);
  member("host", head.host, append_field);
  member("method", head.method, append_field);
  member("target", head.target, append_url);
  member("protocol", head.version, append_field);
  out.append(",\"status\":");
  append_number(out, record.status);
  out.append(",\"bytes\":");
  append_number(out, record.body_bytes);
  out.append(",\"ms\":");
  append_number(out, record.took.count() / kMsPerSecond);
  if (const auto rest = record.took.count() % kMsPerSecond; rest != 0) {
    out += '.';
    append_padded(out, rest, 3);
  }
  member("referer", told.referer, append_url);
  member("user_agent", told.user_agent, append_field);
  out.append(record.secure ? ",\"tls\":true" : ",\"tls\":false");
  member("server_name", record.server_name, append_field);
  out.append(record.whole ? ",\"whole\":true}\n" : ",\"whole\":false}\n");
}

}  // namespace

AccessLogFormat parse_access_log_format(std::string_view name) {
  if (name == "common") return AccessLogFormat::common;
  if (name == "combined") return AccessLogFormat::combined;
  if (name == "json") return AccessLogFormat::json;
  throw Error(ErrorCode::config, "\"" + printable(name, 100) + "\" is no format of an access log",
              "common, combined (the default) or json");
}

void append_access_line(std::string& out, AccessLogFormat format, const RequestRecord& record,
                        std::int64_t unix_ms) {
  if (format == AccessLogFormat::json) {
    append_json_line(out, record, unix_ms);
  } else {
    append_text_line(out, format, record, unix_ms);
  }
}

}  // namespace autohttps
