// What attackers, old clients and other protocols send to an HTTP/1.1 server, and what becomes of
// it: whole byte streams of a connection, for the parser's tests and for those of a running server.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {

struct HostileAnswer {
  // NOLINTNEXTLINE(google-explicit-constructor): rows are lists of statuses
  HostileAnswer(int code, std::optional<std::string> seen = std::nullopt)
      : status(code), body(std::move(seen)) {}
  int status;                       // 200: a request that a handler is given
  std::optional<std::string> body;  // what the handler must find in it; none: not looked at
};

struct HostileRequest {
  std::string name;  // unique
  std::string raw;   // all that the client sends, then it waits
  // One for each request, interim answers (100) left out; nothing else is answered.
  std::vector<HostileAnswer> answers;
  bool ends;  // the server ends the connection behind the last one
};

// The limits are those of HeadLimits' defaults. Requests that are accepted have paths below "/" and
// methods GET, POST and OPTIONS; the host is a.test.
const std::vector<HostileRequest>& hostile_requests();

// Of which it is put together.
std::vector<HostileRequest> hostile_request_lines();  // RFC 9112 2 and 3
std::vector<HostileRequest> hostile_fields();         // RFC 9112 5, RFC 9110 5, 7.2, 10.1.1
std::vector<HostileRequest> hostile_lengths();        // RFC 9112 6
std::vector<HostileRequest> hostile_chunks();         // RFC 9112 7.1

// Of the rows: a sound request that stands behind `raw`, answered if and only if that was accepted.
inline const std::string kNextRequest = "GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n";
inline const std::string kHostileHost = "Host: a.test\r\n";
HostileRequest refused(std::string name, const std::string& raw, int status = 400);
HostileRequest accepted(std::string name, const std::string& raw,
                        std::optional<std::string> body = std::nullopt);

}  // namespace autohttps
