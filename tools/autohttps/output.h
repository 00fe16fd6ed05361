// What a person or a log sees: results on standard output, everything else on standard error.
#pragma once

#include <autohttps/common/error.h>
#include <autohttps/common/event.h>
#include <autohttps/tools/autohttps/command_line.h>
#include <autohttps/tools/autohttps/system_log.h>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace autohttps::tools {

// How a stream is written to. Plain where it is no terminal.
struct Look {
  bool terminal = false;
  bool marks = false;   // check marks, where the terminal says that it knows UTF-8
  bool colors = false;  // NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM=dumb
};

Look look_of(bool is_terminal, const Environment&);

struct OutputOptions {
  Look look;  // of standard error
  bool quiet = false;
  bool verbose = false;
  // Errors about one certificate come as an Outcome at the end as well: then they are not shown
  // twice.
  bool failures_come_later = false;
  SystemLog log{};  // empty: somebody looks at standard error
};

// Thread-safe. Foreign text is escaped here once more: no byte of it steers a terminal.
class Output {
 public:
  using Write = std::function<void(std::string_view)>;

  Output(Write out, Write err, OutputOptions);

  EventSink sink();  // valid as long as this
  void event(const Event&);
  void step(const std::string& text);  // what is being done
  void warning(const std::string& text, const std::string& hint = {});

  void result(const std::string& text);  // may have several lines; ours, with foreign parts escaped
  // Last on standard error: what and why, what is known besides, how to fix it.
  void error(const Error&);
  void error(const std::string& text, const std::string& known, const std::string& hint);

  const OutputOptions& options() const noexcept { return options_; }

 private:
  void write_error_line(std::string_view mark, std::string_view plain, std::string_view color,
                        const std::string& text);
  void write_hint(const std::string& hint);
  void log_failure(const Event&) const;

  const Write out_;
  const Write err_;
  const OutputOptions options_;
  std::mutex mutex_;  // one line at a time
};

// Standard output and standard error of this process. `lost` is then the errno of what could not be
// written; a reader that has gone is none.
Output::Write write_to(int fd, int* lost = nullptr);

// Leads those of 0, 1 and 2 that whoever started us has closed to /dev/null: else the next file or
// connection of ours would be one of them, and what is printed would go into it.
void hold_standard_descriptors() noexcept;

}  // namespace autohttps::tools
