// From another process's flip of `current` to the first handshake with the new certificate, under
// continuous new connections.
//
//   bench_swap PATH-OF-AUTOHTTPS [SWAPS=20]
#include "measure.h"

#include <autohttps/common/openssl_owners.h>
#include <autohttps/tests/support/pebble_process.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <ctime>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

namespace autohttps::bench {
namespace {

namespace fs = std::filesystem;
using WallClock = std::chrono::system_clock;

struct Fetched {
  std::string serial;  // the leaf's; empty when anything failed
  WallClock::time_point handshaken, answered;
};

// One new connection: handshake and GET.
Fetched fetch(SSL_CTX* context, std::uint16_t port, const char* name) {
  const OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  const SslPtr ssl(SSL_new(context));
  SSL_set_fd(ssl.get(), fd.get());
  SSL_set_tlsext_host_name(ssl.get(), name);
  if (SSL_connect(ssl.get()) != 1) return {};
  Fetched fetched;
  fetched.handshaken = WallClock::now();
  const std::string request =
      std::string("GET / HTTP/1.1\r\nHost: ") + name + "\r\nConnection: close\r\n\r\n";
  if (SSL_write(ssl.get(), request.data(), static_cast<int>(request.size())) <= 0) return {};
  std::string response;
  char buffer[4096];
  for (int count; (count = SSL_read(ssl.get(), buffer, sizeof buffer)) > 0;) {
    response.append(buffer, static_cast<std::size_t>(count));
  }
  if (!response.starts_with("HTTP/1.1 200")) return {};
  const X509Ptr leaf(SSL_get1_peer_certificate(ssl.get()));
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf.get()), nullptr));
  char* hex = BN_bn2hex(number.get());
  fetched.serial = hex;
  OPENSSL_free(hex);
  fetched.answered = WallClock::now();
  return fetched;
}

// What the connections saw: when each serial first came.
class Load {
 public:
  Load(std::uint16_t port, const char* name, int threads) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([=, this](std::stop_token stop) {
        const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
        while (!stop.stop_requested()) {
          const Fetched fetched = fetch(context.get(), port, name);
          const std::lock_guard lock(mutex_);
          ++connections_;
          if (fetched.serial.empty()) ++failures_;
          const auto [seen, first] = first_seen_.try_emplace(fetched.serial, fetched);
          if (!first && fetched.handshaken < seen->second.handshaken) {
            seen->second.handshaken = fetched.handshaken;  // the other thread was told of later
          }
        }
      });
    }
  }
  void stop() { threads_.clear(); }

  std::optional<Fetched> first_seen(const std::string& serial) {
    const std::lock_guard lock(mutex_);
    const auto found = first_seen_.find(serial);
    return found == first_seen_.end() ? std::nullopt : std::optional(found->second);
  }
  int connections() const { return connections_; }
  int failures() const { return failures_; }

 private:
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Fetched> first_seen_;
  int connections_ = 0;
  int failures_ = 0;
  std::vector<std::jthread> threads_;
};

std::string serial_of(const fs::path& file) {
  const BioPtr bio(BIO_new_file(file.c_str(), "r"));
  const X509Ptr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf.get()), nullptr));
  char* hex = BN_bn2hex(number.get());
  const std::string serial = hex;
  OPENSSL_free(hex);
  return serial;
}

WallClock::time_point changed(const fs::path& link) {
  struct stat status {};
  ::lstat(link.c_str(), &status);
  return WallClock::time_point(std::chrono::seconds(status.st_ctim.tv_sec) +
                               std::chrono::nanoseconds(status.st_ctim.tv_nsec));
}

int main_(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_swap PATH-OF-AUTOHTTPS [SWAPS]\n");
    return 2;
  }
  const int swaps = argc > 2 ? std::atoi(argv[2]) : 20;
  ::setenv("TMPDIR", "/var/tmp", 0);
  TemporaryFolder folder;
  PebbleProcess pebble;
  const FreePort https;
  const fs::path store = folder / "store";
  const std::vector<std::string> serve = {argv[1],        "serve",
                                          "a.test",       "--agree-tos",
                                          "--https-port", https.text(),
                                          "--server",     pebble.directory_url(),
                                          "--ca-bundle",  pebble.ca_bundle().string(),
                                          "--store",      store.string(),
                                          "--http-port",  std::to_string(pebble.http_port()),
                                          "--limits",     "none"};
  Child server({.arguments = serve});
  const fs::path current = store / "certificates" / "a.test" / "current";
  while (!fs::exists(current / "fullchain.pem"))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  while (fetch(context.get(), https.number(), "a.test").serial !=
         serial_of(current / "fullchain.pem")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  Load load(https.number(), "a.test", 4);
  std::vector<double> handshakes, exchanges;
  for (int swap = 0; swap < swaps; ++swap) {
    run({argv[1], "renew", "--force", "--store", store.string(), "--http-port",
         std::to_string(pebble.http_port())},
        (folder / "log").string());
    const std::string serial = serial_of(current / "fullchain.pem");
    std::optional<Fetched> seen;
    const auto give_up = WallClock::now() + std::chrono::seconds(5);
    while (!(seen = load.first_seen(serial)) && WallClock::now() < give_up) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (!seen) {
      std::fprintf(stderr, "swap %d: not served within 5 s\n", swap + 1);
      return 1;
    }
    using Milliseconds = std::chrono::duration<double, std::milli>;
    handshakes.push_back(Milliseconds(seen->handshaken - changed(current)).count());
    exchanges.push_back(Milliseconds(seen->answered - changed(current)).count());
  }
  load.stop();
  // A flip's time is that of the last tick before it (CLOCK_REALTIME_COARSE): half a tick too early
  // on average.
  timespec tick{};
  ::clock_getres(CLOCK_REALTIME_COARSE, &tick);
  const double early = static_cast<double>(tick.tv_nsec) / 2e6;
  std::printf(
      "%d swaps under %d new connections: %d failed; flip -> first new handshake with the new "
      "certificate: median %.1f ms, most %.1f ms; -> first whole exchange on it: median %.1f ms, "
      "most %.1f ms (of each, %.1f ms are the file system's clock, which is early by that much on "
      "average)\n",
      swaps, load.connections(), load.failures(), median(handshakes),
      *std::max_element(handshakes.begin(), handshakes.end()), median(exchanges),
      *std::max_element(exchanges.begin(), exchanges.end()), early);
  return load.failures() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace autohttps::bench

int main(int argc, char** argv) { return autohttps::bench::main_(argc, argv); }
