#include <autohttps/acme/protocol/problem.h>

#include <autohttps/acme/protocol/problem_json.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>

namespace autohttps::acme {
namespace {

constexpr std::string_view kNamespace = "urn:ietf:params:acme:error:";
// A detail is a sentence or two; 100 names is the largest certificate there is.
constexpr std::size_t kMostTypeBytes = 200;
// Let's Encrypt's link that unpauses names holds a signed list of them.
constexpr std::size_t kMostDetailBytes = 2000;
constexpr std::size_t kMostSubproblemDetailBytes = 300;
constexpr std::size_t kMostSubproblems = 100;
constexpr std::size_t kMostAlgorithms = 20;
constexpr std::size_t kMostAlgorithmBytes = 40;
constexpr std::size_t kMostDescribed = 20;      // of them in one line
constexpr std::size_t kMostForeignBytes = 200;  // of a body that is no problem document

std::string text_member(const Json& object, const char* name, std::size_t most) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return {};
  return printable(member->get_ref<const std::string&>(), most);
}

std::optional<Identifier> identifier_member(const Json& object) {
  const auto member = object.find("identifier");
  if (member == object.end() || !member->is_object()) return std::nullopt;
  const auto value = member->find("value");
  if (value == member->end() || !value->is_string()) return std::nullopt;
  try {
    return Identifier::parse(value->get_ref<const std::string&>());
  } catch (const Error&) {
    return std::nullopt;  // the CA's words matter more than a name we cannot read
  }
}

std::vector<std::string> algorithms_member(const Json& object) {
  std::vector<std::string> algorithms;
  const auto list = object.find("algorithms");
  if (list == object.end() || !list->is_array()) return algorithms;
  for (const Json& one : *list) {
    if (!one.is_string() || algorithms.size() == kMostAlgorithms) continue;
    algorithms.push_back(printable(one.get_ref<const std::string&>(), kMostAlgorithmBytes));
  }
  return algorithms;
}

Problem flat_problem(const Json& object, std::size_t most_detail) {
  Problem problem;
  problem.type = text_member(object, "type", kMostTypeBytes);
  if (problem.type.empty()) problem.type = "about:blank";
  problem.detail = text_member(object, "detail", most_detail);
  problem.instance = text_member(object, "instance", kMostTypeBytes);
  problem.identifier = identifier_member(object);
  problem.algorithms = algorithms_member(object);
  const auto status = object.find("status");
  if (status != object.end() && status->is_number_integer()) {
    const auto value = status->get<std::int64_t>();
    if (value >= 100 && value <= 599) problem.status = static_cast<int>(value);
  }
  return problem;
}

Problem foreign_body(std::string_view body, std::string_view content_type) {
  Problem problem;
  problem.type = "about:blank";
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!body.empty() && blank(body.front())) body.remove_prefix(1);
  if (body.empty()) {
    problem.detail = "no explanation";
    return problem;
  }
  problem.detail = content_type.empty() ? "an answer without a type" : printable(content_type, 100);
  problem.detail += ": \"" + printable(body, kMostForeignBytes) + "\"";
  return problem;
}

std::string one_line(const Problem& problem) {
  std::string text(problem.short_type());
  if (problem.type == "about:blank") {
    text = problem.status == 0 ? "unspecified problem" : "HTTP " + std::to_string(problem.status);
  }
  if (!problem.detail.empty()) text += ": " + problem.detail;
  return text;
}

std::string_view refusal_words(ErrorCode code) {
  return code == ErrorCode::validation ? "the CA was not satisfied: " : "the CA refused: ";
}

// `unauthorized` is also what a request of ours is answered that the account may not make.
std::string hint_of(ErrorCode code, const Problem& problem) {
  if (code == ErrorCode::refused && problem.short_type() == "unauthorized") {
    return "the CA does not let this account do this: it may be deactivated or blocked there; ask "
           "the CA, or set its folder below accounts/ of the store aside to register anew";
  }
  return hint_for(problem);
}

bool is_validation_type(std::string_view type) {
  static constexpr std::array<std::string_view, 6> kTypes = {
      "connection", "dns", "unauthorized", "tls", "incorrectResponse", "caa"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

// "2026-01-02 03:04:05 UTC" or RFC 3339, at the beginning of the text and nothing like it.
std::optional<WallTime> leading_time(std::string_view text) {
  constexpr std::size_t kDate = 10, kTime = 8;
  if (text.size() <= kDate + 1 + kTime) return std::nullopt;
  std::string time(text.substr(0, kDate + 1 + kTime));
  std::string_view rest = text.substr(time.size());
  if (time[kDate] == ' ' && rest.starts_with(" UTC")) {
    rest.remove_prefix(4);
  } else if (time[kDate] == 'T' && rest.starts_with('Z')) {
    rest.remove_prefix(1);
  } else {
    return std::nullopt;
  }
  const bool goes_on = !rest.empty() && (std::isalnum(static_cast<unsigned char>(rest.front())) ||
                                         rest.front() == '+' || rest.front() == '-');
  if (goes_on) return std::nullopt;
  time[kDate] = 'T';
  return parse_rfc3339(time + "Z");
}

}  // namespace

std::string_view Problem::short_type() const noexcept {
  std::string_view text = type;
  if (text.starts_with(kNamespace)) text.remove_prefix(kNamespace.size());
  return text;
}

std::string Problem::describe() const {
  std::string text = one_line(*this);
  if (subproblems.empty()) return text;
  text += " [";
  for (std::size_t i = 0; i < subproblems.size() && i < kMostDescribed; ++i) {
    const Problem& sub = subproblems[i];
    if (i > 0) text += "; ";
    if (sub.identifier) text += sub.identifier->value + ": ";
    text += one_line(sub);
  }
  if (subproblems.size() > kMostDescribed) {
    text += "; and " + std::to_string(subproblems.size() - kMostDescribed) + " more";
  }
  return text + "]";
}

Problem problem_from_json(const Json& document) {
  if (!document.is_object()) {
    Problem problem;
    problem.type = "about:blank";
    return problem;
  }
  Problem problem = flat_problem(document, kMostDetailBytes);
  const auto subproblems = document.find("subproblems");
  if (subproblems == document.end() || !subproblems->is_array()) return problem;
  for (const Json& sub : *subproblems) {
    if (problem.subproblems.size() == kMostSubproblems) break;
    if (sub.is_object())
      problem.subproblems.push_back(flat_problem(sub, kMostSubproblemDetailBytes));
  }
  return problem;
}

Problem parse_problem(std::string_view body, std::string_view content_type, int status) {
  Problem problem;
  try {
    const Json document = parse_json(body, "problem document");
    problem = document.is_object() ? problem_from_json(document) : foreign_body(body, content_type);
  } catch (const Error&) {
    problem = foreign_body(body, content_type);
  }
  problem.status = status;  // what the CA did counts, not what the document says it did
  return problem;
}

ErrorCode refusal_code(const Problem& problem, bool about_challenge) {
  if (problem.short_type() == "rateLimited" || problem.status == 429 || problem.status == 503) {
    return ErrorCode::rate_limited;
  }
  if (about_challenge && is_validation_type(problem.short_type())) return ErrorCode::validation;
  return ErrorCode::refused;
}

ProblemError::ProblemError(ErrorCode code, const std::string& doing, Problem problem,
                           std::string hint)
    : Error(code, doing + ": " + std::string(refusal_words(code)) + problem.describe(),
            hint.empty() ? hint_of(code, problem) : std::move(hint)),
      problem_(std::move(problem)) {}

std::optional<WallTime> retry_time_in(const Problem& problem, WallTime now) {
  constexpr std::string_view kWords = "retry after ";
  constexpr std::chrono::seconds kShortest{1};
  constexpr std::chrono::hours kLongest{24};
  const std::size_t at = problem.detail.find(kWords);
  if (at == std::string::npos) return std::nullopt;
  const auto time = leading_time(std::string_view(problem.detail).substr(at + kWords.size()));
  if (!time) return std::nullopt;
  return std::clamp<WallTime>(*time, now + kShortest, now + kLongest);
}

}  // namespace autohttps::acme
