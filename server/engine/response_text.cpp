#include <autohttps/common/strings.h>
#include <autohttps/server/engine/response_text.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <system_error>

namespace autohttps {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};
// RFC 9110 15 and the few registered since that servers send.
constexpr Phrase kPhrases[] = {{100, "Continue"},
                               {101, "Switching Protocols"},
                               {103, "Early Hints"},
                               {200, "OK"},
                               {201, "Created"},
                               {202, "Accepted"},
                               {203, "Non-Authoritative Information"},
                               {204, "No Content"},
                               {205, "Reset Content"},
                               {206, "Partial Content"},
                               {300, "Multiple Choices"},
                               {301, "Moved Permanently"},
                               {302, "Found"},
                               {303, "See Other"},
                               {304, "Not Modified"},
                               {307, "Temporary Redirect"},
                               {308, "Permanent Redirect"},
                               {400, "Bad Request"},
                               {401, "Unauthorized"},
                               {403, "Forbidden"},
                               {404, "Not Found"},
                               {405, "Method Not Allowed"},
                               {406, "Not Acceptable"},
                               {408, "Request Timeout"},
                               {409, "Conflict"},
                               {410, "Gone"},
                               {411, "Length Required"},
                               {412, "Precondition Failed"},
                               {413, "Content Too Large"},
                               {414, "URI Too Long"},
                               {415, "Unsupported Media Type"},
                               {416, "Range Not Satisfiable"},
                               {417, "Expectation Failed"},
                               {421, "Misdirected Request"},
                               {422, "Unprocessable Content"},
                               {426, "Upgrade Required"},
                               {428, "Precondition Required"},
                               {429, "Too Many Requests"},
                               {431, "Request Header Fields Too Large"},
                               {451, "Unavailable For Legal Reasons"},
                               {500, "Internal Server Error"},
                               {501, "Not Implemented"},
                               {502, "Bad Gateway"},
                               {503, "Service Unavailable"},
                               {504, "Gateway Timeout"},
                               {505, "HTTP Version Not Supported"},
                               {507, "Insufficient Storage"},
                               {508, "Loop Detected"},
                               {511, "Network Authentication Required"}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "HTTP/1.1 200 OK"
bool take_status(std::string_view line, int& status) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (!line.starts_with(kVersion) || line.size() < kVersion.size() + 3) return false;
  status = 0;
  for (const char c : line.substr(kVersion.size(), 3)) {
    if (!is_digit(c)) return false;
    status = status * 10 + (c - '0');
  }
  return status >= 100 && (line.size() == kVersion.size() + 3 || line[kVersion.size() + 3] == ' ');
}

bool names(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         equals_ignoring_case(line.substr(0, name.size()), name);
}

std::optional<std::uint64_t> number(std::string_view value) {
  value = trim(value);
  std::uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return parsed;
}

void note_field(std::string_view line, ResponseText& text) {
  switch (line[0] | 0x20) {
    case 'c':
      if (names(line, "Content-Length")) {
        text.length = number(line.substr(line.find(':') + 1));
      } else if (names(line, "Connection")) {
        text.says_close = to_lower(line).find("close") != std::string::npos;
      }
      break;
    case 'd':
      text.has_date = text.has_date || names(line, "Date");
      break;
    default:
      break;
  }
}

}  // namespace

std::string_view http_date() noexcept {
  thread_local std::time_t written_at = 0;
  thread_local std::array<char, 32> text{};  // "Sun, 06 Nov 1994 08:49:37 GMT"
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != written_at || text[0] == '\0') {
    // Not strftime, which speaks the locale's language.
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                  (parts.tm_year + 1900) % 10'000, parts.tm_hour, parts.tm_min, parts.tm_sec);
    written_at = now.tv_sec;
  }
  return {text.data()};
}

std::string_view status_phrase(int status) noexcept {
  const auto* const found = std::find_if(std::begin(kPhrases), std::end(kPhrases),
                                         [&](const Phrase& one) { return one.status == status; });
  return found == std::end(kPhrases) ? std::string_view() : found->text;
}

bool inspect_response(std::string_view head, ResponseText& text) noexcept {
  text = {};
  for (std::size_t begin = 0; begin < head.size();) {
    const auto* const found =
        static_cast<const char*>(std::memchr(head.data() + begin, '\n', head.size() - begin));
    if (found == nullptr) return false;
    const auto end = static_cast<std::size_t>(found - head.data());
    if (end == begin || head[end - 1] != '\r') return false;
    const std::string_view line = head.substr(begin, end - 1 - begin);
    if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) {
      return false;
    }
    if (begin == 0) {
      if (!take_status(line, text.status)) return false;
      text.status_line = end + 1;
    } else if (line.empty()) {
      return end + 1 == head.size();
    } else {
      note_field(line, text);
    }
    begin = end + 1;
  }
  return false;
}

bool has_body(std::string_view method, int status) noexcept {
  return method != "HEAD" && status >= 200 && status != 204 && status != 304;
}

std::string refusal(int status, std::string_view reason, bool to_head) {
  std::string body = std::to_string(status) + " " + std::string(status_phrase(status));
  if (!reason.empty()) body += ": " + std::string(reason);
  body += "\n";
  std::string text = "HTTP/1.1 " + std::to_string(status) + " " +
                     std::string(status_phrase(status)) + "\r\nDate: " + std::string(http_date());
  if (status == 503) text += "\r\nRetry-After: 1";
  text += "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\nConnection: close\r\n\r\n";
  return to_head ? text : text + body;
}

}  // namespace autohttps
