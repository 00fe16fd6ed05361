#include <autohttps/acme/auto_certificates.h>
#include <autohttps/tools/autohttps/candidates.h>
#include <autohttps/tools/autohttps/challenge_front.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/outcomes.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/wish.h>

namespace autohttps::tools {

Exit obtain(const Settings& settings, Output& output) {
  const Interruption interruption;
  AutoCertificates certificates(certificate_options(settings, output.sink()));
  certificates.manage();

  acme::RunOptions run;
  run.person = true;
  run.force = settings.force;
  run.lock_wait = settings.lock_timeout;
  const std::string id = certificates.certificate();
  const WallTime now = certificates.clock().wall();
  Candidates candidates = choose({look_at(certificates.certificates(), id, now)}, run, now);
  std::vector<acme::Outcome> outcomes = std::move(candidates.others);
  if (!candidates.ids.empty()) {
    std::optional<ChallengeFront> front;
    if (candidates.needs_port)
      front.emplace(certificates, settings.bind, settings.http_port, output);
    run.only = candidates.ids;
    outcomes = certificates.run_once(run, interruption.token());
  }
  return finish("obtain", settings, store_path(settings), outcomes, output);
}

}  // namespace autohttps::tools
