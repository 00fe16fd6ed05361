#include <autohttps/tools/autohttps/service_manager.h>

#include <autohttps/common/owned_fd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace autohttps::tools {

void tell_service_manager(std::string_view state) noexcept {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (*path != '/' && *path != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  if (*path == '@') address.sun_path[0] = '\0';  // unix(7): an abstract name
  const OwnedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&address), size);
}

std::string ready_state(std::string_view status) {
  return "READY=1\nSTATUS=" + std::string(status) + "\n";
}

std::string reloading_state() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);  // systemd compares it with its own
  constexpr std::int64_t kMicroseconds = 1'000'000;
  constexpr std::int64_t kNanoseconds = 1'000;
  const std::int64_t time =
      std::int64_t{now.tv_sec} * kMicroseconds + std::int64_t{now.tv_nsec} / kNanoseconds;
  return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(time) +
         "\nSTATUS=reading the configuration\n";
}

std::string stopping_state() { return "STOPPING=1\nSTATUS=ending the connections\n"; }

}  // namespace autohttps::tools
