#include <autohttps/acme/protocol/problem.h>

#include <autohttps/acme/protocol/problem_json.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <array>

namespace autohttps::acme {
namespace {

constexpr std::string_view kNamespace = "urn:ietf:params:acme:error:";
// A detail is a sentence or two; 100 names is the largest certificate there is.
constexpr std::size_t kMostTypeBytes = 200;
constexpr std::size_t kMostDetailBytes = 1000;
constexpr std::size_t kMostSubproblemDetailBytes = 300;
constexpr std::size_t kMostSubproblems = 100;
constexpr std::size_t kMostDescribed = 20;      // of them in one line
constexpr std::size_t kMostForeignBytes = 200;  // of a body that is no problem document
constexpr int kServerTrouble = 500;             // HTTP: from here on it is the server's own

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

Problem flat_problem(const Json& object, std::size_t most_detail) {
  Problem problem;
  problem.type = text_member(object, "type", kMostTypeBytes);
  if (problem.type.empty()) problem.type = "about:blank";
  problem.detail = text_member(object, "detail", most_detail);
  problem.instance = text_member(object, "instance", kMostTypeBytes);
  problem.identifier = identifier_member(object);
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

struct Hint {
  std::string_view type;
  std::string_view text;
};

// RFC 8555 6.7, RFC 9773 7.4, draft-ietf-acme-profiles: the next step for a person.
constexpr std::array kHints = {
    Hint{"accountDoesNotExist",
         "the CA does not know this account: run the same command again and it is registered anew "
         "with the same key"},
    Hint{"agreementRequired", "read the CA's terms of service, then give --agree-tos"},
    Hint{"alreadyReplaced",
         "this certificate was renewed before; the next attempt orders without naming it"},
    Hint{"alreadyRevoked", "nothing to do: it is revoked"},
    Hint{"badCSR", "try another --key-type, or fewer names"},
    Hint{"badNonce",
         "the CA keeps refusing its own nonces: try again later; a proxy or load balancer in "
         "between may be the cause"},
    Hint{"badPublicKey", "the CA does not take this kind of key: try another --key-type"},
    Hint{"badSignatureAlgorithm",
         "the CA does not take this account key's algorithm: use an ec256 account key"},
    Hint{"badRevocationReason", "give another revocation reason, or none"},
    Hint{"caa",
         "a CAA record forbids this CA: add it to the domain's CAA records, or use the CA they "
         "name"},
    Hint{"compound", "each name's own problem stands in the brackets"},
    Hint{"connection",
         "the CA could not reach this machine: check that the name's A and AAAA records lead here "
         "and that port 80 is open to the internet"},
    Hint{"dns",
         "the CA could not resolve the name: check its A, AAAA and CAA records and that its name "
         "servers answer"},
    Hint{"externalAccountRequired",
         "this CA wants an account of its own web site bound to yours (external account binding), "
         "which this version cannot do"},
    Hint{"incorrectResponse",
         "something else answered on port 80: check that the name leads to this machine and that "
         "no other server answers /.well-known/acme-challenge/"},
    Hint{"invalidContact", "check --email: the CA does not accept this address"},
    Hint{"invalidProfile", "the CA offers no such --profile; leave it out for the CA's default"},
    Hint{"malformed",
         "the CA could not read the request: this may be a bug of autohttps; please report it with "
         "the text above"},
    Hint{"orderNotReady", "the order is not validated yet: try again"},
    Hint{"rejectedIdentifier", "the CA does not issue for this name: remove it, or use another CA"},
    Hint{"serverInternal", "the CA has a problem of its own: try again later"},
    Hint{"tls",
         "the CA could not make a TLS connection to this machine: check what answers on port 443, "
         "or where port 80 redirects to"},
    Hint{"unauthorized",
         "the CA got another answer than ours: check that the name's A and AAAA records lead to "
         "this machine only"},
    Hint{"unsupportedContact", "give --email as a plain address, or leave it out"},
    Hint{"unsupportedIdentifier",
         "this CA does not issue for this kind of name (some take no IP addresses)"},
    Hint{"userActionRequired",
         "agree to the CA's terms of service with --agree-tos; if you did, visit the URL it names"},
};

// Let's Encrypt pauses names that failed validation for months, until their owner says that it is
// mended.
bool is_paused(const Problem& problem) {
  return problem.detail.find("paused") != std::string::npos;
}

std::string rate_limit_hint(const Problem& problem) {
  if (is_paused(problem)) {
    return "the CA paused these names after many failures: mend the cause, then visit the link in "
           "its answer to unpause them";
  }
  return "wait as the CA says; nothing is lost, the attempt is made again by itself then. Use "
         "--staging for experiments";
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

ProblemError::ProblemError(ErrorCode code, const std::string& doing, Problem problem)
    : Error(code, doing + ": " + std::string(refusal_words(code)) + problem.describe(),
            hint_of(code, problem)),
      problem_(std::move(problem)) {}

std::string hint_for(const Problem& problem) {
  const std::string_view type = problem.short_type();
  if (type == "rateLimited") return rate_limit_hint(problem);
  const auto* hint = std::find_if(kHints.begin(), kHints.end(),
                                  [&](const Hint& entry) { return entry.type == type; });
  if (hint != kHints.end()) return std::string(hint->text);
  if (problem.status == 429 || problem.status == 503) {
    return "the CA is busy: wait as it says; the attempt is made again by itself then";
  }
  if (problem.type == "about:blank" && problem.status == 404) {
    return "check --server: it must be the URL of an ACME directory";
  }
  if (problem.status >= kServerTrouble) return "the CA has a problem of its own: try again later";
  return {};
}

}  // namespace autohttps::acme
