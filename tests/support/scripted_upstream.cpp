#include <autohttps/common/strings.h>
#include <autohttps/tests/support/scripted_upstream.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace autohttps {
namespace {

constexpr int kBacklog = 4'096;

OwnedFd listen_on_loopback(std::uint16_t& port) {
  OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), generic, size) != 0 || ::listen(fd.get(), kBacklog) != 0 ||
      ::getsockname(fd.get(), generic, &size) != 0) {
    throw std::runtime_error("the upstream's socket");
  }
  port = ntohs(address.sin_port);
  return fd;
}

OwnedFd listen_at(const std::string& path) {
  OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    throw std::runtime_error("the upstream's socket at " + path);
  }
  return fd;
}

}  // namespace

std::string ScriptedUpstream::Request::field(std::string_view name) const {
  for (std::string_view line : split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (!equals_ignoring_case(line.substr(0, colon), name)) continue;
    line.remove_prefix(colon + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return std::string(trim(line));
  }
  return {};
}

bool ScriptedUpstream::Line::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return keep_ = false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void ScriptedUpstream::Line::drip(std::string_view bytes) {
  for (const char byte : bytes) {
    if (!write({&byte, 1})) return;
  }
}

void ScriptedUpstream::Line::simple(std::string_view body, std::string_view fields, int status) {
  write("HTTP/1.1 " + std::to_string(status) + " Status\r\n" + std::string(fields) +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

std::string ScriptedUpstream::Line::read_some(std::size_t most) {
  if (!in.empty()) return std::exchange(in, {});
  std::string bytes(most, '\0');
  const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

bool ScriptedUpstream::Line::read_until(std::string_view text) {
  std::size_t at = 0;
  while ((at = in.find(text)) == std::string::npos) {
    std::array<char, 65'536> bytes;
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return keep_ = false;
    in.append(bytes.data(), static_cast<std::size_t>(got));
  }
  in.erase(0, at + text.size());
  return true;
}

void ScriptedUpstream::Line::wait_for_proxy() {
  while (!read_some().empty()) {
  }
  keep_ = false;
}

void ScriptedUpstream::Line::finish_sending() {
  ::shutdown(fd_, SHUT_WR);
  keep_ = false;
}

void ScriptedUpstream::Line::close() { keep_ = false; }

void ScriptedUpstream::Line::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  keep_ = false;
}

ScriptedUpstream::ScriptedUpstream(Script script, Takes takes)
    : script_(std::move(script)), takes_(takes), listening_(listen_on_loopback(port_)) {
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedUpstream::ScriptedUpstream(const std::string& socket_path, Script script)
    : script_(std::move(script)),
      takes_(Takes::body),
      path_(socket_path),
      listening_(listen_at(socket_path)) {
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedUpstream::~ScriptedUpstream() {
  ::shutdown(listening_.get(), SHUT_RDWR);  // accept() returns
  acceptor_.join();
  std::unique_lock lock(mutex_);
  for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  changed_.wait(lock, [this] { return open_.empty(); });
}

std::string ScriptedUpstream::url() const {
  return path_.empty() ? "http://127.0.0.1:" + std::to_string(port_) : "unix:" + path_;
}

void ScriptedUpstream::accept_all() {
  while (true) {
    const int fd = ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int which = ++connections_;
    ++open_count_;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    std::thread([this, fd, which] { serve(fd, which); }).detach();  // the destructor waits for it
  }
}

bool ScriptedUpstream::take_request(Line& line, Request& request) const {
  std::size_t end = 0;
  while ((end = line.in.find("\r\n\r\n")) == std::string::npos) {
    const std::string before = std::exchange(line.in, {});
    const std::string more = line.read_some();
    line.in = before + more;
    if (more.empty()) return false;
  }
  request.head = line.in.substr(0, end + 4);
  line.in.erase(0, end + 4);
  const std::size_t space = request.head.find(' ');
  request.method = request.head.substr(0, space);
  request.target = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
  if (takes_ == Takes::head) return true;
  if (request.field("Transfer-Encoding") == "chunked") {
    while (true) {  // chunks as the proxy writes them: without extensions
      std::size_t eol = 0;
      while ((eol = line.in.find("\r\n")) == std::string::npos) {
        const std::string before = std::exchange(line.in, {});
        const std::string more = line.read_some();
        line.in = before + more;
        if (more.empty()) return false;
      }
      const std::size_t size = std::stoul(line.in.substr(0, eol), nullptr, 16);
      while (line.in.size() < eol + 2 + size + 2) {
        const std::string before = std::exchange(line.in, {});
        const std::string more = line.read_some();
        line.in = before + more;
        if (more.empty()) return false;
      }
      request.body.append(line.in, eol + 2, size);
      line.in.erase(0, eol + 2 + size + 2);
      if (size == 0) return true;
    }
  }
  const std::string length = request.field("Content-Length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (request.body.size() < size) {
    const std::string more = line.read_some();
    if (more.empty()) return false;
    const std::size_t wanted = std::min(size - request.body.size(), more.size());
    request.body.append(more, 0, wanted);
    line.in = more.substr(wanted);
  }
  return true;
}

void ScriptedUpstream::serve(int fd, int which) {
  {
    Line line(fd);
    for (int number = 1; line.keep_; ++number) {
      Request request;
      if (!take_request(line, request)) break;
      request.connection = which;
      request.number = number;
      ++requests_;
      script_(request, line);
    }
  }
  const std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  ::close(fd);
  --open_count_;
  changed_.notify_all();
}

}  // namespace autohttps
