// What every answer of a CA is looked at for, whatever was asked (not installed).
#pragma once

#include <autohttps/acme/protocol/problem.h>
#include <autohttps/acme/protocol/transport.h>
#include <autohttps/common/clock.h>

#include <optional>
#include <string>
#include <string_view>

namespace autohttps::acme {

bool is_success(const HttpResponse&);

// Media types compare without regard to case and parameters (RFC 9110 8.3.1). Throws
// Error(protocol).
void require_content_type(const HttpResponse&, std::string_view wanted, std::string_view doing);

// The checked URL of the Location header; throws Error(protocol).
std::string location_of(const HttpResponse&, std::string_view doing, std::string_view origin);

// RFC 8555 6.4: the signature covers the URL, so a signed request cannot be sent on (RELIABILITY
// F20). Throws Error(protocol) for a 3xx.
void refuse_redirect(const HttpResponse&, std::string_view doing);

Problem problem_of(const HttpResponse&);
// The CA's refusal as an error, with retry_at() from Retry-After, else from the CA's words.
ProblemError refusal(const HttpResponse&, Problem, std::string_view doing, WallTime now);

std::string doing_to(std::string_view verb, std::string_view url);  // verb "url"

// The value for "now" when our own clock is wrong.
std::optional<WallTime> date_of(const HttpResponse&);

}  // namespace autohttps::acme
