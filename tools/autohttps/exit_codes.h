// What the program's exit code says (DESIGN 6). Stable once released.
#pragma once

#include <autohttps/acme/management/manager.h>
#include <autohttps/common/error.h>

#include <vector>

namespace autohttps::tools {

enum class Exit : int {
  done = 0,         // or nothing to do
  failed = 1,       // the CA was not reached or made no sense, a key is broken, a bug
  usage = 2,        // the command line, a name, a file named on it
  refused = 3,      // the CA refused, or its validation failed
  later = 4,        // rate-limited or deferred: the same command works later
  local = 5,        // this machine: a port, a permission, the disk, a lock
  some_failed = 6,  // some of several certificates
  changed = 10,     // with --detailed-exitcode: done, and a certificate changed
};

Exit exit_of(ErrorCode) noexcept;

// Of a run over several certificates, those that needed nothing left aside: what all of them came
// to, some_failed when they differ, later when what is left is only deferred.
Exit exit_of(const std::vector<acme::Outcome>&, bool detailed);

}  // namespace autohttps::tools
