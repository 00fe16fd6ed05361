#include <autohttps/tools/autohttps/probe.h>

#include <autohttps/acme/challenges/published_tls_alpn01.h>
#include <autohttps/acme/store/published_answers.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/common/random.h>
#include <autohttps/server/auto_https/served_check.h>
#include <autohttps/server/sites/challenge_responder.h>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>

namespace autohttps::tools {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{2};  // a server on this machine answers in milliseconds
constexpr std::size_t kLongestAnswer = 8192;  // our answer is a few hundred bytes

// The connection, made without waiting for longer than the deadline.
class Connection {
 public:
  Connection(const std::string& address, std::uint16_t port)
      : deadline_(Steady::now() + kPatience) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
    OwnedFd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return;
    if (::connect(socket.get(), found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS) {
      return;
    }
    socket_ = std::move(socket);
  }

  bool send(std::string_view text) {
    while (!text.empty()) {
      if (!wait(POLLOUT)) return false;
      const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  std::string receive_all() {
    std::string answer;
    char part[1024];
    while (answer.size() < kLongestAnswer && wait(POLLIN)) {
      const ssize_t got = ::recv(socket_.get(), part, sizeof part, 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got <= 0) break;
      answer.append(part, static_cast<std::size_t>(got));
    }
    return answer;
  }

 private:
  bool wait(short what) const {
    if (!socket_) return false;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Steady::now()).count();
    pollfd poll{.fd = socket_.get(), .events = what, .revents = 0};
    return left > 0 && ::poll(&poll, 1, static_cast<int>(left)) > 0;
  }

  const Steady::time_point deadline_;
  OwnedFd socket_;
};

}  // namespace

bool get_gives(const std::string& address, std::uint16_t port, std::string_view path,
               std::string_view body) {
  Connection connection(address, port);
  const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
  if (!connection.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: " + host +
                       "\r\nConnection: close\r\n\r\n")) {
    return false;
  }
  const std::string answer = connection.receive_all();
  const std::size_t head = answer.find("\r\n\r\n");
  return answer.starts_with("HTTP/1.1 200 ") && head != std::string::npos &&
         std::string_view(answer).substr(head + 4) == body;
}

bool answers_from_our_store(AutoCertificates& certificates, const std::string& address,
                            std::uint16_t port) {
  acme::PublishedAnswers answers(certificates.store(), certificates.clock());
  SystemRandom random;
  const std::string token = "probe-" + random.token();
  const std::string secret = token + "." + random.token();
  answers.publish(token, secret);
  const std::string path = std::string(kChallengePath) + token;
  bool same = false;
  if (!address.empty()) {
    same = get_gives(address, port, path, secret);
  } else {
    same = get_gives("127.0.0.1", port, path, secret) || get_gives("::1", port, path, secret);
  }
  answers.withdraw(token);
  return same;
}

bool answers_acme_tls_from_our_store(AutoCertificates& certificates, const std::string& address,
                                     std::uint16_t port) {
  acme::PublishedAnswers answers(certificates.store(), certificates.clock());
  acme::AnsweringWays ways;
  acme::PublishedTlsAlpn01 solver(answers, ways, certificates.clock());
  SystemRandom random;
  // RFC 6761 6.4: no CA is asked for such a name, and it is no order's. One at a time has it.
  const std::string name = "autohttps-probe.invalid";
  const auto up = solver.present({{Identifier::Type::dns, name}, {}, random.token()}, {});
  const std::shared_ptr<const CertifiedKey> published = answers.tls_alpn(name);
  const auto is_served_at = [&](const std::string& at) {
    return published &&
           served_fingerprint(at, port, name, kPatience, kAcmeTls) == published->fingerprint();
  };
  if (!address.empty()) return is_served_at(address);
  return is_served_at("127.0.0.1") || is_served_at("::1");
}

}  // namespace autohttps::tools
