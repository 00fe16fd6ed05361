#include <autohttps/acme/auto_certificates.h>
#include <autohttps/tools/autohttps/candidates.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/outcomes.h>
#include <autohttps/tools/autohttps/wish.h>

namespace autohttps::tools {
namespace {

AutoCertificatesOptions whole_store(const Settings& settings, Output& output) {
  Settings of_all = settings;
  of_all.names.clear();  // NAME... are certificates that are there, not domains that are wished for
  return certificate_options(of_all, output.sink());
}

}  // namespace

Exit renew(const Settings& settings, Output& output) {
  const Interruption interruption;
  AutoCertificates certificates(whole_store(settings, output));

  acme::RunOptions run;
  run.person = settings.force;  // cron does not force
  run.force = settings.force;
  run.at_once = settings.at_once;
  run.lock_wait = settings.lock_timeout;
  const std::vector<acme::Outcome> outcomes =
      run_due(certificates, settings.names, run, settings, output, interruption.token());
  return finish("renew", settings, store_path(settings), outcomes, output);
}

}  // namespace autohttps::tools
