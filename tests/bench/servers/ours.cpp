// The bench's server on our library: SIGUSR1 swaps the first certificate for the second and back,
// SIGTERM ends it.
//
//   bench_server_ours PORT FULLCHAIN PRIVKEY [FULLCHAIN2 PRIVKEY2] [--idle-seconds N]
#include <autohttps/tests/bench/servers/handlers.h>

#include <autohttps/server/engine/listener.h>
#include <autohttps/server/httplib/https_server.h>
#include <autohttps/server/tls/certificate_cache.h>

#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps::bench {
namespace {

std::string contents(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

struct Arguments {
  std::uint16_t port = 0;
  std::vector<std::string> files;
  int idle_seconds = 0;  // 0: the library's own
};

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  arguments.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  for (int i = 2; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--idle-seconds" && i + 1 < argc) {
      arguments.idle_seconds = std::atoi(argv[++i]);
    } else {
      arguments.files.emplace_back(argv[i]);
    }
  }
  return arguments;
}

std::vector<std::shared_ptr<const Credentials>> load(const std::vector<std::string>& files) {
  std::vector<std::shared_ptr<const Credentials>> loaded;
  for (std::size_t i = 0; i + 1 < files.size(); i += 2) {
    auto credentials = std::make_shared<Credentials>();
    credentials->certificate = "bench";
    credentials->generation = i / 2 + 1;
    credentials->keys = {CertifiedKey::from_pem(contents(files[i]), contents(files[i + 1]))};
    loaded.push_back(std::move(credentials));
  }
  return loaded;
}

void serve(const Arguments& arguments) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before there is any other thread

  const auto generations = load(arguments.files);
  const auto cache = std::make_shared<CertificateCache>();
  cache->install(generations.front());
  HttpsServer server(cache);
  add_handlers(server);
  // As nginx beside it, whose keepalive_requests is raised.
  server.set_keep_alive_max_count(std::numeric_limits<int>::max());
  if (arguments.idle_seconds > 0) server.set_keep_alive_timeout(arguments.idle_seconds);
  server.adopt(listen_tcp("127.0.0.1", arguments.port));
  std::thread([&server, &cache, &generations, signals] {
    std::size_t current = 0;
    int signal = 0;
    while (sigwait(&signals, &signal) == 0 && signal == SIGUSR1) {
      current = (current + 1) % generations.size();
      cache->install(generations[current]);
    }
    server.stop();
  }).detach();
  server.serve_adopted();
}

}  // namespace
}  // namespace autohttps::bench

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: bench_server_ours PORT FULLCHAIN PRIVKEY [FULLCHAIN2 PRIVKEY2]\n");
    return 2;
  }
  try {
    autohttps::bench::serve(autohttps::bench::read_arguments(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  // The thread that waits for signals refers to what serve() had: nothing runs after this.
  std::_Exit(0);
}
