// RFC 7807 problem documents as ACME uses them (RFC 8555 6.7), sub-problems included (6.7.1).
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/error.h>
#include <autohttps/common/identifier.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Foreign text: every string is printable() and cut when parsed, so it may go to a terminal and a
// log as it is.
struct Problem {
  std::string
      type;  // "urn:ietf:params:acme:error:rateLimited"; "about:blank" when absent (RFC 7807 4.2)
  std::string detail;  // the CA's words
  int status = 0;      // HTTP status; 0 when the document is inside a resource and says nothing
  std::string instance;
  std::optional<Identifier> identifier;  // sub-problems: the name it is about
  std::vector<Problem> subproblems;      // one level; at most 100
  std::vector<std::string> algorithms;   // badSignatureAlgorithm: what the CA takes (6.2)

  // "rateLimited" for the ACME namespace, else the whole type.
  std::string_view short_type() const noexcept;
  // "rateLimited: too many certificates ... [b.test: ...]": one line.
  std::string describe() const;
};

// From an HTTP answer's body, whatever it is: a non-problem body (HTML, empty, broken JSON) gives a
// Problem that says so with the status and the first bytes. Never throws but for memory.
Problem parse_problem(std::string_view body, std::string_view content_type, int status);

// The CA said no. code(): rate_limited for rateLimited, 429 and 503 (with retry_at() from
// Retry-After where given); validation for the types a failed challenge has (connection, dns,
// unauthorized, tls, incorrectResponse, caa) when it is about a challenge; refused otherwise. The
// hint is the next step for that error type (RFC 8555 6.7's table).
class ProblemError : public Error {
 public:
  // `hint` where more is known than hint_for() can say.
  ProblemError(ErrorCode code, const std::string& doing, Problem problem, std::string hint = {});
  const Problem& problem() const noexcept { return problem_; }

 private:
  Problem problem_;
};

// The code that says what a refusal means to us. `about_challenge`: the problem is a challenge's,
// an authorization's or an order's own `error`, not the answer to a request.
ErrorCode refusal_code(const Problem&, bool about_challenge);

// The next step for a person, per error type; empty for types we do not know.
std::string hint_for(const Problem&);

// When the CA takes such a request again, from its words: Let's Encrypt's limits say "retry after
// 2026-01-02 03:04:05 UTC" (or in RFC 3339), and an order's own error has no Retry-After. Clamped
// to a second from `now` .. 24 h (RELIABILITY F10); empty when it does not say so exactly.
std::optional<WallTime> retry_time_in(const Problem&, WallTime now);

}  // namespace autohttps::acme
