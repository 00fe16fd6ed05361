// A rehearsal: everything that an obtain or a renewal would do, with a test CA and in the test
// store.
#pragma once

#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/exit_codes.h>
#include <autohttps/tools/autohttps/output.h>

namespace autohttps::tools {

// The names are validated for real, by Let's Encrypt's staging CA (by --server's, where given, and
// for certificates of another CA by that one). Hooks run and are told (AUTOHTTPS_DRY_RUN=1).
// Nothing of the store changes but <store>/staging, where no certificate is left that was not there
// before. Throws Error for what stops it before there is an outcome.
// The same settings, for the test store and a test CA.
Settings rehearsed(Settings);

Exit dry_obtain(const Config&, Output&);
Exit dry_renew(const Config&, Output&);

}  // namespace autohttps::tools
