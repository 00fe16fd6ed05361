// SIGHUP: the configuration anew, while requests run.
#pragma once

#include <autohttps/server/auto_https/auto_https.h>
#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/output.h>

namespace autohttps::tools {

// Reads the files again and gives their sites and hooks to `server`. What is wrong in them is told,
// and then nothing changes. Not thread-safe; borrows all of it.
class Reload {
 public:
  Reload(const Config&, AutoHttps&, Output&);

  void run() noexcept;

 private:
  void take_over(const Config&);

  Config config_;  // the one in force
  AutoHttps& server_;
  Output& output_;
};

}  // namespace autohttps::tools
