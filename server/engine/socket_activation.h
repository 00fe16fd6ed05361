// Listening sockets that a service manager opened for us and keeps while we restart: the protocol
// of sd_listen_fds(3), without its library.
#pragma once

#include <autohttps/common/owned_fd.h>

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace autohttps {

struct PassedSocket {
  OwnedFd fd;
  std::string name;  // FileDescriptorName=, by default the .socket unit's name
  std::uint16_t port = 0;
};

// Takes all that were passed to this process: they are listening TCP sockets, closed on exec, and
// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES are no longer in the environment (which no other thread
// may read meanwhile), so that a second call finds none. None where the variables are not there or
// are another process's. Throws Error(config) for variables that contradict themselves, Error(port)
// for a socket of another kind.
std::vector<PassedSocket> passed_sockets();

// The one of that name, else the first on that port (not 0), taken out of `sockets`; or no value.
std::optional<PassedSocket> take_socket(std::vector<PassedSocket>& sockets, const std::string& name,
                                        std::uint16_t port);

// Its parts. What the variables say: a name for each descriptor; null: not set. Throws
// Error(config).
std::vector<std::string> passed_names(const char* pid, const char* count, const char* names,
                                      pid_t self);
// The descriptors from `first` on; all are closed when one is refused. Throws Error(port).
std::vector<PassedSocket> sockets_from(int first, const std::vector<std::string>& names);

}  // namespace autohttps
