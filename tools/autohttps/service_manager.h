// Word to systemd, or to whoever else started us and listens (sd_notify(3)), without its library.
#pragma once

#include <string>
#include <string_view>

namespace autohttps::tools {

// Sends "READY=1" and the like to $NOTIFY_SOCKET in one datagram. Does nothing where nobody
// listens; never fails, never waits.
void tell_service_manager(std::string_view state) noexcept;

std::string ready_state(std::string_view status);  // READY=1 and STATUS=
// RELOADING=1 and the time that systemd asks for with it; ready_state() ends it.
std::string reloading_state();
std::string stopping_state();

}  // namespace autohttps::tools
