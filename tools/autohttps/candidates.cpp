#include <autohttps/tools/autohttps/candidates.h>

#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/challenge_front.h>
#include <autohttps/tools/autohttps/report.h>

#include <iterator>
#include <optional>

namespace autohttps::tools {
namespace {

using Step = acme::AttemptPlan::Step;

bool answers_by_files(const Outlook& outlook) {
  return outlook.spec && !outlook.spec->webroot.empty();
}

std::vector<acme::Outcome> without_port(const std::vector<std::string>& ids, const Error& error) {
  std::vector<acme::Outcome> outcomes;
  for (const std::string& id : ids) {
    acme::Outcome& outcome = outcomes.emplace_back();
    outcome.action = acme::Outcome::Action::failed;
    outcome.certificate = id;
    outcome.text = error.what();
    outcome.error = error;
  }
  return outcomes;
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

Candidates choose(const std::vector<Outlook>& outlooks, const acme::RunOptions& options,
                  WallTime now) {
  Candidates candidates;
  const acme::AttemptWish wish{.person = options.person, .force = options.force};
  for (const Outlook& outlook : outlooks) {
    const Step step = plan_of(outlook, wish, now).step;
    // Something is wrong with the files (a crash before the flip, a restored backup): the manager
    // mends that without asking a CA.
    if (step == Step::nothing && outlook.trouble.empty()) {
      candidates.others.push_back(nothing_due(outlook, now));
    } else if (step == Step::issue && !answers_by_files(outlook)) {
      candidates.on_port.push_back(outlook.id);
    } else {
      candidates.elsewhere.push_back(outlook.id);
    }
  }
  return candidates;
}

std::vector<acme::Outcome> run_due(AutoCertificates& certificates,
                                   const std::vector<std::string>& ids, acme::RunOptions options,
                                   const Settings& settings, Output& output, std::stop_token stop) {
  const WallTime now = certificates.clock().wall();
  Candidates candidates = choose(look_at_all(certificates.certificates(), ids, now), options, now);
  std::optional<ChallengeFront> front;
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
  try {
    if (!candidates.on_port.empty()) {
      front.emplace(certificates, settings.bind, settings.http_port, output);
      std::ranges::move(candidates.on_port, std::back_inserter(options.only));
    }
  } catch (const Error& error) {
    append(outcomes, without_port(candidates.on_port, error));
  }
  if (!options.only.empty()) append(outcomes, certificates.run_once(options, std::move(stop)));
  return outcomes;
}

}  // namespace autohttps::tools
