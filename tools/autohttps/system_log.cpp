#include <autohttps/tools/autohttps/system_log.h>

#include <autohttps/common/strings.h>

#include <syslog.h>

namespace autohttps::tools {
namespace {

constexpr double kEveryRenewalShouldBeDone = 1.0 / 6;
constexpr double kAlmostOver = 1.0 / 20;
constexpr std::size_t kLongestLine = 2000;  // beyond, some daemons cut or split

int priority(Urgency urgency) {
  switch (urgency) {
    case Urgency::warning:
      return LOG_WARNING;
    case Urgency::error:
      return LOG_ERR;
    case Urgency::critical:
      return LOG_CRIT;
  }
  return LOG_ERR;
}

}  // namespace

Urgency urgency_of(std::optional<double> life_left) noexcept {
  if (!life_left) return Urgency::error;
  if (*life_left < kAlmostOver) return Urgency::critical;
  return *life_left < kEveryRenewalShouldBeDone ? Urgency::error : Urgency::warning;
}

SystemLog system_log(bool terminal, const Environment& environment) {
  // systemd.exec(5): set where standard error is the journal's.
  const char* journal = environment("JOURNAL_STREAM");
  if (terminal || (journal != nullptr && *journal != '\0')) return {};
  ::openlog("autohttps", LOG_PID, LOG_DAEMON);
  return [](Urgency urgency, const std::string& line) {
    ::syslog(priority(urgency), "%s", printable(line, kLongestLine).c_str());
  };
}

}  // namespace autohttps::tools
