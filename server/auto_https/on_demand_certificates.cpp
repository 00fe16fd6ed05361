#include <autohttps/server/auto_https/on_demand_certificates.h>

#include <autohttps/acme/management/publisher.h>
#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/acme/store/on_demand_mark.h>
#include <autohttps/common/error.h>

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

namespace autohttps {
namespace {

constexpr std::chrono::hours kBetweenReviews{1};
constexpr std::chrono::hours kKeptAfterItsEnd{24};
constexpr std::chrono::minutes kLongestAttempt{30};  // RELIABILITY I7, and a wait for the lock
constexpr std::chrono::seconds kLockWait{60};        // another process gets the same name just now
constexpr std::chrono::seconds kReviewWait{10};      // else it is looked at an hour later

}  // namespace

OnDemandCertificates::OnDemandCertificates(OnDemandOptions options, AutoCertificates& certificates,
                                           EventSink events)
    : certificates_(certificates),
      events_(std::move(events)),
      on_demand_(
          std::move(options), [this](const std::string& name) { return obtain(name); },
          certificates.clock(), events_),
      reviews_([this](const std::stop_token& stop) {
        do {
          review();
        } while (certificates_.clock().sleep_for(kBetweenReviews, stop));
      }) {}

void OnDemandCertificates::stop() noexcept {
  stop_.request_stop();
  on_demand_.stop();
  reviews_.request_stop();
  if (reviews_.joinable()) reviews_.join();
}

std::string OnDemandCertificates::obtain(const std::string& name) {
  acme::CertificateStore& store = certificates_.certificates();
  std::optional<std::string> id = store.id_for_name(name);
  if (!id) {
    // The mark first: what is found without it was wished for by somebody.
    id = acme::certificate_id(Identifier::parse(name));
    if (store.has_wish(*id)) return "a certificate of another name has the id \"" + *id + "\"";
    acme::mark_on_demand(certificates_.store(), *id, certificates_.clock().wall());
    id = certificates_.add({name});
  }
  acme::RunOptions run;
  run.only = {*id};
  run.lock_wait = kLockWait;
  const std::vector<acme::Outcome> outcomes = certificates_.run_once(run, stop_.get_token());
  // Asked for one that is not there, the publisher would put up a placeholder.
  if (store.current(*id) && certificates_.publisher()->publish({*id}) > 0) return {};
  std::string why = "there is no certificate";
  if (!outcomes.empty()) {
    why = outcomes.front().error ? outcomes.front().error->what() : outcomes.front().text;
  }
  const bool ours = acme::on_demand_since(certificates_.store(), *id).has_value();
  if (ours && !stop_.stop_requested()) remove(*id, {}, kLockWait);
  return why;
}

void OnDemandCertificates::review() {
  for (const std::string& id : certificates_.certificates().listed()) {
    if (stop_.stop_requested()) return;
    try {
      const auto since = acme::on_demand_since(certificates_.store(), id);
      if (since) review_one(id, *since);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::locked) continue;  // somebody is at it
      events_({Event::Level::warning, id, std::string("still to be had on demand? ") + error.what(),
               error.hint()});
    } catch (const std::exception& error) {
      events_({Event::Level::warning,
               id,
               std::string("still to be had on demand? ") + error.what(),
               {}});
    }
  }
}

void OnDemandCertificates::review_one(const std::string& id, WallTime since) {
  acme::CertificateStore& store = certificates_.certificates();
  const WallTime now = certificates_.clock().wall();
  const std::optional<acme::CertificateSpec> spec = store.spec(id);
  const std::optional<acme::Generation> current = store.current(id);
  if (!spec || !current) {
    // A young one is being had, by us or by another process.
    if (now - since > kLongestAttempt) remove(id, {}, kReviewWait);
    return;
  }
  const WallTime end = current->key->not_after();
  if (now - end > kKeptAfterItsEnd) {
    return remove(id, "it could not be renewed, and has run out", kReviewWait);
  }
  const WallTime due = store.state(id).next_attempt.value_or(
      acme::renewal_due(current->key->not_before(), end, 1).at);
  if (due > now + kBetweenReviews) return;
  for (const Identifier& name : spec->names) {
    if (on_demand_.is_permitted(name.value)) continue;
    return remove(id, "its name is no longer permitted", kReviewWait);
  }
}

void OnDemandCertificates::remove(const std::string& id, const std::string& why,
                                  std::chrono::seconds wait) {
  acme::CertificateStore& store = certificates_.certificates();
  const SteadyTime give_up = certificates_.clock().steady() + wait;
  store.remove(*store.lock(id, give_up, stop_.get_token()), id);
  if (!why.empty()) events_({Event::Level::done, id, "removed: " + why, {}});
}

}  // namespace autohttps
