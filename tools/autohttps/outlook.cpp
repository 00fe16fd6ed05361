#include <autohttps/tools/autohttps/outlook.h>

#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/spelling.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

// Why the current generation is not what the spec asks for; empty: it is.
std::string mismatch(const acme::CertificateSpec& spec, const acme::Generation& current) {
  const bool from_its_ca = std::ranges::any_of(
      spec.cas, [&](const acme::CaSpec& ca) { return ca.directory_url == current.meta.ca; });
  if (!from_its_ca) return "another CA is wanted";
  for (const Identifier& name : spec.names) {
    if (!std::ranges::count(current.key->names(), name)) return "its names have changed";
  }
  if (current.key->names().size() != spec.names.size()) return "its names have changed";
  if (current.key->key().type() != spec.key_type) return "another key type is wanted";
  return acme::trouble_with(*current.key, spec.names);
}

// Due when, if nothing had ever failed.
void plan(Outlook& outlook, WallTime now) {
  if (!outlook.current) {
    outlook.next = now;
    outlook.reason = "there is no certificate yet";
    return;
  }
  const std::string changed = outlook.spec ? mismatch(*outlook.spec, *outlook.current) : "";
  if (!changed.empty()) {
    outlook.next = now;
    outlook.reason = changed;
    return;
  }
  const CertifiedKey& key = *outlook.current->key;
  const acme::Due due =
      acme::renewal_due(key.not_before(), key.not_after(), outlook.state.jitter.value_or(0));
  outlook.next = due.at;
  outlook.reason = due.reason;
  outlook.wants_issue = due.at <= now;
}

Standing stand(const Outlook& outlook, WallTime now) {
  if (outlook.current && outlook.current->key->not_after() <= now) return Standing::expired;
  if (outlook.state.failures > 0) {
    const bool waits = outlook.state.next_attempt && *outlook.state.next_attempt > now;
    return outlook.state.binding && waits ? Standing::blocked : Standing::retrying;
  }
  if (!outlook.current) return Standing::none_yet;
  return outlook.wants_issue ? Standing::due : Standing::ok;
}

Error no_such(const std::string& id, const std::vector<std::string>& ids) {
  const auto near = nearest(id, ids);
  return Error(ErrorCode::config,
               "there is no certificate \"" + printable(id, 200) + "\" in the store",
               near ? "did you mean \"" + *near + "\"?" : "autohttps list shows what there is");
}

}  // namespace

std::string_view standing_name(Standing standing) noexcept {
  switch (standing) {
    case Standing::expired:
      return "expired";
    case Standing::blocked:
      return "blocked";
    case Standing::retrying:
      return "retrying";
    case Standing::none_yet:
      return "none yet";
    case Standing::due:
      return "due";
    case Standing::ok:
      return "ok";
  }
  return "ok";
}

Outlook look_at(acme::CertificateStore& certificates, const std::string& id, WallTime now) {
  Outlook outlook;
  outlook.id = id;
  try {
    outlook.spec = certificates.spec(id);
  } catch (const Error& error) {
    outlook.trouble = error.what();
  }
  outlook.state = certificates.state(id);
  std::string trouble;
  outlook.current = certificates.current(id, &trouble);
  if (outlook.trouble.empty()) outlook.trouble = trouble;

  plan(outlook, now);
  if (outlook.state.next_attempt && outlook.state.next_attempt > outlook.next) {
    outlook.next = outlook.state.next_attempt;
    outlook.reason = outlook.state.next_reason;
  }
  outlook.standing = stand(outlook, now);
  return outlook;
}

std::vector<Outlook> look_at_all(acme::CertificateStore& certificates,
                                 const std::vector<std::string>& ids, WallTime now) {
  const std::vector<std::string> all = certificates.ids();
  for (const std::string& id : ids) {
    if (!std::ranges::count(all, id)) throw no_such(id, all);
  }
  std::vector<Outlook> outlooks;
  for (const std::string& id : ids.empty() ? all : ids) {
    outlooks.push_back(look_at(certificates, id, now));
  }
  std::ranges::stable_sort(outlooks, {}, &Outlook::standing);
  return outlooks;
}

double life_left(const acme::Generation& generation, WallTime now) noexcept {
  const auto whole = generation.key->not_after() - generation.key->not_before();
  const auto left = generation.key->not_after() - now;
  if (whole.count() <= 0) return 0;
  return std::clamp(static_cast<double>(left.count()) / static_cast<double>(whole.count()), 0.0,
                    1.0);
}

}  // namespace autohttps::tools
