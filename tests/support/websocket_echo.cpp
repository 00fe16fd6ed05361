#include <autohttps/tests/support/websocket_echo.h>

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace autohttps {
namespace {

constexpr const char* kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool receive(int fd, char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(fd, into, size, 0);
    if (got <= 0) return false;
    into += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

std::string read_head(int fd) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && head.size() < 16'384) {
    if (!receive(fd, &byte, 1)) return {};
    head += byte;
  }
  return head;
}

std::string field(const std::string& head, const std::string& name) {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::string accept_key(const std::string& key) {
  const std::string text = key + kMagic;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 32> encoded{};
  const int size = ::EVP_EncodeBlock(encoded.data(), digest.data(), digest.size());
  return std::string(reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size));
}

struct Frame {
  unsigned char first = 0;  // FIN and opcode
  std::string payload;
};

// RFC 6455 5.2; a client's are masked.
std::optional<Frame> read_frame(int fd) {
  std::array<char, 2> start{};
  if (!receive(fd, start.data(), start.size())) return std::nullopt;
  std::uint64_t length = static_cast<unsigned char>(start[1]) & 0x7fU;
  const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
  std::array<char, 8> extended{};
  if (!receive(fd, extended.data(), more)) return std::nullopt;
  if (more > 0) length = 0;
  for (std::size_t i = 0; i < more; ++i) {
    length = length << 8 | static_cast<unsigned char>(extended[i]);
  }
  std::array<char, 4> mask{};
  if (!receive(fd, mask.data(), mask.size())) return std::nullopt;
  Frame frame{static_cast<unsigned char>(start[0]), std::string(length, '\0')};
  if (!receive(fd, frame.payload.data(), length)) return std::nullopt;
  for (std::size_t i = 0; i < length; ++i) {
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ mask[i % 4]);
  }
  return frame;
}

// The shortest form of a length is the only one (RFC 6455 5.2).
std::string frame_text(unsigned char first, const std::string& payload) {
  std::string text(1, static_cast<char>(first));
  const std::size_t size = payload.size();
  const int bits = size < 126 ? 0 : size < 65'536 ? 16 : 64;
  text += static_cast<char>(bits == 0 ? size : bits == 16 ? 126 : 127);
  for (int shift = bits - 8; shift >= 0; shift -= 8) {
    text += static_cast<char>(size >> shift & 0xffU);
  }
  return text + payload;
}

}  // namespace

WebSocketEcho::WebSocketEcho()
    : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listening_.get(), generic, size) != 0 || ::listen(listening_.get(), 1'024) != 0 ||
      ::getsockname(listening_.get(), generic, &size) != 0) {
    throw std::runtime_error("no port for a WebSocket server");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

WebSocketEcho::~WebSocketEcho() = default;

void WebSocketEcho::accept_all(const std::stop_token& stop) {
  std::vector<std::jthread> connections;
  std::vector<int> open;
  while (!stop.stop_requested()) {
    pollfd one{listening_.get(), POLLIN, 0};
    if (::poll(&one, 1, 50) <= 0) continue;
    const int fd = ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    open.push_back(::dup(fd));
    connections.emplace_back([this, fd] { serve(OwnedFd(fd)); });
  }
  for (const int fd : open) {
    ::shutdown(fd, SHUT_RDWR);
    ::close(fd);
  }
}

void WebSocketEcho::serve(OwnedFd fd) {
  const std::string head = read_head(fd.get());
  if (head.starts_with("GET /refused ")) {
    send_all(fd.get(), "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n");
    return;
  }
  if (!send_all(fd.get(),
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                    accept_key(field(head, "Sec-WebSocket-Key")) + "\r\n\r\n")) {
    return;
  }
  ++opened_;
  while (const std::optional<Frame> frame = read_frame(fd.get())) {
    constexpr unsigned char kClose = 0x88, kPing = 0x89, kPong = 0x8a;
    const unsigned char first = frame->first == kPing ? kPong : frame->first;
    if (!send_all(fd.get(), frame_text(first, frame->payload)) || first == kClose) return;
  }
}

}  // namespace autohttps
