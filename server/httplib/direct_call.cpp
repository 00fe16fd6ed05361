#include <autohttps/common/strings.h>
#include <autohttps/server/engine/response_text.h>
#include <autohttps/server/httplib/abi_check.h>
#include <autohttps/server/httplib/direct_call.h>
#include <autohttps/server/httplib/exchange_stream.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace autohttps {
namespace {

using httplib::Request;
using httplib::Response;
using httplib::Server;

constexpr bool kLibraryIsSlow = httplib_version(CPPHTTPLIB_VERSION) < 1200;
// The library's limits of a line are 8 KiB.
constexpr std::size_t kMostHead = 4 << 10;

// The routes and hooks are private, and every one of them may have been registered through a
// reference to the base, where nothing of ours sees it. An explicit instantiation may name private
// members ([temp.spec]/6): these are opened, for reading and calling.
template <typename Name, auto Member>
struct Open {
  friend constexpr auto member(Name) { return Member; }
};
#define AUTOHTTPS_OPEN(name)            \
  struct name {                         \
    friend constexpr auto member(name); \
  };                                    \
  template struct Open<name, &Server::name>
AUTOHTTPS_OPEN(parse_request_line);
AUTOHTTPS_OPEN(routing);
AUTOHTTPS_OPEN(write_response);
AUTOHTTPS_OPEN(write_response_with_content);
AUTOHTTPS_OPEN(default_headers_);
AUTOHTTPS_OPEN(error_handler_);
AUTOHTTPS_OPEN(exception_handler_);
AUTOHTTPS_OPEN(post_routing_handler_);
AUTOHTTPS_OPEN(logger_);
#undef AUTOHTTPS_OPEN

bool is_plain(const FieldView& field) noexcept {
  if (field.value.empty()) return false;  // the library drops a field without one
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  switch (field.name.size()) {
    case 5:
      return !is("Range");
    case 6:
      return !is("Expect");
    case 10:
      return !is("LOCAL_ADDR") && !is("LOCAL_PORT");
    case 11:
      return !is("REMOTE_ADDR") && !is("REMOTE_PORT");
    default:
      return true;
  }
}

// Where the library reads it, "%41" in a value is "A".
bool has_percent_behind_target(const HeadView& head) noexcept {
  const auto from = static_cast<std::size_t>(head.version.data() - head.text.data());
  return head.text.find('%', from) != std::string_view::npos;
}

// Nothing in it to be decoded, split or cut off: then the target is the path.
bool is_path(std::string_view target) noexcept {
  return target.find_first_of("%?#") == std::string_view::npos;
}

bool parse_line(Server& server, const HeadView& head, Request& request) {
  if (is_path(head.target)) {
    request.method = head.method;
    request.target = head.target;
    request.version = head.version;
    request.path = head.target;
    return true;
  }
  const auto line_end =
      static_cast<std::size_t>(head.version.data() - head.text.data()) + head.version.size() + 2;
  const std::string line(head.text.substr(0, line_end));
  return (server.*member(parse_request_line()))(line.c_str(), request);
}

void set_addresses(Request& request, const Peer& peer) {
  request.remote_addr = peer.remote_ip;
  request.remote_port = peer.remote_port;
  request.local_addr = peer.local_ip;
  request.local_port = peer.local_port;
}

// The addresses first: among few, their place is found soon.
void set_fields(Request& request, const HeadView& head) {
  httplib::Headers& headers = request.headers;
  headers.emplace("LOCAL_ADDR", request.local_addr);
  headers.emplace("LOCAL_PORT", std::to_string(request.local_port));
  headers.emplace("REMOTE_ADDR", request.remote_addr);
  headers.emplace("REMOTE_PORT", std::to_string(request.remote_port));
  for (const FieldView& field : head.fields) {
    headers.emplace(std::string(field.name), std::string(field.value));
  }
}

bool route(Server& server, httplib::Stream& stream, Request& request, Response& response) {
  try {
    return (server.*member(routing()))(request, response, stream);
  } catch (...) {
    (server.*member(exception_handler_()))(request, response, std::current_exception());
    return true;
  }
}

// Would the library's writer say something that only it knows?
bool is_plain(const Server& server, const Request& request, const Response& response) {
  if (server.*member(post_routing_handler_()) || server.*member(logger_())) return false;
  if (response.status >= 400 && server.*member(error_handler_())) return false;
  if (response.status < 200 || !has_body(request.method, response.status)) return false;
  if (response.content_provider_ || response.content_length_ > 0) return false;
  if (request.has_header("Accept-Encoding")) return false;  // it may compress
  return std::none_of(response.headers.begin(), response.headers.end(), [](const auto& field) {
    const auto is = [&](std::string_view name) { return equals_ignoring_case(field.first, name); };
    return is("Content-Length") || is("Transfer-Encoding") || is("Connection") || is("Keep-Alive");
  });
}

bool write_plain(Exchange& exchange, Response& response, std::string_view keep_alive) {
  ResponseHead head;
  head.status = response.status;
  head.fields.reserve(response.headers.size() + 2);
  bool typed = false;
  for (auto& [name, value] : response.headers) {
    typed = typed || equals_ignoring_case(name, "Content-Type");
    head.fields.emplace_back(name, std::move(value));
  }
  if (!typed && !response.body.empty()) head.fields.emplace_back("Content-Type", "text/plain");
  if (!exchange.must_close()) head.fields.emplace_back("Keep-Alive", keep_alive);
  return exchange.begin(head, response.body.size()) && exchange.write(response.body);
}

}  // namespace

bool may_be_called_directly(const Server& server, const HeadView& head) noexcept {
  if (!kLibraryIsSlow) return false;
  if (head.method != "GET" || !head.http11() || head.has_body() || !head.authority.empty()) {
    return false;
  }
  return head.text.size() <= kMostHead && !has_percent_behind_target(head) &&
         std::all_of(head.fields.begin(), head.fields.end(),
                     [](const FieldView& field) { return is_plain(field); }) &&
         server.*member(exception_handler_());
}

bool call_directly(Server& server, Exchange& exchange, std::string_view keep_alive,
                   const std::function<void(Request&)>& setup) {
  const bool last = exchange.must_close();
  ExchangeStream stream(exchange);
  Request request;
  Response response;
  response.version = "HTTP/1.1";
  for (const auto& field : server.*member(default_headers_())) {  // one of each name
    if (!response.has_header(field.first)) response.headers.insert(field);
  }
  bool routed = false;
  if (parse_line(server, exchange.head(), request)) {
    set_addresses(request, exchange.peer());
    set_fields(request, exchange.head());
    setup(request);
    routed = route(server, stream, request, response);
    if (response.status == -1) response.status = routed ? 200 : 404;
  } else {
    response.status = 400;
  }
  if (routed && is_plain(server, request, response)) {
    return write_plain(exchange, response, keep_alive);
  }
  return routed ? (server.*member(write_response_with_content()))(stream, last, request, response)
                : (server.*member(write_response()))(stream, last, request, response);
}

}  // namespace autohttps
