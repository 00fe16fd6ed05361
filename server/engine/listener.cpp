#include <autohttps/common/error.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/server/tls/local_address.h>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <vector>

namespace autohttps {
namespace {

namespace fs = std::filesystem;

constexpr int kBacklog = 4096;                 // cut to net.core.somaxconn by the kernel
constexpr std::string_view kListening = "0A";  // TCP_LISTEN in /proc/net/tcp

// Inodes of the sockets that listen on the port, from one table of /proc/net. The kernel shows
// those that listen first; a busy server has a hundred thousand others behind them.
void listening_inodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) {
    std::istringstream columns(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    const std::size_t colon = local.rfind(':');
    unsigned listening = 0;
    if (state != kListening) return;
    if (colon == std::string::npos) continue;
    const char* end = local.data() + local.size();
    if (std::from_chars(local.data() + colon + 1, end, listening, 16).ptr != end) continue;
    if (listening == port) inodes.insert("socket:[" + inode + "]");
  }
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;  // processes end, and others' descriptors are not ours to see
  for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end;
       fd.increment(error)) {
    std::error_code unreadable;
    if (inodes.count(fs::read_symlink(fd->path(), unreadable).string()) != 0) return true;
  }
  return false;
}

// host's first address, for bind().
struct Address {
  int family = AF_UNSPEC;
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address any_address(int family, std::uint16_t port) {
  Address address;
  address.family = family;
  if (family == AF_INET6) {
    auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_any;
    six.sin6_port = htons(port);
    address.size = sizeof six;
  } else {
    auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_ANY);
    four.sin_port = htons(port);
    address.size = sizeof four;
  }
  return address;
}

Address resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int result = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (result != 0) {
    throw Error(ErrorCode::port, "listening on \"" + host + "\": " + ::gai_strerror(result),
                "give one of this machine's addresses, or none for all of them");
  }
  Address address;
  address.family = found->ai_family;
  address.size = found->ai_addrlen;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return address;
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);  // each is a wish
}

// errno is the cause when there is no descriptor.
OwnedFd try_listen(const Address& address) {
  OwnedFd fd(::socket(address.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  // Not SO_REUSEPORT: it would let another process of this user share the port unnoticed.
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);  // inherited by accepted sockets
  if (address.family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    const int cause = errno;
    fd.reset();
    errno = cause;
  }
  return fd;
}

bool means_no_ipv6(int cause) {
  return cause == EAFNOSUPPORT || cause == EADDRNOTAVAIL || cause == EPROTONOSUPPORT;
}

[[noreturn]] void throw_cannot_listen(const std::string& host, std::uint16_t port, int cause) {
  const std::string doing = "listening on port " + std::to_string(port) +
                            (host.empty() ? std::string() : " of \"" + host + "\"");
  if (cause == EADDRINUSE) {
    const std::string holder = port_holder(port);
    throw Error(ErrorCode::port,
                doing + ": already in use by " + (holder.empty() ? "another process" : holder),
                "stop it; or listen on another port and have this one forwarded; or, for "
                "certificates only, let it answer the CA from a folder of its own (webroot)");
  }
  if (cause == EACCES || cause == EPERM) {
    throw Error(ErrorCode::permission, doing + ": permission denied",
                "run as root, which is given up once the port is bound\n"
                "or give the program this one right: the packaged systemd unit does "
                "(AmbientCapabilities=CAP_NET_BIND_SERVICE), elsewhere setcap "
                "cap_net_bind_service=+ep PROGRAM\n"
                "or listen above 1023 (http-port, https-port) and have port " +
                    std::to_string(port) +
                    " forwarded there, or open low ports to every user: sysctl "
                    "net.ipv4.ip_unprivileged_port_start=" +
                    std::to_string(port));
  }
  throw_errno(ErrorCode::port, doing, cause,
              cause == EADDRNOTAVAIL ? "the address is none of this machine's" : "");
}

}  // namespace

OwnedFd listen_tcp(const std::string& host, std::uint16_t port) {
  OwnedFd fd = try_listen(host.empty() ? any_address(AF_INET6, port) : resolve(host, port));
  if (!fd && host.empty() && means_no_ipv6(errno)) fd = try_listen(any_address(AF_INET, port));
  if (!fd) throw_cannot_listen(host, port, errno);
  return fd;
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return static_cast<std::uint16_t>(port_of(address));
}

std::string port_holder(std::uint16_t port) {
  std::set<std::string> inodes;
  listening_inodes("/proc/net/tcp", port, inodes);
  listening_inodes("/proc/net/tcp6", port, inodes);
  if (inodes.empty()) return {};
  int holder = 0;  // of several, the first one: a master rather than its workers
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    int pid = 0;
    const char* last = name.data() + name.size();
    if (std::from_chars(name.data(), last, pid).ptr != last || pid <= 0) continue;
    if ((holder == 0 || pid < holder) && holds_one_of(entry->path(), inodes)) holder = pid;
  }
  if (holder == 0) return {};
  std::string command;
  std::getline(std::ifstream("/proc/" + std::to_string(holder) + "/comm") >> std::ws, command);
  return (command.empty() ? "a process" : command) + " (pid " + std::to_string(holder) + ")";
}

}  // namespace autohttps
