#include <autohttps/common/strings.h>
#include <autohttps/server/engine/response_text.h>
#include <autohttps/server/engine/wire.h>
#include <autohttps/server/httplib/direct_call.h>
#include <autohttps/server/httplib/exchange_stream.h>
#include <autohttps/server/httplib/private_members.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Of newer versions; find_content_type() is in the header of none that is compiled.
namespace httplib::detail {
class mmap;
std::string find_content_type(const std::string& path, const std::map<std::string, std::string>&,
                              const std::string& otherwise);
bool parse_accept_header(const std::string&, std::vector<std::string>& types);
ssize_t write_headers(Stream&, const Headers&);
}  // namespace httplib::detail

namespace autohttps {
namespace {

// What differs between versions is templates of the library's own types: so no version is asked for
// what it does not have.
using namespace httplib_private;
using httplib::Request;
using httplib::Response;
using httplib::Server;

// The library's limits are 8 KiB a line, and since 0.18 100 fields.
constexpr std::size_t kMostHead = 4 << 10;
constexpr std::size_t kMostFields = 64;

bool is_plain(const FieldView& field) noexcept {
  if (field.value.empty()) return false;  // some versions drop a field without one
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  switch (field.name.size()) {
    case 5:
      return !is("Range");
    case 6:
      return !is("Expect");
    case 7:
      return !kHas041 || !is("Upgrade");  // it speaks WebSocket
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

// Before 0.18 the fields are ordered by name, and the addresses come first here: among few, their
// place is found soon. Then they are hashed, and the order they came in shows. Since 0.41 the
// addresses are no fields.
void set_fields(Request& request, const HeadView& head) {
  httplib::Headers& headers = request.headers;
  const auto set_address_fields = [&] {
    headers.emplace("REMOTE_ADDR", request.remote_addr);
    headers.emplace("REMOTE_PORT", std::to_string(request.remote_port));
    headers.emplace("LOCAL_ADDR", request.local_addr);
    headers.emplace("LOCAL_PORT", std::to_string(request.local_port));
  };
  if constexpr (!kHas018) set_address_fields();
  for (const FieldView& field : head.fields) {
    headers.emplace(std::string(field.name), std::string(field.value));
  }
  if constexpr (kHas018 && !kHas041) set_address_fields();
}

// What newer versions tell beside the fields. False: the library refuses this request.
template <typename AnyRequest>
bool set_newer_members(AnyRequest& request, const Exchange& exchange) {
  if constexpr (kHas018) {
    // As the library has it, the descriptor alone is kept: a copied request may outlive us.
    request.is_connection_closed = [client = exchange.descriptor()] {
      return !peer_is_there(client);
    };
  }
  if constexpr (kHas041) {
    request.start_time_ = std::chrono::steady_clock::now();
    const auto accept = request.headers.find("Accept");
    return accept == request.headers.end() ||
           httplib::detail::parse_accept_header(accept->second, request.accept_content_types);
  }
  return true;
}

void set_default_headers(const Server& server, Response& response) {
  const httplib::Headers& headers = server.*member(default_headers_());
  if constexpr (kHas018) {
    if (!headers.empty()) response.headers = headers;
  } else {
    for (const auto& field : headers) {  // one of each name
      if (!response.has_header(field.first)) response.headers.insert(field);
    }
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

// set_file_content(). False: it cannot be opened.
template <typename AnyServer, typename AnyResponse, typename AnyError = httplib::Error,
          typename Mapped = httplib::detail::mmap>
bool take_file(const AnyServer& server, const Request& request, AnyResponse& response) {
  if constexpr (kHas018) {
    const std::string& path = response.file_content_path_;
    if (path.empty()) return true;
    const auto file = std::make_shared<Mapped>(path.c_str());
    if (!file->is_open()) {
      response.body.clear();
      response.content_length_ = 0;
      response.content_provider_ = nullptr;
      response.status = 404;
      if constexpr (kHas041) {
        (server.*member(output_error_log()))(AnyError::OpenFile, &request);
      }
      return false;
    }
    const std::string type = response.file_content_content_type_.empty()
                                 ? httplib::detail::find_content_type(
                                       path, server.*member(file_extension_and_mimetype_map_()),
                                       server.*member(default_file_mimetype_()))
                                 : response.file_content_content_type_;
    response.set_content_provider(
        file->size(), type,
        [file](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
          return sink.write(file->data() + offset, length);
        });
  }
  return true;
}

template <typename AnyServer>
bool writes_fields_itself(const AnyServer& server) {
  if constexpr (kHas018) {
    using Writer = decltype(&httplib::detail::write_headers);
    const Writer* const writer = (server.*member(header_writer_())).template target<Writer>();
    return !writer || *writer != &httplib::detail::write_headers;
  } else {
    return false;
  }
}

// Would the library's writer say something that only it knows?
bool is_plain(const Server& server, const Request& request, const Response& response) {
  if (server.*member(post_routing_handler_()) || server.*member(logger_())) return false;
  if (writes_fields_itself(server)) return false;
  if (kHas041 && response.status >= 400) return false;  // it ends the connection
  if (response.status >= 400 && server.*member(error_handler_())) return false;
  if (response.status < 200 || !has_body(request.method, response.status)) return false;
  if (response.content_provider_ || response.content_length_ > 0) return false;
  if (request.has_header("Accept-Encoding")) return false;  // it may compress
  return std::none_of(response.headers.begin(), response.headers.end(), [](const auto& field) {
    const auto is = [&](std::string_view name) { return equals_ignoring_case(field.first, name); };
    return is("Content-Length") || is("Transfer-Encoding") || is("Connection") || is("Keep-Alive");
  });
}

// Then the client's address is what a field says.
template <typename AnyServer>
bool trusts_proxies(const AnyServer& server) noexcept {
  if constexpr (kHas041) {
    return !(server.*member(trusted_proxies_())).empty();
  } else {
    return false;
  }
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
  if (kSteps == Steps::unknown || trusts_proxies(server)) return false;
  if (head.method != "GET" || !head.http11() || head.has_body() || !head.authority.empty()) {
    return false;
  }
  return head.text.size() <= kMostHead && head.fields.size() <= kMostFields &&
         !has_percent_behind_target(head) &&
         std::all_of(head.fields.begin(), head.fields.end(),
                     [](const FieldView& field) { return is_plain(field); }) &&
         server.*member(exception_handler_());
}

std::optional<bool> call_directly(Server& server, Exchange& exchange, std::string_view keep_alive,
                                  const std::function<void(Request&)>& setup) {
  Request request;
  if (!parse_line(server, exchange.head(), request)) return std::nullopt;
  set_addresses(request, exchange.peer());
  set_fields(request, exchange.head());
  if (!set_newer_members(request, exchange)) return std::nullopt;
  setup(request);

  const bool last = exchange.must_close();
  ExchangeStream stream(exchange);
  Response response;
  response.version = "HTTP/1.1";
  set_default_headers(server, response);
  bool routed = route(server, stream, request, response);
  if (response.status == -1) response.status = routed ? 200 : 404;
  routed = routed && take_file(server, request, response);
  if (routed && is_plain(server, request, response)) {
    return write_plain(exchange, response, keep_alive);
  }
  return routed ? (server.*member(write_response_with_content()))(stream, last, request, response)
                : (server.*member(write_response()))(stream, last, request, response);
}

}  // namespace autohttps
