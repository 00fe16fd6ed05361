#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/unix_listener.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace autohttps {
namespace {

constexpr mode_t kMode = 0660;
constexpr int kBacklog = 64;

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (!path.is_absolute() || text.size() >= sizeof address.sun_path ||
      text.find('\0') != std::string::npos) {
    throw Error(ErrorCode::config, "\"" + printable(text, 300) + "\" is no path of a Unix socket",
                "an absolute one of at most 107 bytes, as in /run/autohttps/metrics.sock");
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

OwnedFd new_socket() {
  OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw_errno(ErrorCode::port, "making a Unix socket", errno);
  return fd;
}

// The file is a socket, and nobody listens on it.
bool is_left_over(const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const OwnedFd probe = new_socket();
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

}  // namespace

UnixListener::UnixListener(std::filesystem::path path) : path_(std::move(path)) {
  const sockaddr_un address = address_of(path_);
  OwnedFd fd = new_socket();
  ::fchmod(fd.get(), kMode);  // bind() makes the file with this, less the umask
  const auto bind = [&] {
    return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  };
  bool good = bind();
  if (!good && errno == EADDRINUSE && is_left_over(address)) {
    ::unlink(address.sun_path);
    good = bind();
  }
  if (good) {
    ::chmod(address.sun_path, kMode);  // whatever the umask took
    good = ::listen(fd.get(), kBacklog) == 0;
  }
  if (!good) {
    const int error = errno;
    throw_errno(ErrorCode::port, "listening on \"" + printable(path_.string(), 300) + "\"", error,
                error == EADDRINUSE
                    ? "another process serves it, or it is a file of another kind: it stays"
                    : "its folder has to be there, and writable for the user that the server "
                      "runs as");
  }
  fd_ = std::move(fd);
}

// By the file alone it cannot be told whose it is: a later one may have its inode.
UnixListener::~UnixListener() {
  fd_.reset();
  try {
    const sockaddr_un address = address_of(path_);
    if (is_left_over(address)) ::unlink(address.sun_path);
  } catch (const Error&) {
    // No descriptor to look with: the next one who listens takes it away.
  }
}

}  // namespace autohttps
