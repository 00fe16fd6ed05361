// One function per verb, each in a file of its own. A command reads its Settings, calls
// AutoCertificates or AutoHttps or looks into the store, and prints. It throws Error for what stops
// it before there is an outcome. Settings: those of the line, the environment and the main file;
// Config: with the sites besides.
#pragma once

#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/exit_codes.h>
#include <autohttps/tools/autohttps/output.h>
#include <autohttps/tools/autohttps/settings.h>

namespace autohttps::tools {

Exit setup(const Config&, Output&);
Exit obtain(const Config&, Output&);
Exit renew(const Config&, Output&);
Exit serve(const Config&, Output&);
Exit status(const Settings&, Output&);
Exit list(const Settings&, Output&);
Exit retry(const Settings&, Output&);
Exit promote(const Config&, Output&);
Exit history(const Settings&, Output&);
Exit rollback(const Config&, Output&);
Exit hook(const Config&, Output&);
Exit dns_persist(const Config&, Output&);
Exit account(const Settings&, Output&);
Exit revoke(const Settings&, Output&);
Exit remove(const Settings&, Output&);
Exit config_check(const Settings&, Output&);
Exit uninstall(const Settings&, Output&);
Exit completion(const Settings&, Output&);
Exit version(const Settings&, Output&);

}  // namespace autohttps::tools
