#include <autohttps/server/sites/forwarded_request.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/octets.h>
#include <autohttps/server/sites/hop_fields.h>
#include <autohttps/server/sites/response_head.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace autohttps {
namespace {

constexpr std::string_view kPseudonym = "autohttps";  // RFC 9110 7.6.3
constexpr int kMostOfOurs = 5;

// What we say ourselves, and pass on from none but whom we believe.
enum class Ours : std::uint8_t {
  no,
  never,  // passed on
  forwarded_for,
  forwarded_proto,
  forwarded_host,
  forwarded_port,
  forwarded_prefix,
  forwarded,
  via,
};

// "proxy": CGI programs would take it for a setting of theirs (CVE-2016-5385).
constexpr std::pair<std::string_view, Ours> kOurs[] = {
    {"via", Ours::via},
    {"host", Ours::never},
    {"proxy", Ours::never},
    {"expect", Ours::never},
    {"forwarded", Ours::forwarded},
    {"x-real-ip", Ours::never},
    {"x-forwarded-for", Ours::forwarded_for},
    {"x-forwarded-host", Ours::forwarded_host},
    {"x-forwarded-port", Ours::forwarded_port},
    {"x-forwarded-proto", Ours::forwarded_proto},
    {"x-forwarded-prefix", Ours::forwarded_prefix},
    {"x-forwarded-server", Ours::never},
};

Ours ours(std::string_view canonical) noexcept {
  for (const auto& [name, kind] : kOurs) {
    if (name.size() == canonical.size() && name == canonical) return kind;
  }
  return Ours::no;
}

// What a lenient engine lets through ends here.
bool is_clean(std::string_view value) noexcept { return span_of_value(value) == value.size(); }

void append_field(std::string& text, std::string_view name, std::string_view value) {
  text += name;
  text += ": ";
  text += value;
  text += "\r\n";
}

// All values of a field in one, with a comma behind each.
void append_list(std::string& text, const HeadView& head, std::string_view name) {
  for (const FieldView& field : head.fields) {
    if (field.value.empty() || !equals_ignoring_case(field.name, name)) continue;
    if (!is_clean(field.value)) continue;
    text += field.value;
    text += ", ";
  }
}

// Of a believed peer's, the last.
std::string_view said(const HeadView& head, std::string_view name) noexcept {
  for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
    if (equals_ignoring_case(field->name, name) && is_clean(field->value)) return field->value;
  }
  return {};
}

// RFC 7239 4: what is no token is quoted; nothing that we put there has a quote or a backslash.
void append_pair(std::string& text, std::string_view name, std::string_view value) {
  text += name;
  text += '=';
  const bool is_token = !value.empty() && span_of(kTokenOctet, value) == value.size();
  if (!is_token) text += '"';
  text += value;
  if (!is_token) text += '"';
}

void append_forwarded(std::string& text, const HeadView& head, const ForwardedRequest& request) {
  text += "Forwarded: ";
  if (request.believed) append_list(text, head, "Forwarded");
  const bool is_ip6 = request.peer.find(':') != std::string_view::npos;
  if (is_ip6) {
    text += "for=\"[";
    text += request.peer;
    text += "]\"";
  } else {
    append_pair(text, "for", request.peer.empty() ? "unknown" : request.peer);
  }
  text += request.secure ? ";proto=https" : ";proto=http";
  if (!head.host.empty() && is_clean(head.host) &&
      head.host.find_first_of("\"\\") == std::string_view::npos) {
    append_pair(text, ";host", head.host);
  }
  text += "\r\n";
}

void append_origin(std::string& text, const HeadView& head, const ForwardedRequest& request) {
  text += "X-Forwarded-For: ";
  if (request.believed) append_list(text, head, "X-Forwarded-For");
  text += request.peer.empty() ? "unknown" : request.peer;
  text += "\r\n";
  std::string_view proto = request.secure ? "https" : "http";
  std::string_view host = is_clean(head.host) ? head.host : std::string_view();
  std::string prefix;
  if (request.believed) {
    for (const char* scheme : {"http", "https"}) {
      if (equals_ignoring_case(said(head, "X-Forwarded-Proto"), scheme)) proto = scheme;
    }
    if (const auto other = said(head, "X-Forwarded-Host"); !other.empty()) host = other;
    prefix = said(head, "X-Forwarded-Prefix");
    if (const auto port = said(head, "X-Forwarded-Port"); !port.empty()) {
      append_field(text, "X-Forwarded-Port", port);
    }
  }
  append_field(text, "X-Forwarded-Proto", proto);
  if (!host.empty()) append_field(text, "X-Forwarded-Host", host);
  prefix += request.prefix;
  if (!prefix.empty()) append_field(text, "X-Forwarded-Prefix", prefix);
  append_forwarded(text, head, request);
  text += "Via: ";
  append_list(text, head, "Via");
  text += head.http11() ? "1.1 " : "1.0 ";
  text += kPseudonym;
  text += "\r\n";
}

bool append_passed_fields(std::string& text, const HeadView& head, bool keeps_authorization) {
  const ConnectionOptions options(head.fields);
  for (const FieldView& field : head.fields) {
    const CanonicalName name(field.name);
    if (is_of_one_hop(name.view()) || ours(name.view()) != Ours::no) continue;
    if (options.names(field.name)) continue;
    if (keeps_authorization && name.view() == "authorization") continue;
    if (!is_clean(field.value)) return false;
    append_field(text, field.name, field.value);
  }
  return true;
}

void append_framing(std::string& text, const HeadView& head) {
  if (head.chunked) {
    append_field(text, "Transfer-Encoding", "chunked");
  } else if (head.length) {
    append_field(text, "Content-Length", std::to_string(*head.length));
  }
  if (head.expects_continue) append_field(text, "Expect", "100-continue");
}

bool is_target(std::string_view target) noexcept {
  return (target.starts_with('/') || target == "*") &&
         span_of(kTargetOctet, target) == target.size();
}

}  // namespace

bool append_forwarded_request(std::string& text, const HeadView& head,
                              const ForwardedRequest& request) {
  if (!is_target(request.target) || !is_clean(request.host)) return false;
  const std::size_t before = text.size();
  text += head.method;
  text += ' ';
  text += request.base;
  if (request.target != "*" || request.base.empty()) text += request.target;
  text += " HTTP/1.1\r\n";
  append_field(text, "Host", request.host);
  if (!append_passed_fields(text, head, request.keeps_authorization)) {
    text.resize(before);
    return false;
  }
  append_origin(text, head, request);
  append_framing(text, head);
  if (request.upgrades) {
    append_field(text, "Connection", "upgrade");
    append_field(text, "Upgrade", wanted_upgrade(head));
  }
  text += "\r\n";
  return true;
}

std::string_view wanted_upgrade(const HeadView& head) noexcept {
  if (!head.wants_upgrade || head.has_body()) return {};
  std::string_view wanted;
  for (const FieldView& field : head.fields) {
    if (!equals_ignoring_case(field.name, "Upgrade")) continue;
    if (!wanted.empty()) return {};  // one line says it all
    wanted = field.value;
  }
  if (!is_clean(wanted)) return {};
  std::string_view list = wanted;
  for (bool any = false;; any = true) {
    const std::string_view protocol = next_member(list);
    if (protocol.empty()) return any ? wanted : std::string_view();
    const std::string_view name = protocol.substr(0, protocol.find('/'));
    for (const char* unwanted : {"h2c", "h2", "http", "tls"}) {
      if (equals_ignoring_case(name, unwanted)) return {};
    }
  }
}

bool goes_in_a_circle(const HeadView& head) noexcept {
  int count = 0;
  for (const FieldView& field : head.fields) {
    if (!equals_ignoring_case(field.name, "Via")) continue;
    std::string_view list = field.value;
    for (std::string_view hop = next_member(list); !hop.empty(); hop = next_member(list)) {
      const std::size_t space = hop.rfind(' ');
      if (space != std::string_view::npos && hop.substr(space + 1) == kPseudonym) ++count;
    }
  }
  return count >= kMostOfOurs;
}

std::string_view client_address(const HeadView& head, std::string_view peer,
                                std::span<const Network> trusted) noexcept {
  if (!is_in(trusted, peer)) return peer;
  std::string_view client = peer;
  for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
    if (!equals_ignoring_case(field->name, "X-Forwarded-For")) continue;
    std::string_view list = field->value;
    while (!list.empty()) {
      const std::size_t comma = list.rfind(',');
      const std::size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
      const std::string_view hop = trim(list.substr(begin));
      list = list.substr(0, begin == 0 ? 0 : comma);
      IpBytes bytes{};
      if (!parse_ip(hop, bytes)) return client;  // no further than what can be understood
      client = hop;
      if (!is_in(trusted, hop)) return client;
    }
  }
  return client;
}

}  // namespace autohttps
