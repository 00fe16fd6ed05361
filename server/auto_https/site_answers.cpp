#include <autohttps/server/auto_https/site_answers.h>

#include <autohttps/common/clock.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/server/sites/forwarding.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <utility>

namespace autohttps {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

// RFC 9110 15.
const char* phrase_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 413:
      return "Content Too Large";
    case 405:
      return "Method Not Allowed";
    case 416:
      return "Range Not Satisfiable";
    case 421:
      return "Misdirected Request";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 508:
      return "Loop Detected";
    default:
      return "Internal Server Error";
  }
}

// RFC 9110 6.6.1: who has a clock says when.
void add_date(httplib::Response& response) {
  if (response.has_header("Date")) return;
  response.set_header("Date", format_http_date(SystemClock().wall()));
}

// Pieces of a file that may become shorter meanwhile: then the answer is cut off.
bool send_file(int file, std::uint64_t offset, std::uint64_t length, httplib::DataSink& sink) {
  std::array<char, kPiece> piece;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(length, piece.size()));
  ssize_t count = 0;
  do {
    count = ::pread(file, piece.data(), size, static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return false;
  sink.write(piece.data(), static_cast<std::size_t>(count));
  return true;
}

// RFC 9110 6.4.1: these have none, whatever their fields say.
bool has_body(const std::string& method, const UpstreamHead& head) {
  return method != "HEAD" && head.status != 204 && head.status != 304 && head.length != 0;
}

// The fields that cpp-httplib writes as they are; the type it wants by itself.
std::string take_fields(httplib::Response& response, const HeaderFields& fields) {
  std::string type;
  for (const auto& [name, value] : fields) {
    if (equals_ignoring_case(name, "Content-Type")) {
      type = value;
    } else {
      response.headers.emplace(name, value);
    }
  }
  return type;
}

void stream_body(httplib::Response& response, std::shared_ptr<UpstreamExchange> exchange,
                 const std::string& type, bool knows_chunks) {
  const std::optional<std::uint64_t> length = exchange->head().length;
  const auto pass_piece = [exchange](httplib::DataSink& sink, bool& end) {
    try {
      std::string piece;
      end = !exchange->read(piece, [&sink] { return sink.is_writable(); });
      if (!end) sink.write(piece.data(), piece.size());
      return true;
    } catch (const UpstreamError&) {
      return false;  // cut off: the client sees that it has not all
    }
  };
  if (length) {
    response.set_content_provider(static_cast<std::size_t>(*length), type,
                                  [pass_piece](std::size_t, std::size_t, httplib::DataSink& sink) {
                                    bool end = false;
                                    return pass_piece(sink, end) && !end;
                                  });
    return;
  }
  const auto until_end = [pass_piece](std::size_t, httplib::DataSink& sink) {
    bool end = false;
    if (!pass_piece(sink, end)) return false;
    if (end) sink.done();
    return true;
  };
  if (knows_chunks) {
    response.set_chunked_content_provider(type, until_end);
  } else {
    response.set_content_provider(type, until_end);
  }
}

std::optional<std::uint64_t> length_of(const RequestHead& head) {
  const std::string_view text = first_field(head.fields, "Content-Length");
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

UpstreamRequest request_of(const ProxyQuestion& question) {
  const RequestHead& head = question.head;
  const ForwardedFor forwarded{question.client, std::string(first_field(head.fields, "Host"))};
  UpstreamRequest request;
  request.method = head.method;
  request.target = head.target;
  request.fields = fields_for_upstream(head.fields, forwarded);
  request.length = length_of(head);
  const bool chunked = count_fields(head.fields, "Transfer-Encoding") > 0;
  request.has_body = question.body != nullptr && (chunked || request.length);
  return request;
}

void pass_on(httplib::Response& response, const ProxyQuestion& question, Upstream& upstream) {
  UpstreamRequest request = request_of(question);
  const bool sends_body = request.has_body;
  std::shared_ptr<UpstreamExchange> exchange = upstream.begin(std::move(request));
  if (sends_body) {
    bool refused = false;  // it has answered before the end: that is an answer
    const auto pass = [&](const char* data, std::size_t size) {
      refused = !exchange->send({data, size});
      return !refused;
    };
    response.status = -1;
    if (!(*question.body)(pass) && !refused) {
      // Half a body must not pass for a whole one: the exchange is dropped. cpp-httplib has said
      // why, where it was not the client who went away.
      return answer_status(response, response.status >= 400 ? response.status : 400);
    }
  }
  const UpstreamHead& head = exchange->head();
  response.status = head.status;
  const std::string type = take_fields(response, fields_for_client(head.fields));
  if (has_body(question.head.method, head)) {
    stream_body(response, exchange, type, question.head.version != "HTTP/1.0");
  } else if (question.head.method == "HEAD" && head.length && *head.length > 0) {
    response.set_content_provider(
        static_cast<std::size_t>(*head.length), type,
        [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
  } else if (!type.empty()) {
    response.headers.emplace("Content-Type", type);
    return add_date(response);
  }
  if (type.empty()) response.headers.erase("Content-Type");
  add_date(response);
}

}  // namespace

void answer_status(httplib::Response& response, int status) {
  response.status = status;
  response.set_content(std::to_string(status) + " " + phrase_of(status) + "\n",
                       "text/plain; charset=utf-8");
  add_date(response);
}

void answer_redirect(httplib::Response& response, const std::string& method,
                     const std::string& location) {
  // RFC 9110 15.4: 308 keeps the method; old clients know 301 only, for what it is safe for.
  response.status = method == "GET" || method == "HEAD" ? 301 : 308;
  response.set_header("Location", location);
  add_date(response);
}

void answer_file(httplib::Response& response, FileAnswer answer) {
  const std::string type = take_fields(response, answer.fields);
  if (answer.status >= 400) return answer_status(response, answer.status);
  response.status = answer.status;
  if (answer.file && answer.length > 0) {
    const auto file = std::make_shared<OwnedFd>(std::move(answer.file));
    response.set_content_provider(
        static_cast<std::size_t>(answer.length), type,
        [file, begin = answer.offset](std::size_t offset, std::size_t length,
                                      httplib::DataSink& sink) {
          return send_file(file->get(), begin + offset, length, sink);
        });
  } else if (!type.empty()) {
    response.set_header("Content-Type", type);
  }
  add_date(response);
}

std::string answer_by_proxy(httplib::Response& response, const ProxyQuestion& question,
                            Upstream& upstream) {
  if (asks_for_upgrade(question.head.fields)) {
    answer_status(response, 501);
    return {};
  }
  if (goes_in_a_circle(question.head.fields)) {
    answer_status(response, 508);
    return "requests come back to this server in a circle";
  }
  try {
    pass_on(response, question, upstream);
    return {};
  } catch (const UpstreamError& error) {
    answer_status(response, error.status());
    return error.what();
  }
}

}  // namespace autohttps
