// Where failures go when nobody looks at the terminal: the system's log, besides standard error.
#pragma once

#include <autohttps/common/event.h>
#include <autohttps/tools/autohttps/command_line.h>

#include <functional>
#include <optional>
#include <string>

namespace autohttps::tools {

enum class Urgency { warning, error, critical };

// Louder as expiry nears: a warning while there is time, an error below a sixth of the life (where
// every renewal should have happened) or without any certificate, critical below a twentieth.
Urgency urgency_of(std::optional<double> life_left) noexcept;

// One line. Thread-safe.
using SystemLog = std::function<void(Urgency, const std::string& line)>;

// syslog(3) as "autohttps", facility daemon; empty (nothing is logged) when standard error is a
// terminal, where somebody looks, or the journal, which has it already.
SystemLog system_log(bool terminal, const Environment&);

}  // namespace autohttps::tools
