#include <autohttps/tools/autohttps/output.h>

#include <autohttps/common/advice.h>
#include <autohttps/common/strings.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace autohttps::tools {
namespace {

constexpr std::string_view kGreen = "32";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kRed = "31";
constexpr std::string_view kFaint = "2";
constexpr std::size_t kLongestLine = 4000;

bool is_set(const char* value) { return value != nullptr && *value != '\0'; }

// From the variables alone: setlocale() loads tables that nothing else here needs.
bool knows_utf8(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = environment(name);
    if (!is_set(value)) continue;
    const std::string locale = to_lower(value);
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

Look look_of(bool is_terminal, const Environment& environment) {
  const char* term = environment("TERM");
  const bool dumb = !is_set(term) || std::string_view(term) == "dumb";
  const char* force = environment("CLICOLOR_FORCE");
  const char* color = environment("CLICOLOR");
  Look look;
  look.terminal = is_terminal;
  look.marks = is_terminal && !dumb && knows_utf8(environment);
  look.colors = (is_terminal && !dumb && !(is_set(color) && std::string_view(color) == "0")) ||
                (is_set(force) && std::string_view(force) != "0");
  if (is_set(environment("NO_COLOR"))) look.colors = false;
  return look;
}

Output::Output(Write out, Write err, OutputOptions options)
    : out_(std::move(out)), err_(std::move(err)), options_(options) {}

EventSink Output::sink() {
  return [this](const Event& event_told) { event(event_told); };
}

void Output::event(const Event& told) {
  using Level = Event::Level;
  const bool at_stake = told.level == Level::warning || told.level == Level::error;
  if (options_.quiet && !at_stake) return;
  if (told.level == Level::debug && !options_.verbose) return;
  log_failure(told);
  if (told.level == Level::error && options_.failures_come_later && !told.certificate.empty() &&
      !options_.verbose) {
    return;
  }
  std::string text = told.text;
  if (!told.certificate.empty() && !text.starts_with(told.certificate)) {
    text = told.certificate + ": " + text;
  }
  const std::lock_guard lock(mutex_);
  switch (told.level) {
    case Level::debug:
      write_error_line("  ", "", kFaint, text);
      break;
    case Level::step:
      write_error_line("· ", "", "", text);
      break;
    case Level::done:
      write_error_line("✓ ", "", kGreen, text);
      break;
    case Level::warning:
      write_error_line("! ", "warning: ", kYellow, text);
      break;
    case Level::error:
      write_error_line("✗ ", "error: ", kRed, text);
      break;
  }
  if (at_stake) write_hint(told.hint);
}

// Not what waits for its time: that failed before, and was logged then.
void Output::log_failure(const Event& told) const {
  if (!options_.log || told.level != Event::Level::error) return;
  std::string line = told.text;
  if (!told.certificate.empty() && !line.starts_with(told.certificate)) {
    line = told.certificate + ": " + line;
  }
  std::string hint = told.hint;
  std::ranges::replace(hint, '\n', ' ');
  if (!hint.empty()) line += "; to fix it: " + hint;
  options_.log(urgency_of(told.life_left), line);
}

void Output::step(const std::string& text) {
  event({.level = Event::Level::step, .certificate = {}, .text = text, .hint = {}});
}

void Output::warning(const std::string& text, const std::string& hint) {
  event({.level = Event::Level::warning, .certificate = {}, .text = text, .hint = hint});
}

void Output::result(const std::string& text) {
  const std::lock_guard lock(mutex_);
  out_(text.ends_with('\n') ? text : text + "\n");
}

void Output::error(const Error& error_told) {
  const std::string hint = next_step(error_told);
  log_failure({Event::Level::error, {}, error_told.what(), hint});
  error(error_told.what(), std::string("code: ") + std::string(code_name(error_told.code())), hint);
}

void Output::error(const std::string& text, const std::string& known, const std::string& hint) {
  const std::lock_guard lock(mutex_);
  write_error_line("✗ ", "error: ", kRed, text);
  if (!known.empty()) err_("  " + printable(known, kLongestLine) + "\n");
  write_hint(hint);
}

void Output::write_error_line(std::string_view mark, std::string_view plain, std::string_view color,
                              const std::string& text) {
  std::string line(options_.look.marks ? mark : plain);
  if (options_.look.colors && !color.empty() && !line.empty()) {
    line = "\x1b[" + std::string(color) + "m" + line + "\x1b[0m";
  }
  err_(line + printable(text, kLongestLine) + "\n");
}

void Output::write_hint(const std::string& hint) {
  constexpr std::string_view kLead = "  to fix it: ";
  std::string lead(kLead);
  for (const std::string_view line : split(hint, '\n')) {
    if (line.empty()) continue;
    err_(lead + printable(line, kLongestLine) + "\n");
    lead.assign(kLead.size(), ' ');
  }
}

Output::Write write_to(int fd, int* lost) {
  return [fd, lost](std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(fd, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {  // the reader has gone: nobody is left to tell; or the disk is full
        if (lost != nullptr && written < 0 && errno != EPIPE) *lost = errno;
        return;
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  };
}

void hold_standard_descriptors() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest that is free, which is this one.
    if (::open("/dev/null", O_RDWR | O_NOCTTY) < 0) return;
  }
}

}  // namespace autohttps::tools
