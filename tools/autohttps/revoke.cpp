#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/acme/protocol/certificate_identifier.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/acme/store/key_types.h>
#include <autohttps/common/error.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/ca_connection.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/question.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

constexpr const char* kLabel = "default";

// The CA that made it, as the wish reaches it; one that is wished for no longer, as the line says.
acme::CaSpec ca_of(const Outlook& outlook, const std::string& directory_url,
                   const Settings& settings) {
  acme::CaSpec ca;
  ca.directory_url = directory_url;
  if (outlook.spec) {
    const auto& cas = outlook.spec->cas;
    const auto known = std::ranges::find(cas, directory_url, &acme::CaSpec::directory_url);
    if (known != cas.end()) ca = *known;
  }
  if (!settings.ca_bundle.empty()) ca.ca_bundle = settings.ca_bundle;
  if (!settings.ca_proxy.empty()) ca.proxy = settings.ca_proxy;
  return ca;
}

struct Revoked {
  KeyType type = KeyType::ec256;
  std::string fingerprint;
  bool before = false;  // it was already
};

class Revocation {
 public:
  Revocation(acme::CertificateStore& certificates, Clock& clock, const Settings& settings)
      : certificates_(certificates), clock_(clock), settings_(settings) {
    if (!settings.reason.empty()) reason_ = acme::parse_revocation_reason(settings.reason);
  }

  Revoked revoke(const Outlook& outlook, const acme::GenerationPart& part, std::stop_token stop) {
    if (part.meta.ca.empty()) {
      throw Error(ErrorCode::storage,
                  "it is not written down which CA made the certificate of \"" + outlook.id + "\"",
                  "revoke it where it was made");
    }
    const acme::CaSpec ca = ca_of(outlook, part.meta.ca, settings_);
    const CaReached reached(clock_, ca.directory_url, ca.ca_bundle, ca.proxy);
    Revoked revoked{part.key->key().type(), part.key->fingerprint()};
    try {
      if (settings_.with_key) {
        by_key(reached, part, std::move(stop));
      } else {
        by_account(reached, ca, part, std::move(stop));
      }
    } catch (const acme::ProblemError& error) {
      if (error.problem().short_type() != "alreadyRevoked") throw;
      revoked.before = true;
    }
    mark(outlook, revoked);
    return revoked;
  }

 private:
  void by_key(const CaReached& reached, const acme::GenerationPart& part, std::stop_token stop) {
    const PrivateKey& key = part.key->key();
    if (is_elsewhere(key)) {
      throw Error(ErrorCode::config, "the certificate's key is not in this store",
                  "leave out --with-key: the account that ordered it may revoke it too");
    }
    // RFC 8555 7.6 by the certificate's key needs no account; no request of an account's is made.
    acme::Client client =
        reached.connection().client(std::make_shared<const acme::AccountKey>(key));
    client.revoke(acme::leaf_der(*part.key), reason_, key, std::move(stop));
  }

  void by_account(const CaReached& reached, const acme::CaSpec& ca,
                  const acme::GenerationPart& part, std::stop_token stop) {
    const std::string label = ca.account_label.empty() ? kLabel : ca.account_label;
    acme::AccountStore accounts(certificates_.store(), ca.directory_url, label);
    try {
      const auto client = acme::sign_in_existing(accounts, reached.connection(), stop);
      client->revoke(acme::leaf_der(*part.key), reason_, stop);
    } catch (const acme::ProblemError& error) {
      if (error.problem().short_type() != "unauthorized") throw;
      throw acme::ProblemError(
          error.code(), "revoking by the account", error.problem(),
          "--with-key revokes by the certificate's own key, whoever ordered it");
    }
  }

  // What renews it at the next run, or in `serve` within the hour.
  void mark(const Outlook& outlook, const Revoked& revoked) {
    const auto lock = certificates_.lock(outlook.id, clock_.steady() + settings_.lock_timeout, {});
    std::optional<KeyType> further;
    if (outlook.spec) further = acme::further_type(outlook.spec->key_types, revoked.type);
    acme::CertificateState state = certificates_.state(outlook.id, further);
    const bool leaked = reason_ == acme::RevocationReason::key_compromise;
    acme::note_revoked(state, {revoked.fingerprint, leaked});
    if (leaked) note_others_of_its_key(outlook, revoked, state);
    certificates_.put_state(outlook.id, state, acme::Store::Survives::power_cut, further);
  }

  // Others that are kept have the same key (--reuse-key): they are as bad.
  void note_others_of_its_key(const Outlook& outlook, const Revoked& revoked,
                              acme::CertificateState& state) const {
    const acme::GenerationPart* const leaked = outlook.current->part(revoked.type);
    for (const std::uint64_t number : certificates_.generations(outlook.id)) {
      const auto generation = certificates_.generation(outlook.id, number);
      const acme::GenerationPart* const part =
          generation ? generation->part(revoked.type) : nullptr;
      if (part == nullptr || !(part->key->key() == leaked->key->key())) continue;
      acme::note_revoked(state, {part->key->fingerprint(), true});
    }
  }

  acme::CertificateStore& certificates_;
  Clock& clock_;
  const Settings& settings_;
  std::optional<acme::RevocationReason> reason_;
};

std::string reason_text(const Settings& settings) {
  return settings.reason.empty() ? "unspecified" : settings.reason;
}

}  // namespace

Exit revoke(const Settings& settings, Output& output) {
  if (settings.names.size() != 1) {
    throw Error(ErrorCode::config, "\"revoke\" is about one certificate",
                "autohttps revoke NAME [--reason keyCompromise]");
  }
  const Interruption interruption;
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  const std::unique_ptr<acme::Store> store = open_store_that_exists(settings, clock);
  acme::CertificateStore certificates(*store);
  const Outlook outlook = look_at_all(certificates, settings.names, clock.wall()).front();
  if (!outlook.current) {
    throw Error(ErrorCode::config, "\"" + outlook.id + "\" has no certificate to revoke");
  }
  Revocation revocation(certificates, clock, settings);
  if (!settings.yes) {
    ask_whether("revoking the certificate of " + describe(outlook.current->meta.names),
                "browsers may refuse it from then on; it is renewed at the next run", output);
  }

  Json object = answer("revoke");
  object["name"] = outlook.id;
  object["reason"] = reason_text(settings);
  object["revoked"] = Json::array();
  for (const acme::GenerationPart* part : outlook.current->parts()) {
    const Revoked revoked = revocation.revoke(outlook, *part, interruption.token());
    object["revoked"].push_back({{"key_type", key_type_name(revoked.type)},
                                 {"fingerprint", revoked.fingerprint},
                                 {"already", revoked.before}});
    if (settings.json || settings.quiet) continue;
    output.result(outlook.id + ": the certificate " + revoked.fingerprint.substr(0, 16) +
                  (revoked.before ? " was revoked already" : " is revoked") +
                  "; the next `autohttps renew` or `serve` replaces it");
  }
  if (settings.json) output.result(to_text(object));
  return Exit::done;
}

}  // namespace autohttps::tools
