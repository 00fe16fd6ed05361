// SIGHUP: the configuration anew, while requests run.
#pragma once

#include <autohttps/server/auto_https/auto_https.h>
#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/output.h>

#include <cstdint>

namespace autohttps::tools {

// Reads the files again and gives their sites and hooks to `server`. What is wrong in them is told,
// and then nothing changes. Not thread-safe; borrows all of it.
class Reload {
 public:
  Reload(const Config&, AutoHttps&, Output&);

  void run() noexcept;

 private:
  void take_over(const Config&);

  Config config_;                  // the one in force
  const std::uint64_t most_body_;  // what the server was started with
  AutoHttps& server_;
  Output& output_;
};

}  // namespace autohttps::tools
