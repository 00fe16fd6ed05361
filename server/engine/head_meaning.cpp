#include <autohttps/server/engine/head_meaning.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/octets.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace autohttps {
namespace {

constexpr int kBadRequest = 400;
constexpr int kExpectationFailed = 417;
constexpr int kNotImplemented = 501;

constexpr std::size_t kLongestHost = 255;  // RFC 1035 2.3.4
constexpr unsigned kHighestPort = 65'535;
// What a file's length and our own sums can hold.
constexpr std::uint64_t kLongestBody = std::numeric_limits<std::int64_t>::max();

// The fields that say what the message is, not what it is about.
struct Framing {
  std::size_t hosts = 0, lengths = 0, codings = 0, expectations = 0;
  std::string_view host, length, coding, expectation;
  bool close = false, keep_alive = false, connection_upgrade = false, upgrade = false;
};

bool refuse(HeadResult& result, int status, const char* reason) noexcept {
  result.status = status;
  result.reason = reason;
  return false;
}

void take_options(std::string_view list, Framing& framing) noexcept {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view option = trim(list.substr(0, end));
    framing.close |= equals_ignoring_case(option, "close");
    framing.keep_alive |= equals_ignoring_case(option, "keep-alive");
    framing.connection_upgrade |= equals_ignoring_case(option, "upgrade");
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

void take_field(const FieldView& field, Framing& framing) noexcept {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  switch (field.name.size()) {  // most names are told from ours by this alone
    case 4:
      if (is("Host") && ++framing.hosts == 1) framing.host = field.value;
      break;
    case 6:
      if (is("Expect") && ++framing.expectations == 1) framing.expectation = field.value;
      break;
    case 7:
      framing.upgrade |= is("Upgrade") && !field.value.empty();
      break;
    case 10:
      if (is("Connection")) take_options(field.value, framing);
      break;
    case 14:
      if (is("Content-Length") && ++framing.lengths == 1) framing.length = field.value;
      break;
    case 17:
      if (is("Transfer-Encoding") && ++framing.codings == 1) framing.coding = field.value;
      break;
    default:
      break;
  }
}

bool is_port(std::string_view text) noexcept {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return text.empty() || (is_digit(text.front()) && error == std::errc() &&
                          end == text.data() + text.size() && port <= kHighestPort);
}

bool is_ip6(std::string_view text) noexcept {
  char copy[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof copy) return false;
  std::copy(text.begin(), text.end(), copy);
  in6_addr address{};
  return ::inet_pton(AF_INET6, copy, &address) == 1;
}

// Of RFC 3986's reg-name without sub-delims and percent-encoding: no name in DNS has them, and ","
// or
// "%00" in a Host are made for readers who split or decode it.
bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kLongestHost && span_of(kHostOctet, text) == text.size();
}

// RFC 9110 7.2: uri-host [":" port]. Not empty: no URL that leads here is without a host (RFC 9110
// 4.2.1), and IPvFuture is nobody's.
bool is_authority(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ip6(text.substr(1, end - 1))) return false;
    const std::string_view rest = text.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  return is_name(text.substr(0, colon)) &&
         (colon == text.size() || is_port(text.substr(colon + 1)));
}

// Without the port that the scheme implies, and without the colon of an empty one.
std::string_view without_default_port(std::string_view authority, std::string_view port) noexcept {
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  if (authority.ends_with(':')) authority.remove_suffix(1);
  return authority;
}

// RFC 9112 3.2.2. False: no absolute-form of http or https.
bool split_absolute_form(HeadView& view, std::string_view& default_port) noexcept {
  const std::size_t scheme = view.target.find("://");
  if (scheme == std::string_view::npos) return false;
  const bool https = equals_ignoring_case(view.target.substr(0, scheme), "https");
  if (!https && !equals_ignoring_case(view.target.substr(0, scheme), "http")) return false;
  default_port = https ? ":443" : ":80";
  const std::string_view rest = view.target.substr(scheme + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  view.authority = rest.substr(0, end);
  view.resource = rest.substr(end);
  return true;
}

// RFC 9112 3.2, 3.3.
bool find_target(HeadView& view, const HeadLimits& limits, const Framing& framing,
                 HeadResult& result) noexcept {
  view.resource = view.target;
  // RFC 9110 9.3.6: this is no proxy; 9.1: what is not implemented is answered by 501.
  if (view.method == "CONNECT") return refuse(result, kNotImplemented, "no tunnels here");
  std::string_view default_port;
  if (view.target == "*") {
    if (view.method != "OPTIONS") {
      return refuse(result, kBadRequest, "the target \"*\" is for OPTIONS alone");
    }
  } else if (!view.target.starts_with('/') && !split_absolute_form(view, default_port)) {
    return refuse(result, kBadRequest, "the target is neither a path nor an http URL");
  }
  if (framing.hosts > 1) return refuse(result, kBadRequest, "more than one Host");
  if (framing.hosts == 0 && view.http11() && !limits.lenient) {
    return refuse(result, kBadRequest, "there is no Host");
  }
  const bool sound = framing.hosts == 1 && is_authority(framing.host);
  if (framing.hosts == 1 && !sound && !limits.lenient) {
    return refuse(result, kBadRequest, "Host is no host");
  }
  view.host = sound ? framing.host : std::string_view();
  if (default_port.empty()) return true;
  if (!is_authority(view.authority)) {
    return refuse(result, kBadRequest, "the target's host is no host");
  }
  // RFC 9112 3.2.2 has clients send the same twice and servers ignore Host. Who sends two that
  // differ wants two readers to see two hosts (a cache and us, us and an upstream): refused.
  if (framing.hosts == 1 &&
      !equals_ignoring_case(without_default_port(view.authority, default_port),
                            without_default_port(framing.host, default_port))) {
    return refuse(result, kBadRequest, "target and Host name different hosts");
  }
  view.host = view.authority;
  return true;
}

// RFC 9112 6.1: what is not understood is 501; what nobody could understand, or does not end with
// "chunked" though that is in it (6.3), is 400.
int status_for_coding(std::string_view list) noexcept {
  bool foreign = false;
  bool ended = false;
  for (;;) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view coding = trim(list.substr(0, end));
    if (coding.empty() || span_of(kTokenOctet, coding) != coding.size() || ended) {
      return kBadRequest;
    }
    ended = equals_ignoring_case(coding, "chunked");
    foreign |= !ended;
    if (end == list.size()) return foreign ? kNotImplemented : kBadRequest;
    list.remove_prefix(end + 1);
  }
}

bool find_coding(HeadView& view, const HeadLimits& limits, const Framing& framing,
                 HeadResult& result) noexcept {
  const bool harmless = framing.lengths == 1 && framing.length == "0";
  if (framing.lengths > 0 && !(limits.lenient && harmless)) {
    return refuse(result, kBadRequest, "both Content-Length and Transfer-Encoding");
  }
  if (!view.http11()) return refuse(result, kBadRequest, "Transfer-Encoding in HTTP/1.0");
  if (framing.codings > 1) return refuse(result, kBadRequest, "more than one Transfer-Encoding");
  if (!equals_ignoring_case(framing.coding, "chunked")) {
    return refuse(result, status_for_coding(framing.coding),
                  "a transfer coding other than \"chunked\"");
  }
  view.chunked = true;
  return true;
}

// RFC 9112 6.2, 6.3. Two equal lengths, too: nobody sends them but to see who takes which.
bool find_length(HeadView& view, const Framing& framing, HeadResult& result) noexcept {
  if (framing.lengths > 1) return refuse(result, kBadRequest, "more than one Content-Length");
  const std::string_view text = framing.length;
  std::uint64_t length = 0;
  if (!std::all_of(text.begin(), text.end(), is_digit)) {
    return refuse(result, kBadRequest, "Content-Length is no number");
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || error != std::errc() || length > kLongestBody) {
    return refuse(result, kBadRequest, "Content-Length is no number that can be");
  }
  view.length = length;
  return true;
}

// RFC 9110 10.1.1; HTTP/1.0 knows no expectations.
bool find_expectation(HeadView& view, const Framing& framing, HeadResult& result) noexcept {
  if (framing.expectations == 0 || !view.http11()) return true;
  if (framing.expectations > 1 || !equals_ignoring_case(framing.expectation, "100-continue")) {
    return refuse(result, kExpectationFailed, "an expectation other than \"100-continue\"");
  }
  view.expects_continue = view.has_body();
  return true;
}

}  // namespace

bool find_meaning(HeadView& view, const HeadLimits& limits, HeadResult& result) {
  Framing framing;
  for (const FieldView& field : view.fields) take_field(field, framing);
  if (!find_target(view, limits, framing, result)) return false;
  if (framing.codings > 0) {
    if (!find_coding(view, limits, framing, result)) return false;
  } else if (framing.lengths > 0 && !find_length(view, framing, result)) {
    return false;
  }
  if (!find_expectation(view, framing, result)) return false;
  view.wants_close = framing.close || (!view.http11() && !framing.keep_alive) ||
                     (framing.codings > 0 && framing.lengths > 0);
  view.wants_upgrade = framing.connection_upgrade && framing.upgrade && view.http11();
  return true;
}

}  // namespace autohttps
