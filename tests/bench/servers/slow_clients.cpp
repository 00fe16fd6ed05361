#include <autohttps/tests/bench/servers/loopback.h>
#include <autohttps/tests/bench/servers/slow_clients.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Event = TlsClient::Event;

constexpr std::uint32_t kFirstSource = 0x7f000201;  // 127.0.2.1
constexpr std::size_t kSources = 40;

bool is_plain(Slowness slowness) {
  return slowness == Slowness::silent || slowness == Slowness::half_hello;
}

std::uint32_t source_of(std::size_t index) {
  return kFirstSource + static_cast<std::uint32_t>(index % kSources);
}

OwnedFd plain_connection(std::uint16_t port, std::size_t index) {
  OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_in from = address_of(source_of(index), 0);
  ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from);
  const sockaddr_in to = address_of(INADDR_LOOPBACK, port);
  ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  return fd;
}

std::string half_hello() {
  const SslContextPtr context = make_client_context();
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_tlsext_host_name(ssl.get(), "a.test");
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_connect(ssl.get());  // which wants to read an answer
  char* data = nullptr;
  const long length = BIO_get_mem_data(out, &data);
  return std::string(data, static_cast<std::size_t>(length) / 2);
}

const char* opening(Slowness slowness) {
  switch (slowness) {
    case Slowness::dripping_head:
      return "GET /1k HTTP/1.1\r\nHost: a.test\r\nX-Slow: ";
    case Slowness::dripping_body:
      return "POST /post HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\n";
    case Slowness::not_reading:
      return "GET /big HTTP/1.1\r\nHost: a.test\r\n\r\n";
    default:
      return "";
  }
}

}  // namespace

const char* slowness_name(Slowness slowness) {
  switch (slowness) {
    case Slowness::silent:
      return "connected and silent";
    case Slowness::half_hello:
      return "half a TLS hello";
    case Slowness::dripping_head:
      return "dripping headers";
    case Slowness::dripping_body:
      return "dripping body";
    case Slowness::not_reading:
      return "not reading";
  }
  return "";
}

SlowClients::SlowClients(Slowness slowness, std::uint16_t port, std::size_t count)
    : slowness_(slowness),
      count_(count),
      pool_(is_plain(slowness) ? 0 : count),
      said_(count, false),
      half_hello_(half_hello()),
      begin_(steady_clock::now()) {
  for (std::size_t i = 0; i < count; ++i) {
    if (is_plain(slowness)) {
      plain_.push_back(plain_connection(port, i));
    } else {
      pool_.connect(
          i,
          {.port = port, .source = source_of(i), .tiny_window = slowness == Slowness::not_reading});
    }
  }
}

void SlowClients::step() {
  if (slowness_ == Slowness::half_hello) step_without_tls();
  if (is_plain(slowness_)) return;
  pool_.poll(milliseconds(0), [this](std::size_t index, Event event) {
    TlsClient& client = pool_[index];
    if (event != Event::handshaken) return;
    client.send(opening(slowness_));
    if (slowness_ == Slowness::not_reading) client.stop_reading();
  });
  if (slowness_ != Slowness::not_reading) drip();
}

void SlowClients::step_without_tls() {
  for (std::size_t i = 0; i < plain_.size(); ++i) {
    if (said_[i]) continue;  // not connected yet: again next time
    said_[i] = ::send(plain_[i].get(), half_hello_.data(), half_hello_.size(), MSG_NOSIGNAL) > 0;
  }
}

// Spread over the second: a burst of all would delay the probes, which share this thread.
void SlowClients::drip() {
  const std::chrono::duration<double> since = steady_clock::now() - begin_;
  const auto due = static_cast<std::size_t>(since.count() * static_cast<double>(count_));
  for (; dripped_ < due; ++dripped_) {
    TlsClient& client = pool_[dripped_ % count_];
    if (since > std::chrono::seconds(2) && client.is_open()) client.send("x");
  }
}

}  // namespace autohttps::bench
