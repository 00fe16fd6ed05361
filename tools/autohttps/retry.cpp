#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/acme/store/key_types.h>
#include <autohttps/common/error.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

namespace autohttps::tools {
namespace {

// What became of one certificate's waiting time, in words.
struct Cleared {
  std::string id;
  bool cleared = false;
  std::string text;
};

Cleared clear_back_off(acme::CertificateStore& certificates, const std::string& id,
                       SteadyTime give_up, WallTime now) {
  const auto lock = certificates.lock(id, give_up, {});
  const auto spec = certificates.spec(id);
  Cleared cleared{id, false, "waits for nothing"};
  for (const KeyType type : spec ? spec->key_types : std::vector{KeyType::ec256}) {
    const auto further =
        spec ? acme::further_type(spec->key_types, type) : std::optional<KeyType>();
    acme::CertificateState state = certificates.state(id, further);
    if (!state.next_attempt || *state.next_attempt <= now) continue;
    if (state.binding) {
      if (cleared.cleared) continue;
      cleared.text = "must wait until " + format_rfc3339(*state.next_attempt) + ": " +
                     state.next_reason + "; this is not ours to shorten";
      continue;
    }
    state.next_attempt.reset();
    state.next_reason.clear();
    certificates.put_state(id, state, acme::Store::Survives::power_cut, further);
    cleared = {id, true, "the next renew or serve tries again at once"};
  }
  return cleared;
}

}  // namespace

Exit retry(const Settings& settings, Output& output) {
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  const WallTime now = clock.wall();
  const std::unique_ptr<acme::Store> store = open_store_that_exists(settings, clock);
  acme::CertificateStore certificates(*store);
  look_at_all(certificates, settings.names, now);  // all of the names are there

  Json object = answer("retry");
  object["certificates"] = Json::array();
  for (const std::string& id : settings.names) {
    const Cleared cleared =
        clear_back_off(certificates, id, clock.steady() + settings.lock_timeout, now);
    object["certificates"].push_back(
        {{"name", id}, {"cleared", cleared.cleared}, {"text", cleared.text}});
    if (!settings.json && !settings.quiet) output.result(id + ": " + cleared.text);
  }
  if (settings.json) output.result(to_text(object));
  return Exit::done;
}

}  // namespace autohttps::tools
