#include <autohttps/acme/auto_certificates.h>
#include <autohttps/tools/autohttps/candidates.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/outcomes.h>
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
  const std::vector<acme::Outcome> outcomes = run_due(certificates, {certificates.certificate()},
                                                      run, settings, output, interruption.token());
  return finish("obtain", settings, store_path(settings), outcomes, output);
}

}  // namespace autohttps::tools
