#include <autohttps/acme/protocol/answers.h>

#include <autohttps/acme/protocol/headers.h>
#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

namespace autohttps::acme {

bool is_success(const HttpResponse& response) {
  return response.status >= 200 && response.status <= 299;
}

void require_content_type(const HttpResponse& response, std::string_view wanted,
                          std::string_view doing) {
  const std::string_view type = response.header("content-type");
  if (equals_ignoring_case(trim(type.substr(0, type.find(';'))), wanted)) return;
  throw Error(ErrorCode::protocol,
              std::string(doing) + ": the CA answered with \"" + printable(type, 100) + "\", not " +
                  std::string(wanted),
              "check --server: it must be the URL of an ACME directory");
}

std::string location_of(const HttpResponse& response, std::string_view doing,
                        std::string_view origin) {
  return https_url(response.header("location"), std::string(doing) + ": the Location header",
                   origin);
}

void refuse_redirect(const HttpResponse& response, std::string_view doing) {
  if (response.status < 300 || response.status > 399) return;
  throw Error(ErrorCode::protocol,
              std::string(doing) + ": the CA redirects a signed request to \"" +
                  printable(response.header("location"), 300) + "\" (HTTP " +
                  std::to_string(response.status) + ")",
              "the URLs in the CA's directory have to be those that answer: tell whoever runs it");
}

Problem problem_of(const HttpResponse& response) {
  return parse_problem(response.body, response.header("content-type"), response.status);
}

ProblemError refusal(const HttpResponse& response, Problem problem, std::string_view doing,
                     WallTime now) {
  const ErrorCode code = refusal_code(problem, false);
  const auto told = retry_time_in(problem, now);
  ProblemError error(code, std::string(doing), std::move(problem));
  if (const auto wait = retry_after(response, now)) {
    error.with_retry_at(now + *wait);
  } else if (told && code == ErrorCode::rate_limited) {
    error.with_retry_at(*told);
  }
  return error;
}

std::string doing_to(std::string_view verb, std::string_view url) {
  return std::string(verb) + " \"" + printable(url, 300) + "\"";
}

std::optional<WallTime> date_of(const HttpResponse& response) {
  return parse_http_date(response.header("date"));
}

}  // namespace autohttps::acme
