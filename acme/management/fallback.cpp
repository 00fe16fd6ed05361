#include <autohttps/acme/management/fallback.h>

#include <autohttps/acme/protocol/problem.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

bool is_about_caa(const Problem& problem) {
  if (problem.short_type() == "caa") return true;
  // Several names failed: another CA helps only if none of them failed for a reason of its own.
  return !problem.subproblems.empty() &&
         std::ranges::all_of(problem.subproblems,
                             [](const Problem& sub) { return sub.short_type() == "caa"; });
}

}  // namespace

bool may_another_ca_help(const Error& error) {
  switch (error.code()) {
    case ErrorCode::network:
    case ErrorCode::protocol:
    case ErrorCode::crypto:
    case ErrorCode::rate_limited:
    case ErrorCode::deferred:
    case ErrorCode::refused:
      return true;
    case ErrorCode::validation: {
      const auto* refusal = dynamic_cast<const ProblemError*>(&error);
      return refusal != nullptr && is_about_caa(refusal->problem());
    }
    default:
      return false;
  }
}

}  // namespace autohttps::acme
