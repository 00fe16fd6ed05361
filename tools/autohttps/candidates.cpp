#include <autohttps/tools/autohttps/candidates.h>

#include <autohttps/acme/ca_issuers.h>
#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/challenge_front.h>
#include <autohttps/tools/autohttps/report.h>

#include <iterator>
#include <optional>

namespace autohttps::tools {
namespace {

using Step = acme::AttemptPlan::Step;

acme::Outcome without_port(const std::string& id, const Error& error) {
  acme::Outcome outcome;
  outcome.action = acme::Outcome::Action::failed;
  outcome.certificate = id;
  outcome.text = error.what();
  outcome.error = error;
  return outcome;
}

// What CAs suggest decides what is due, and so whether port 80 is needed: asked first, where it is
// time to.
std::vector<Outlook> look_and_ask(AutoCertificates& certificates,
                                  const std::vector<std::string>& ids, acme::RunOptions options,
                                  const std::stop_token& stop) {
  const WallTime now = certificates.clock().wall();
  std::vector<Outlook> outlooks = look_at_all(certificates.certificates(), ids, now);
  options.only.clear();
  options.only_ask = true;
  for (const Outlook& outlook : outlooks) {
    if (is_poll_due(outlook, now)) options.only.push_back(outlook.id);
  }
  if (options.only.empty()) return outlooks;
  certificates.run_once(options, stop);
  return look_at_all(certificates.certificates(), ids, certificates.clock().wall());
}

void append(std::vector<acme::Outcome>& to, std::vector<acme::Outcome> from) {
  std::ranges::move(from, std::back_inserter(to));
}

}  // namespace

acme::RunOptions run_options(const Settings& settings) {
  acme::RunOptions run;
  run.force = settings.force;
  run.at_once = settings.at_once;
  run.lock_wait = settings.lock_timeout;
  return run;
}

Door door_of(const Outlook& outlook) {
  if (!outlook.spec) return Door::either;
  const acme::CertificateSpec& spec = *outlook.spec;
  if (spec.challenge == "tls-alpn-01") return Door::https;
  const bool elsewhere =
      spec.challenge == "http-01"
          ? !spec.webroot.empty()
          : !spec.challenge.empty() || !spec.webroot.empty() || !spec.dns_hook.empty();
  if (elsewhere) return Door::none;
  if (spec.challenge == "http-01") return Door::http;
  return acme::prefers_other_port(outlook.state) ? Door::both : Door::either;
}

Candidates choose(const std::vector<Outlook>& outlooks, const acme::RunOptions& options,
                  WallTime now) {
  Candidates candidates;
  const acme::AttemptWish wish{options.person, options.force, options.until_next_look};
  for (const Outlook& outlook : outlooks) {
    const Step step = plan_of(outlook, wish, now).step;
    // Something is wrong with the files (a crash before the flip, a restored backup): the manager
    // mends that without asking a CA.
    if (step == Step::nothing && outlook.trouble.empty()) {
      candidates.others.push_back(nothing_due(outlook, now));
    } else if (const Door door = door_of(outlook); step == Step::issue && door != Door::none) {
      candidates.on_port.push_back({outlook.id, door});
    } else {
      candidates.elsewhere.push_back(outlook.id);
    }
  }
  return candidates;
}

std::vector<acme::Outcome> run_due(AutoCertificates& certificates,
                                   const std::vector<std::string>& ids, acme::RunOptions options,
                                   const Settings& settings, Output& output, std::stop_token stop) {
  const std::vector<Outlook> outlooks = look_and_ask(certificates, ids, options, stop);
  Candidates candidates = choose(outlooks, options, certificates.clock().wall());
  options.only = std::move(candidates.elsewhere);
  std::vector<acme::Outcome> outcomes;
  for (acme::Outcome& outcome : candidates.others) {
    // Nothing is due, but a hook of it is still to be run.
    if (certificates.manager().has_hooks_due(outcome.certificate, options.person)) {
      options.only.push_back(outcome.certificate);
    } else {
      outcomes.push_back(std::move(outcome));
    }
  }
  ChallengeFront front(certificates, settings, output);
  for (const OnPort& candidate : candidates.on_port) {
    try {
      front.open(candidate.door);
      options.only.push_back(candidate.id);
    } catch (const Error& error) {
      outcomes.push_back(without_port(candidate.id, error));
    }
  }
  if (!options.only.empty()) append(outcomes, certificates.run_once(options, std::move(stop)));
  return outcomes;
}

}  // namespace autohttps::tools
