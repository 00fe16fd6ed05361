#include <autohttps/acme/auto_certificates.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tools/autohttps/candidates.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/outcomes.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <charconv>
#include <optional>

namespace autohttps::tools {
namespace {

std::optional<std::uint64_t> generation_asked(const std::vector<std::string>& words) {
  if (words.size() == 1) return std::nullopt;
  std::uint64_t number = 0;
  const std::string& text = words.back();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (words.size() == 2 && error == std::errc() && end == text.data() + text.size() && number > 0) {
    return number;
  }
  throw Error(ErrorCode::config,
              "\"rollback\" is about one certificate and the number of a generation",
              "autohttps rollback " + printable(words.front(), 200) + " 3; autohttps history " +
                  printable(words.front(), 200) + " shows the numbers");
}

std::string outcome_text(const acme::Outcome& outcome, WallTime now) {
  std::string text = outcome.certificate + ": generation " + std::to_string(outcome.generation) +
                     " is in place again, valid until " + format_rfc3339(*outcome.not_after) +
                     "\n  running servers swap to it by themselves\n";
  if (outcome.hooks.done > 0) {
    text += "  hooks        " + std::to_string(outcome.hooks.done) + " ran\n";
  }
  if (outcome.next_attempt && *outcome.next_attempt <= now) {
    text += "  it is due for renewal: the next renew replaces it by a new one\n";
  }
  return text;
}

}  // namespace

Exit rollback(const Config& config, Output& output) {
  const Settings& settings = config.global;
  const std::string& id = settings.names.front();
  const std::optional<std::uint64_t> number = generation_asked(settings.names);
  const Interruption interruption;
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  open_store_that_exists(settings, clock);
  AutoCertificates certificates(whole_store(config, output));
  look_at_all(certificates.certificates(), {id},
              clock.wall());  // it is there, or the nearest is told

  const acme::Outcome outcome =
      certificates.manager().roll_back(id, number, run_options(settings), interruption.token());
  if (settings.json) {
    Json object = answer("rollback");
    object["action"] = "rolled_back";
    object["certificates"] = {outcome_json(outcome, store_path(settings))};
    output.result(to_text(object));
  } else if (!settings.quiet) {
    output.result(outcome_text(outcome, clock.wall()));
  }
  tell_hooks(outcome, settings.dry_run, output);
  return outcome.hooks.error ? exit_of(outcome.hooks.error->code()) : Exit::done;
}

}  // namespace autohttps::tools
