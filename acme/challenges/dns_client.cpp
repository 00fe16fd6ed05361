#include <autohttps/acme/challenges/dns_client.h>

#include <autohttps/common/error.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/common/strings.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>

namespace autohttps::acme {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostResolvers = 3;  // libc's MAXNS
constexpr std::size_t kMostPacket = 65535;
constexpr int kUdpTries = 2;
constexpr int kMostStrangePackets = 100;  // of one question; whoever sends more is no bad luck

std::string words_of(int error_number) {
  return to_lower(std::generic_category().message(error_number));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<SocketAddress> numeric_address(const DnsServer& server) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(server.address.c_str(), std::to_string(server.port).c_str(), &hints, &found) !=
      0) {
    return std::nullopt;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  SocketAddress address;
  if (found->ai_addrlen > sizeof address.storage) return std::nullopt;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  return address;
}

// Waits for a descriptor, a deadline or a stop.
class Waiter {
 public:
  Waiter(Clock& clock, const std::stop_token& stop)
      : clock_(clock),
        stopped_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        on_stop_(stop, Wake{&stopped_}) {}

  // False: the time is over, or we were stopped.
  bool wait(int fd, short events, SteadyTime until) {
    for (;;) {
      const auto left = std::chrono::ceil<milliseconds>(until - clock_.steady()).count();
      if (left <= 0) return false;
      std::array<pollfd, 2> fds = {{{fd, events, 0}, {stopped_.get(), POLLIN, 0}}};
      const int ready = ::poll(fds.data(), fds.size(),
                               static_cast<int>(std::min<std::int64_t>(left, kMostPacket)));
      if (ready < 0 && errno != EINTR) return false;
      if (ready > 0 && fds[1].revents != 0) return false;
      if (ready > 0 && fds[0].revents != 0) return true;
    }
  }

 private:
  struct Wake {
    OwnedFd* fd;
    void operator()() const {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t told = ::write(fd->get(), &one, sizeof one);
    }
  };

  Clock& clock_;
  OwnedFd stopped_;
  std::stop_callback<Wake> on_stop_;
};

std::string too_long(milliseconds limit) {
  return "no answer within " +
         std::to_string(std::chrono::ceil<std::chrono::seconds>(limit).count()) + " s";
}

// One question on its way.
class Exchange {
 public:
  Exchange(const SocketAddress& address, const DnsQuestion& question, std::uint16_t id,
           Waiter& waiter, Clock& clock)
      : address_(address),
        question_(question),
        id_(id),
        query_(dns_query(id, question)),
        waiter_(waiter),
        clock_(clock) {}

  DnsReply by_udp(milliseconds limit) {
    const OwnedFd socket = open(SOCK_DGRAM);
    // Connected: the kernel passes on what comes from this address and port only, and tells of a
    // port that nobody listens on.
    if (!socket || ::connect(socket.get(), address_.get(), address_.size) != 0 ||
        ::send(socket.get(), query_.data(), query_.size(), MSG_NOSIGNAL) < 0) {
      return {std::nullopt, words_of(errno)};
    }
    const SteadyTime until = clock_.steady() + limit;
    std::string packet(kMostPacket, '\0');
    for (int strange = 0; strange < kMostStrangePackets;) {
      if (!waiter_.wait(socket.get(), POLLIN, until)) return {std::nullopt, too_long(limit)};
      const ssize_t got = ::recv(socket.get(), packet.data(), packet.size(), MSG_DONTWAIT);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) return {std::nullopt, words_of(errno)};
      auto answer = parse_dns_answer(
          std::string_view(packet).substr(0, static_cast<std::size_t>(got)), id_, question_);
      if (answer) return {std::move(answer), {}};
      ++strange;
    }
    return {std::nullopt, "nothing but packets that are no answer"};
  }

  DnsReply by_tcp(milliseconds limit) {
    const SteadyTime until = clock_.steady() + limit;
    const OwnedFd socket = open(SOCK_STREAM | SOCK_NONBLOCK);
    if (!socket) return {std::nullopt, words_of(errno)};
    if (::connect(socket.get(), address_.get(), address_.size) != 0 && errno != EINPROGRESS) {
      return {std::nullopt, words_of(errno) + " (TCP)"};
    }
    // RFC 1035 4.2.2: the message is prefixed with a two byte length field.
    std::string out = {static_cast<char>(query_.size() >> 8U),
                       static_cast<char>(query_.size() & 0xffU)};
    out += query_;
    if (!send_all(socket.get(), out, until)) return failed_tcp(limit);
    std::string head(2, '\0');
    if (!receive(socket.get(), head, until)) return failed_tcp(limit);
    std::string packet(static_cast<std::size_t>(static_cast<unsigned char>(head[0])) << 8U |
                           static_cast<unsigned char>(head[1]),
                       '\0');
    if (!receive(socket.get(), packet, until)) return failed_tcp(limit);
    auto answer = parse_dns_answer(packet, id_, question_);
    if (answer && !answer->truncated) return {std::move(answer), {}};
    return {std::nullopt, "what came back by TCP is no answer"};
  }

 private:
  OwnedFd open(int type) const {
    return OwnedFd(::socket(address_.storage.ss_family, type | SOCK_CLOEXEC, 0));
  }

  DnsReply failed_tcp(milliseconds limit) const {
    return {std::nullopt,
            (error_number_ != 0 ? words_of(error_number_) : too_long(limit)) + " (TCP)"};
  }

  // False: error_number_ says why, 0 means too late.
  bool send_all(int socket, std::string_view out, SteadyTime until) {
    while (!out.empty()) {
      if (!waiter_.wait(socket, POLLOUT, until)) return false;
      const ssize_t sent = ::send(socket, out.data(), out.size(), MSG_NOSIGNAL);
      if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (sent < 0) return fail(errno);
      out.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool receive(int socket, std::string& whole, SteadyTime until) {
    for (std::size_t at = 0; at < whole.size();) {
      if (!waiter_.wait(socket, POLLIN, until)) return false;
      const ssize_t got = ::recv(socket, whole.data() + at, whole.size() - at, 0);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) return fail(got < 0 ? errno : ECONNRESET);
      at += static_cast<std::size_t>(got);
    }
    return true;
  }

  bool fail(int error_number) {
    error_number_ = error_number;
    return false;
  }

  const SocketAddress& address_;
  const DnsQuestion& question_;
  const std::uint16_t id_;
  const std::string query_;
  Waiter& waiter_;
  Clock& clock_;
  int error_number_ = 0;
};

[[noreturn]] void no_server(std::string_view text) {
  throw Error(ErrorCode::config,
              "\"" + printable(text, 100) + "\" is not the address of a DNS server",
              "give an IP address, with a port where it is not 53: 192.0.2.1, 192.0.2.1:5353 or "
              "[2001:db8::1]:5353");
}

std::uint16_t port_of(std::string_view digits, std::string_view whole) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) no_server(whole);
  return port;
}

}  // namespace

DnsServer DnsServer::parse(std::string_view text) {
  DnsServer server;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) no_server(text);
    server.address = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') no_server(text);
    if (!rest.empty()) server.port = port_of(rest.substr(1), text);
  } else if (std::ranges::count(text, ':') == 1) {
    const std::size_t colon = text.find(':');
    server.address = text.substr(0, colon);
    server.port = port_of(text.substr(colon + 1), text);
  } else {
    server.address = text;
  }
  if (server.address.empty() || !numeric_address(server)) no_server(text);
  return server;
}

std::string DnsServer::text() const {
  if (port == 53) return address;
  const bool six = address.find(':') != std::string::npos;
  return (six ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::vector<DnsServer> system_resolvers(const std::filesystem::path& path) {
  std::vector<DnsServer> servers;
  std::ifstream file(path);
  for (std::string line; servers.size() < kMostResolvers && std::getline(file, line);) {
    constexpr std::string_view kKey = "nameserver";
    if (!line.starts_with(kKey) || line.size() == kKey.size()) continue;
    const std::string_view rest = std::string_view(line).substr(kKey.size());
    if (rest.front() != ' ' && rest.front() != '\t') continue;
    const std::string_view value = trim(rest);
    const DnsServer server{std::string(value.substr(0, value.find_first_of(" \t"))), 53};
    if (!server.address.empty() && numeric_address(server)) servers.push_back(server);
  }
  if (servers.empty()) servers.push_back({"127.0.0.1", 53});
  return servers;
}

DnsReply SocketDnsClient::ask(const DnsServer& server, const DnsQuestion& question,
                              std::stop_token stop) {
  const auto address = numeric_address(server);
  if (!address) no_server(server.address);
  Waiter waiter(clock_, stop);
  DnsReply reply;
  for (int tries = 0; tries < kUdpTries && !reply.answer && !stop.stop_requested(); ++tries) {
    std::array<std::byte, 2> random{};
    random_.fill(random);
    const auto id = static_cast<std::uint16_t>(std::to_integer<unsigned>(random[0]) << 8U |
                                               std::to_integer<unsigned>(random[1]));
    Exchange exchange(*address, question, id, waiter, clock_);
    reply = exchange.by_udp(limits_.udp);
    if (reply.answer && reply.answer->truncated) return exchange.by_tcp(limits_.tcp);
  }
  return reply;
}

}  // namespace autohttps::acme
