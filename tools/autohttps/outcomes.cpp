#include <autohttps/tools/autohttps/outcomes.h>

#include <autohttps/common/advice.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tools/autohttps/report.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

using Action = acme::Outcome::Action;

std::string change_text(const acme::Outcome& outcome, const std::filesystem::path& store) {
  const std::filesystem::path files = files_of(store, outcome.certificate);
  std::string text = outcome.certificate + ": " + std::string(action_name(outcome.action)) +
                     ", generation " + std::to_string(outcome.generation);
  if (outcome.parts.size() > 1) text += " (" + outcome.text + ")";
  if (outcome.not_after) text += ", valid until " + format_rfc3339(*outcome.not_after);
  if (outcome.next_attempt) text += ", renewal due " + format_rfc3339(*outcome.next_attempt);
  text += "\n  certificate  " + (files / "fullchain.pem").string() + "\n";
  text += has_own_request(files)
              ? "  private key  yours, of the request " + (files / "csr.pem").string() + "\n"
              : "  private key  " + (files / "privkey.pem").string() + "\n";
  if (outcome.hooks.done > 0)
    text += "  hooks        " + std::to_string(outcome.hooks.done) + " ran\n";
  if (outcome.hooks.pending > 0) {
    text += "  hooks        " + std::to_string(outcome.hooks.pending) +
            " left for a run of the user that may: autohttps status says which\n";
  }
  return text;
}

// Of a pair, one may be new and the other have failed.
bool has_changed(const acme::Outcome& outcome) {
  const auto is_new = [](Action action) {
    return action == Action::issued || action == Action::renewed;
  };
  return is_new(outcome.action) ||
         std::ranges::any_of(outcome.parts, is_new, &acme::Outcome::Part::action);
}

// Nothing that was rehearsed is tried again, or in place.
void tell_failure(const acme::Outcome& outcome, bool dry_run, Output& output) {
  const std::string what = outcome.error ? outcome.error->what() : outcome.text;
  const std::string code(outcome.error ? code_name(outcome.error->code()) : "internal");
  std::string known = "code: " + code;
  if (outcome.next_attempt && !dry_run) {
    known += "; not tried again before " + format_rfc3339(*outcome.next_attempt);
  }
  const std::string hint = outcome.error ? next_step(*outcome.error) : std::string();
  const bool named = what.starts_with(outcome.certificate + ":");
  output.error(named ? what : outcome.certificate + ": " + what, known, hint);
}

Json run_json(std::string_view command, const std::filesystem::path& store,
              const std::vector<acme::Outcome>& outcomes) {
  Json object = answer(command);
  object["action"] = action_name(overall(outcomes));
  object["store"] = store.string();
  object["certificates"] = Json::array();
  for (const acme::Outcome& outcome : outcomes) {
    object["certificates"].push_back(outcome_json(outcome, store));
  }
  return object;
}

}  // namespace

// The certificate is one thing, the command of the user's another.
void tell_hooks(const acme::Outcome& outcome, bool dry_run, Output& output) {
  if (!outcome.hooks.error) return;
  std::string known = "code: " + std::string(code_name(outcome.hooks.error->code()));
  if (outcome.generation != 0 && !dry_run) known += "; the certificate itself is in place";
  if (outcome.hooks.next_try && !dry_run) {
    known += "; tried again from " + format_rfc3339(*outcome.hooks.next_try);
  }
  output.error(outcome.hooks.error->what(), known, next_step(*outcome.hooks.error));
}

Exit finish(std::string_view command, const Settings& settings, const std::filesystem::path& store,
            const std::vector<acme::Outcome>& outcomes, Output& output) {
  // From cron, nothing done is nothing said; a person at a terminal, and `obtain`, get a word.
  const bool tell_none = command == "obtain" || output.options().look.terminal;
  for (const acme::Outcome& outcome : outcomes) {
    if (settings.json || settings.quiet) continue;
    const bool changed = has_changed(outcome);
    if (changed && settings.dry_run) {
      output.result(outcome.certificate +
                    ": the dry run went well: every name was validated and a test certificate "
                    "issued; nothing was changed");
    } else if (changed) {
      output.result(change_text(outcome, store));
    } else if (outcome.action == Action::none && tell_none) {
      output.result(outcome.certificate + ": " + printable(outcome.text));
    }
  }
  if (settings.json) output.result(to_text(run_json(command, store, outcomes)));
  const bool unattended = command == "renew" && !output.options().look.terminal;
  for (const acme::Outcome& outcome : outcomes) {
    const bool waits = outcome.action == Action::deferred;
    // What waits for its time was told when it failed: once for each failure, not once for each
    // run.
    if (waits && unattended && outcome.told_before) continue;
    if (waits || outcome.action == Action::failed) tell_failure(outcome, settings.dry_run, output);
  }
  for (const acme::Outcome& outcome : outcomes) tell_hooks(outcome, settings.dry_run, output);
  return exit_of(outcomes, settings.detailed_exit_code);
}

}  // namespace autohttps::tools
