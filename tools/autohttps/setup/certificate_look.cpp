#include <autohttps/tools/autohttps/setup/certificate_look.h>

#include <autohttps/acme/management/wish_lookup.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/tools/autohttps/ca_settings.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>
#include <memory>

namespace autohttps::tools {
namespace {

// As AutoCertificates makes it of the same settings, as far as setup has a say.
bool is_as_wished(const acme::CertificateSpec& spec, const acme::CertificateSpec& wish) {
  if (spec.cas.empty() || spec.cas.front().directory_url != wish.cas.front().directory_url) {
    return false;
  }
  const bool has_all = std::ranges::all_of(
      wish.names, [&](const Identifier& name) { return std::ranges::count(spec.names, name) > 0; });
  return has_all && spec.key_types == wish.key_types && spec.webroot == wish.webroot &&
         spec.profile == wish.profile && spec.challenge == wish.challenge &&
         spec.dns_hook == wish.dns_hook && spec.preferred_chain == wish.preferred_chain &&
         spec.reuse_key == wish.reuse_key;
}

acme::CertificateSpec wish_of(const Settings& settings) {
  acme::CertificateSpec wish;
  wish.id = settings.name;
  wish.names = parse_identifiers(settings.names);
  wish.cas.emplace_back().directory_url = directory_of(settings);
  wish.key_types = settings.key_types;
  if (!settings.profile.empty()) wish.profile = settings.profile;
  wish.webroot = settings.webroot;
  wish.challenge = settings.challenge;
  wish.dns_hook = settings.dns_hook;
  wish.preferred_chain = settings.preferred_chain;
  wish.reuse_key = settings.reuse_key;
  return wish;
}

std::chrono::seconds life_of(const acme::Generation& generation) {
  return std::chrono::duration_cast<std::chrono::seconds>(generation.key->not_after() -
                                                          generation.key->not_before());
}

}  // namespace

CertificateLook look_at_certificate(const Settings& settings) {
  CertificateLook look;
  look.store = store_path(settings).string();
  const acme::CertificateSpec wish = wish_of(settings);
  look.id = wish.id.empty() ? acme::certificate_id(wish.names.front()) : wish.id;
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  const std::unique_ptr<acme::Store> store = open_existing_store(settings, clock);
  if (!store) return look;

  acme::CertificateStore certificates(*store);
  look.id = acme::id_for_wish(certificates, wish);
  look.account =
      acme::AccountStore(*store, wish.cas.front().directory_url, wish.cas.front().account_label)
          .load()
          .has_value();
  const WallTime now = clock.wall();
  for (const Outlook& outlook : look_at_all(certificates, {}, now)) {
    if (outlook.id == look.id) look.known = true;
    if (!outlook.current) continue;
    const std::chrono::seconds life = life_of(*outlook.current);
    look.shortest_life = std::min(look.shortest_life.value_or(life), life);
    if (outlook.id != look.id) continue;
    look.not_after = outlook.current->key->not_after();
    look.next = outlook.next;
    look.fingerprint = outlook.current->key->fingerprint();
    look.good = outlook.spec && is_as_wished(*outlook.spec, wish) && outlook.trouble.empty() &&
                plan_of(outlook, {.person = true}, now).step == acme::AttemptPlan::Step::nothing;
  }
  return look;
}

}  // namespace autohttps::tools
