#include <autohttps/tools/autohttps/exit_codes.h>

#include <optional>

namespace autohttps::tools {

Exit exit_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::config:
      return Exit::usage;
    case ErrorCode::storage:
    case ErrorCode::locked:
    case ErrorCode::permission:
    case ErrorCode::port:
    case ErrorCode::hook:
      return Exit::local;
    case ErrorCode::refused:
    case ErrorCode::validation:
      return Exit::refused;
    case ErrorCode::rate_limited:
    case ErrorCode::deferred:
      return Exit::later;
    case ErrorCode::network:
    case ErrorCode::protocol:
    case ErrorCode::crypto:
    case ErrorCode::canceled:
    case ErrorCode::internal:
      return Exit::failed;
  }
  return Exit::failed;
}

Exit exit_of(const std::vector<acme::Outcome>& outcomes, bool detailed) {
  using Action = acme::Outcome::Action;
  bool changed = false;
  bool deferred = false;
  bool differ = false;
  std::optional<Exit> failed;
  for (const acme::Outcome& outcome : outcomes) {
    const Exit code = outcome.error ? exit_of(outcome.error->code()) : Exit::failed;
    if (outcome.action == Action::failed) {
      differ = differ || (failed && *failed != code);
      failed = code;
    } else if (outcome.action == Action::deferred) {
      // A lock that another process holds is this machine's matter, not a date to wait for.
      if (code == Exit::local) {
        differ = differ || (failed && *failed != code);
        failed = code;
      } else {
        deferred = true;
      }
    } else if (outcome.action != Action::none && !outcome.hooks.error) {
      changed = true;
    }
    // The certificate is in place, and who was to be told of it was not.
    if (outcome.hooks.error && outcome.action != Action::failed) {
      differ = differ || (failed && *failed != exit_of(outcome.hooks.error->code()));
      failed = exit_of(outcome.hooks.error->code());
    }
  }
  if (failed) return differ || changed || deferred ? Exit::some_failed : *failed;
  if (deferred) return Exit::later;
  return changed && detailed ? Exit::changed : Exit::done;
}

}  // namespace autohttps::tools
