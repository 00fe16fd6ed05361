#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/log_file.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace autohttps {
namespace {

constexpr mode_t kMode = 0640;  // as logrotate and others of the group read logs
constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

// A description of its own, for O_NONBLOCK on the one that we were given would be everybody's who
// has it: our other output's, the shell's.
OwnedFd open_standard_output() {
  OwnedFd own(::open("/proc/self/fd/1", kFlags));
  // Not to be opened: a socket (the journal's), somebody else's terminal.
  return own ? std::move(own) : OwnedFd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
}

OwnedFd open_file(const std::filesystem::path& path) {
  OwnedFd made(::open(path.c_str(), kFlags | O_CREAT | O_EXCL, kMode));
  if (made) {
    ::fchmod(made.get(), kMode);  // the umask of a service is 0077
    return made;
  }
  return errno == EEXIST ? OwnedFd(::open(path.c_str(), kFlags)) : OwnedFd();
}

std::string advice(int error, const std::filesystem::path& path) {
  const std::string folder = printable(path.parent_path().string(), 300);
  switch (error) {
    case ENOENT:
      return "make the folder, for the user that the server runs as: install -d -o USER \"" +
             folder + "\"";
    case EACCES:
    case EPERM:
      return "the server writes it, and opens it anew, as the user it runs as: give that user the "
             "folder (chown USER \"" +
             folder + "\")";
    case EROFS:
      return "under systemd: LogsDirectory= or ReadWritePaths= in the unit makes a folder writable";
    case ENXIO:
      return "start what reads the pipe before the server";
    default:
      return "";
  }
}

}  // namespace

LogFile::LogFile(std::filesystem::path path) : path_(std::move(path)) { open(); }

void LogFile::open() {
  const bool standard = path_ == "-";
  OwnedFd fd = standard ? open_standard_output() : open_file(path_);
  if (!fd) {
    const int error = errno;
    throw_errno(ErrorCode::storage,
                standard ? std::string("opening standard output for the access log")
                         : "opening the access log \"" + printable(path_.string(), 300) + "\"",
                error, standard ? "" : advice(error, path_));
  }
  struct stat status {};
  is_socket_ = ::fstat(fd.get(), &status) == 0 && S_ISSOCK(status.st_mode);
  fd_ = std::move(fd);
}

void LogFile::reopen() {
  if (path_ != "-") open();
}

LogFile::Written LogFile::write(std::string_view text) noexcept {
  Written written;
  while (written.bytes < text.size()) {
    std::string_view rest = text.substr(written.bytes);
    if (!is_socket_ && (::fcntl(fd_.get(), F_GETFL) & O_NONBLOCK) == 0) {
      // A description that is not ours alone: what poll() promises of it is a page (pipe(7)).
      pollfd one{fd_.get(), POLLOUT, 0};
      constexpr std::size_t kPage = 4'096;
      rest = rest.substr(0, kPage);
      if (::poll(&one, 1, 0) == 0) {
        written.error = EAGAIN;
        break;
      }
    }
    const ssize_t sent =
        is_socket_ ? ::send(fd_.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                   : ::write(fd_.get(), rest.data(), rest.size());
    if (sent > 0) {
      written.bytes += static_cast<std::size_t>(sent);
    } else if (sent < 0 && errno != EINTR) {
      written.error = errno == EWOULDBLOCK ? EAGAIN : errno;
      break;
    }
  }
  return written;
}

void LogFile::wait_writable(int most_ms) const noexcept {
  pollfd one{fd_.get(), POLLOUT, 0};
  ::poll(&one, 1, most_ms);
}

}  // namespace autohttps
