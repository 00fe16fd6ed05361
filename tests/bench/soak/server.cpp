#include <autohttps/tests/bench/soak/server.h>

#include <autohttps/server/engine/listener.h>
#include <autohttps/server/httplib/https_server.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/tests/bench/servers/bodies.h>
#include <autohttps/tests/support/served_credentials.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

namespace autohttps::bench {
namespace {

using httplib::Request;
using httplib::Response;

constexpr std::chrono::milliseconds kSlow{20};
constexpr std::chrono::milliseconds kBetweenSwaps{50};
constexpr std::size_t kThreads = 32;  // of a server, for handlers that wait
constexpr std::size_t kQueue = 8;
constexpr std::size_t kHandshakes = 70;
constexpr char kText[] = "text/plain";

void add_routes(HttpServer& server) {
  server.Get("/small", [](const Request& request, Response& response) {
    response.set_content(soak_body(request.get_param_value("tag"), kSoakSmall), kText);
  });
  server.Get("/slow", [](const Request& request, Response& response) {
    std::this_thread::sleep_for(kSlow);
    response.set_content(soak_body(request.get_param_value("tag"), kSoakSmall), kText);
  });
  server.Get("/known", [](const Request& request, Response& response) {
    const auto body =
        std::make_shared<const std::string>(soak_body(request.get_param_value("tag"), kSoakLong));
    response.set_content_provider(
        body->size(), kText, [body](std::size_t offset, std::size_t length, auto& sink) {
          constexpr std::size_t kPiece = 10'000;
          return sink.write(body->data() + offset, std::min(length, kPiece));
        });
  });
  server.Get("/chunks", [](const Request& request, Response& response) {
    const std::string piece = soak_body(request.get_param_value("tag"), kSoakSmall);
    auto left = std::make_shared<std::size_t>(kSoakChunks);
    response.set_chunked_content_provider(kText, [piece, left](std::size_t, auto& sink) {
      if (*left == 0) {
        sink.done();
        return true;
      }
      --*left;
      return sink.write(piece.data(), piece.size());
    });
  });
  server.Post("/count", [](const Request& request, Response& response) {
    response.set_content(std::to_string(request.body.size()), kText);
  });
  server.Post("/echo", [](const Request& request, Response& response) {
    response.set_content(request.body, kText);
  });
  // Who does not read asks for this one.
  server.Get("/big", [](const Request&, Response& response) {
    response.set_content_provider(
        8 * kBigBody, kText, [](std::size_t, std::size_t length, auto& sink) {
          static const std::string kPiece(kSoakLong, 'x');
          return sink.write(kPiece.data(), std::min(length, kPiece.size()));
        });
  });
  server.set_expect_100_continue_handler([](const Request&, Response&) { return 100; });
}

void set_limits(HttpServer& server) {
  EngineLimits& limits = server.limits();
  limits.connections = kSoakConnections;
  limits.connections_per_address = kSoakPerAddress;
  limits.handshakes = kHandshakes;
  limits.threads = kThreads;
  limits.queue = kQueue;
  limits.leaders = kSoakLeaders;
  limits.body_in_memory = 16 << 10;
  limits.handshake = limits.head_time = kSoakDeadline;
  limits.drain = kSoakDeadline;
  server.set_payload_max_length(kSoakBody);
  server.set_keep_alive_max_count(kSoakRequests);
  server.set_keep_alive_timeout(kSoakDeadline.count());
  server.set_read_timeout(kSoakDeadline);
  server.set_write_timeout(kSoakDeadline);
}

void add(ServerReport& report, const Counters& counters) {
  for (std::size_t i = 0; i < report.counts.size(); ++i) {
    report.counts[i] += counters.get(static_cast<Count>(i));
  }
  report.open += counters.open;
  report.handshaking += counters.handshaking;
}

class Serving {
 public:
  Serving(const TestCa& ca, OwnedFd tls, OwnedFd plain)
      : cache_(std::make_shared<CertificateCache>()), https_(cache_) {
    for (auto& credentials : generations_) credentials = make_credentials(ca, {"a.test"});
    cache_->install(generations_[0]);
    for (HttpServer* const server : {static_cast<HttpServer*>(&https_), &http_}) {
      set_limits(*server);
      add_routes(*server);
    }
    https_.adopt(std::move(tls));
    http_.adopt(std::move(plain));
  }

  void answer_commands(int line) {
    std::thread https([this] { https_.serve_adopted(); });
    std::thread http([this] { http_.serve_adopted(); });
    while (!https_.is_running() || !http_.is_running()) std::this_thread::sleep_for(kSlow);
    std::thread swaps([this] { swap(); });
    char command = 0;
    while (::recv(line, &command, 1, 0) == 1 && command != 'e') {
      if (command == 's') swapping_ = false;
      const ServerReport report = look();
      if (::send(line, &report, sizeof report, MSG_NOSIGNAL) < 0) break;
    }
    swapping_ = false;
    https_.stop();
    http_.stop();
    for (std::thread* const thread : {&https, &http, &swaps}) thread->join();
  }

 private:
  void swap() {
    while (swapping_) {
      std::this_thread::sleep_for(kBetweenSwaps);
      cache_->install(generations_[++swaps_ % 2]);
    }
  }
  ServerReport look() {
    ServerReport report;
    add(report, https_.counters());
    add(report, http_.counters());
    report.swaps = swaps_;
    look_at_process(report);
    return report;
  }

  const std::shared_ptr<CertificateCache> cache_;
  std::shared_ptr<const Credentials> generations_[2];
  HttpsServer https_;
  HttpServer http_;
  std::atomic<bool> swapping_{true};
  std::atomic<std::uint64_t> swaps_{0};
};

}  // namespace

std::string soak_body(std::string_view tag, std::size_t size) {
  std::string body;
  while (body.size() < size) body.append(tag).append("|");
  body.resize(size);
  return body;
}

SoakServer::SoakServer(const TestCa& ca) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::runtime_error("socketpair");
  }
  line_ = OwnedFd(ends[0]);
  OwnedFd theirs(ends[1]);
  OwnedFd tls = listen_tcp("127.0.0.1", 0);
  OwnedFd plain = listen_tcp("127.0.0.1", 0);
  tls_port_ = bound_port(tls.get());
  plain_port_ = bound_port(plain.get());
  std::fflush(stdout);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ > 0) return;
  line_.reset();
  try {
    Serving(ca, std::move(tls), std::move(plain)).answer_commands(theirs.get());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "the soak's server: %s\n", error.what());
    std::_Exit(1);
  }
  std::exit(0);  // the sanitizers have their say
}

SoakServer::~SoakServer() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

void SoakServer::say(char command) {
  if (::send(line_.get(), &command, 1, MSG_NOSIGNAL) != 1) {
    throw std::runtime_error("the server has ended");
  }
}

ServerReport SoakServer::report() {
  say('r');
  ServerReport report;
  if (::recv(line_.get(), &report, sizeof report, 0) != sizeof report) {
    throw std::runtime_error("the server has ended");
  }
  return report;
}

void SoakServer::swap_no_more() {
  say('s');
  ServerReport report;
  ::recv(line_.get(), &report, sizeof report, 0);
}

int SoakServer::end() {
  say('e');
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return status;
}

}  // namespace autohttps::bench
