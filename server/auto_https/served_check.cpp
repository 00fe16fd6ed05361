#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/server/auto_https/served_check.h>

#include <openssl/err.h>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kMostPerTry{5};
constexpr int kTries = 3;
constexpr seconds kBetweenTries{1};
constexpr milliseconds kVisitorsFirst{100};  // those that waited for the swap; asking costs as much

bool wait_for(int fd, short events, steady_clock::time_point until) {
  const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
  pollfd one{fd, events, 0};
  return left.count() > 0 && ::poll(&one, 1, static_cast<int>(left.count())) > 0;
}

OwnedFd connect_to(const std::string& address, std::uint16_t port, steady_clock::time_point until) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
  OwnedFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int result = fd ? ::connect(fd.get(), found->ai_addr, found->ai_addrlen) : -1;
  const bool under_way = fd && result != 0 && errno == EINPROGRESS;
  ::freeaddrinfo(found);
  if (under_way && wait_for(fd.get(), POLLOUT, until)) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return fd;
  }
  return result == 0 ? std::move(fd) : OwnedFd();
}

bool offer(SSL* ssl, std::string_view protocol) {
  if (protocol.empty()) return true;
  std::string list(1, static_cast<char>(protocol.size()));  // RFC 7301 3.1
  list += protocol;
  return SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(list.data()),
                             static_cast<unsigned>(list.size())) == 0;
}

bool shake_hands(SSL* ssl, int fd, steady_clock::time_point until) {
  while (true) {
    const int result = SSL_connect(ssl);
    if (result == 1) return true;
    const int error = SSL_get_error(ssl, result);
    const bool goes_on = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    if (!goes_on || !wait_for(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until)) {
      ERR_clear_error();
      return false;
    }
  }
}

std::string hex_sha256(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

// What a client could ask for; empty where the certificate is for addresses only, since whether
// those are ours is not known here.
std::string name_to_ask_for(const CertifiedKey& key) {
  for (const Identifier& name : key.names()) {
    if (name.type != Identifier::Type::dns) continue;
    return name.is_wildcard() ? "autohttps-check" + name.value.substr(1) : name.value;
  }
  return {};
}

}  // namespace

std::optional<std::string> served_fingerprint(const std::string& address, std::uint16_t port,
                                              const std::string& server_name, milliseconds most,
                                              std::string_view protocol) {
  const auto until = steady_clock::now() + most;
  const OwnedFd fd = connect_to(address, port, until);
  const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  const SslPtr ssl(context ? SSL_new(context.get()) : nullptr);
  if (!fd || !ssl || SSL_set_fd(ssl.get(), fd.get()) != 1 ||
      SSL_set_tlsext_host_name(ssl.get(), server_name.c_str()) != 1 ||
      !offer(ssl.get(), protocol) || !shake_hands(ssl.get(), fd.get(), until)) {
    return std::nullopt;
  }
  const X509Ptr leaf(SSL_get1_peer_certificate(ssl.get()));
  SSL_shutdown(ssl.get());
  ERR_clear_error();
  if (!leaf) return std::nullopt;
  return hex_sha256(leaf.get());
}

std::optional<std::string> fingerprint_from_own_port(const std::string& address, std::uint16_t port,
                                                     const std::string& server_name,
                                                     milliseconds most) {
  const std::vector<std::string> addresses =
      address.empty() ? std::vector<std::string>{"127.0.0.1", "::1"} : std::vector{address};
  for (const std::string& one : addresses) {
    if (auto served = served_fingerprint(one, port, server_name, most)) return served;
  }
  return std::nullopt;
}

ServedCheck::ServedCheck(std::string address, std::uint16_t port, Clock& clock, EventSink events)
    : address_(std::move(address)),
      port_(port),
      clock_(clock),
      events_(std::move(events)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ServedCheck::~ServedCheck() { stop(); }

void ServedCheck::stop() noexcept {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void ServedCheck::expect(const Credentials& credentials) {
  Expected expected;
  expected.generation = credentials.generation;
  for (const auto& key : credentials.keys) {
    if (expected.server_name.empty()) expected.server_name = name_to_ask_for(*key);
    expected.fingerprints.push_back(key->fingerprint());
  }
  if (expected.server_name.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    expected_.insert_or_assign(credentials.certificate, std::move(expected));
  }
  changed_.notify_one();
}

void ServedCheck::run(const std::stop_token& stop) {
  while (true) {
    std::pair<std::string, Expected> next;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !expected_.empty(); })) return;
      auto first = expected_.extract(expected_.begin());
      next = {std::move(first.key()), std::move(first.mapped())};
    }
    if (!clock_.sleep_for(kVisitorsFirst, stop)) return;
    bool served = is_served(next.second);
    for (int tries = 1; !served && tries < kTries; ++tries) {
      if (!clock_.sleep_for(kBetweenTries, stop)) return;
      served = is_served(next.second);
    }
    if (stop.stop_requested()) return;  // the server ends, and the check with it
    if (!is_outdated(next.first)) report(next.first, next.second, served);
  }
}

bool ServedCheck::is_outdated(const std::string& certificate) {
  const std::lock_guard lock(mutex_);
  return expected_.contains(certificate);
}

bool ServedCheck::is_served(const Expected& expected) const {
  const auto served = fingerprint_from_own_port(address_, port_, expected.server_name, kMostPerTry);
  return served && std::find(expected.fingerprints.begin(), expected.fingerprints.end(), *served) !=
                       expected.fingerprints.end();
}

void ServedCheck::report(const std::string& certificate, const Expected& expected,
                         bool served) const {
  if (!events_) return;
  const std::string generation = "generation " + std::to_string(expected.generation);
  const std::string port = "port " + std::to_string(port_);
  if (served) {
    events_({Event::Level::debug, certificate, port + " serves " + generation, {}});
    return;
  }
  events_({Event::Level::warning, certificate,
           generation + " is in place, but " + port + " does not serve it for \"" +
               expected.server_name + "\"",
           "another certificate for the name, or another process on the port, stands before it: "
           "see autohttps status"});
}

}  // namespace autohttps
