#include <autohttps/server/engine/socket_activation.h>

#include <autohttps/common/error.h>
#include <autohttps/server/engine/listener.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace autohttps {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr int kMost = 64;  // a server has two ports
constexpr const char* kUnnamed = "unknown";
constexpr const char* kHint =
    "the .socket unit of this service should have ListenStream= lines with port numbers only "
    "(systemctl cat autohttps.socket)";

int number_in(const char* variable, std::string_view text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number < 0) {
    throw Error(ErrorCode::config,
                "taking the sockets of the service manager: " + std::string(variable) + " is \"" +
                    std::string(text) + "\", which is no number");
  }
  return number;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = std::min(text.find(':'), text.size());
    parts.emplace_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

int option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

const char* why_it_is_useless(int fd) {
  if (::fcntl(fd, F_GETFD) < 0) return "is not open";
  if (option(fd, SO_TYPE) < 0) return "is no socket";
  const int domain = option(fd, SO_DOMAIN);
  if ((domain != AF_INET && domain != AF_INET6) || option(fd, SO_TYPE) != SOCK_STREAM) {
    return "is no TCP socket";
  }
  return option(fd, SO_ACCEPTCONN) == 1 ? nullptr : "does not listen (Accept=yes cannot be served)";
}

void check(const PassedSocket& socket) {
  const char* fault = why_it_is_useless(socket.fd.get());
  if (fault == nullptr) return;
  throw Error(ErrorCode::port,
              "taking the sockets of the service manager: descriptor " +
                  std::to_string(socket.fd.get()) + " (\"" + socket.name + "\") " + fault,
              kHint);
}

}  // namespace

std::vector<std::string> passed_names(const char* pid, const char* count, const char* names,
                                      pid_t self) {
  if (pid == nullptr || count == nullptr || number_in("LISTEN_PID", pid) != self) return {};
  const int sockets = number_in("LISTEN_FDS", count);
  if (sockets > kMost) {
    throw Error(ErrorCode::config, "taking the sockets of the service manager: LISTEN_FDS is " +
                                       std::to_string(sockets) + ", more than " +
                                       std::to_string(kMost));
  }
  const auto expected = static_cast<std::size_t>(sockets);
  if (names == nullptr) return std::vector<std::string>(expected, kUnnamed);
  std::vector<std::string> parts = expected == 0 ? std::vector<std::string>() : split(names);
  if (parts.size() != expected) {
    throw Error(ErrorCode::config, "taking the sockets of the service manager: LISTEN_FDNAMES \"" +
                                       std::string(names) + "\" does not name " +
                                       std::to_string(sockets) + " sockets");
  }
  return parts;
}

std::vector<PassedSocket> sockets_from(int first, const std::vector<std::string>& names) {
  std::vector<PassedSocket> sockets;
  for (const std::string& name : names) {
    const int fd = first + static_cast<int>(sockets.size());
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    sockets.push_back({OwnedFd(fd), name, bound_port(fd)});
  }
  for (const PassedSocket& socket : sockets) check(socket);
  return sockets;
}

std::vector<PassedSocket> passed_sockets() {
  const std::vector<std::string> names =
      passed_names(std::getenv("LISTEN_PID"), std::getenv("LISTEN_FDS"),
                   std::getenv("LISTEN_FDNAMES"), ::getpid());
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  return sockets_from(kFirst, names);
}

std::optional<PassedSocket> take_socket(std::vector<PassedSocket>& sockets, const std::string& name,
                                        std::uint16_t port) {
  auto found = std::find_if(sockets.begin(), sockets.end(),
                            [&](const PassedSocket& socket) { return socket.name == name; });
  if (found == sockets.end() && port != 0) {
    found = std::find_if(sockets.begin(), sockets.end(),
                         [&](const PassedSocket& socket) { return socket.port == port; });
  }
  if (found == sockets.end()) return std::nullopt;
  PassedSocket taken = std::move(*found);
  sockets.erase(found);
  return taken;
}

}  // namespace autohttps
