#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

bool is_revoked(const Outlook& outlook, const acme::GenerationPart& part) {
  return std::ranges::any_of(
      outlook.parts, [&](const OutlookPart& of) { return acme::is_revoked(of.state, part); });
}

bool is_revoked(const Outlook& outlook, const acme::Generation& generation) {
  return std::ranges::any_of(generation.parts(), [&](const acme::GenerationPart* part) {
    return is_revoked(outlook, *part);
  });
}

// Of the one that came for it, in words that are not taken for its own state.
std::string cause_text(const std::string& cause) {
  return cause == acme::kRevokedCause ? "the one before was revoked" : cause;
}

std::string generation_text(const acme::CertificateStore& certificates, const Outlook& outlook,
                            std::uint64_t number, WallTime now) {
  const bool in_place = outlook.current && outlook.current->number == number;
  std::string text = (in_place ? "* " : "  ") + std::to_string(number);
  const auto generation = certificates.generation(outlook.id, number);
  if (!generation) return text + "  its files are not whole\n";
  const CertifiedKey& key = *generation->key;
  text += "  issued " + format_rfc3339(generation->meta.created);
  if (!generation->meta.cause.empty()) text += " (" + cause_text(generation->meta.cause) + ")";
  text += key.not_after() <= now ? ", expired " : ", valid until ";
  text += format_rfc3339(key.not_after());
  text += is_revoked(outlook, *generation) ? ", revoked" : "";
  text += in_place ? ", in place\n" : "\n";
  if (!generation->meta.ca.empty()) text += labelled("  CA", generation->meta.ca);
  text += labelled("  names", describe(key.names(), key.names().size()));
  for (const acme::GenerationPart* part : generation->parts()) {
    if (!generation->further.empty()) {
      text += labelled("  key", std::string(key_type_name(part->key->key().type())) +
                                    ", valid until " + format_rfc3339(part->key->not_after()));
    }
    text +=
        labelled("  serial", part->key->serial()) + labelled("  sha-256", part->key->fingerprint());
  }
  return text;
}

std::string attempts_text(const acme::CertificateState& state, WallTime now) {
  std::string text;
  if (state.last_attempt) text += labelled("attempted", moment(*state.last_attempt, now));
  if (state.last_success) text += labelled("succeeded", moment(*state.last_success, now));
  if (state.last_failure) text += last_failure_text(state, now);
  if (state.failures > 0) {
    text += labelled("failures", std::to_string(state.failures) + " in a row");
  }
  return text;
}

Json history_json(const acme::CertificateStore& certificates, const Outlook& outlook,
                  WallTime now) {
  Json object = {{"name", outlook.id}, {"failures", outlook.state.failures}};
  object["current"] = outlook.current ? Json(outlook.current->number) : Json(nullptr);
  object["last_attempt"] = time_json(outlook.state.last_attempt);
  object["last_success"] = time_json(outlook.state.last_success);
  object["last_error"] =
      outlook.state.last_failure ? failure_json(*outlook.state.last_failure) : Json(nullptr);
  object["generations"] = Json::array();
  for (const std::uint64_t number : certificates.generations(outlook.id)) {
    const auto generation = certificates.generation(outlook.id, number);
    Json entry = generation ? generation_json(*generation, now) : Json{{"generation", number}};
    entry["whole"] = generation.has_value();
    if (generation) {
      entry["created"] = format_rfc3339(generation->meta.created);
      entry["revoked"] = is_revoked(outlook, *generation);
    }
    object["generations"].push_back(std::move(entry));
  }
  return object;
}

}  // namespace

Exit history(const Settings& settings, Output& output) {
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  const WallTime now = clock.wall();
  const std::unique_ptr<acme::Store> store = open_store_that_exists(settings, clock);
  acme::CertificateStore certificates(*store);
  Json object = answer("history");
  object["certificates"] = Json::array();
  std::string text;
  for (const Outlook& outlook : look_at_all(certificates, settings.names, now)) {
    object["certificates"].push_back(history_json(certificates, outlook, now));
    text += (text.empty() ? "" : "\n") + outlook.id + ": " +
            std::string(standing_name(outlook.standing)) + "\n";
    std::vector<std::uint64_t> numbers = certificates.generations(outlook.id);
    std::ranges::reverse(numbers);  // what a person looks for is among the last
    for (const std::uint64_t number : numbers) {
      text += generation_text(certificates, outlook, number, now);
    }
    if (numbers.empty()) text += "  no generation yet\n";
    text += attempts_text(outlook.state, now);
  }
  output.result(settings.json ? to_text(object) : text);
  return Exit::done;
}

}  // namespace autohttps::tools
