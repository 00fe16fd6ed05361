// One certificate from a cold start with a new account, and a hundred in one go, beside Debian's
// uacme, against the same Pebble in alternating rounds. Run as root: uacme knows no --ca-bundle, so
// the CA's certificate is mounted over the system's bundle in a mount namespace of this process
// alone.
//
//   bench_issuance PATH-OF-AUTOHTTPS [ROUNDS=5] [NAMES=100]
#include "measure.h"

#include <autohttps/tests/support/pebble_process.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <autohttps/server/engine/listener.h>
#include <autohttps/server/httplib/http_server.h>

#include <sched.h>
#include <sys/mount.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace autohttps::bench {
namespace {

namespace fs = std::filesystem;

// uacme answers no challenge itself: its own hook writes files, this serves them while it lives.
class Responder {
 public:
  Responder(const fs::path& folder, std::uint16_t port) {
    fs::create_directories(folder);
    server_.set_mount_point("/.well-known/acme-challenge", folder.string());
    server_.adopt(listen_tcp("127.0.0.1", port));
    thread_ = std::jthread([this] { server_.serve_adopted(); });
  }
  ~Responder() { server_.stop(); }

 private:
  HttpServer server_;
  std::jthread thread_;
};

struct Bench {
  std::string program;
  PebbleProcess pebble;
  fs::path folder;
  int next_name = 0;

  std::string fresh_name() { return "n" + std::to_string(++next_name) + ".test"; }
  std::string log() const { return (folder / "log").string(); }

  std::vector<std::string> ours(const std::string& verb, const fs::path& store) const {
    return {program,       verb,
            "--server",    pebble.directory_url(),
            "--ca-bundle", pebble.ca_bundle().string(),
            "--store",     store.string(),
            "--http-port", std::to_string(pebble.http_port()),
            "--limits",    "none",
            "--agree-tos"};
  }

  Cost ours_cold(const std::string& name) {
    const fs::path store = folder / ("ours-" + name);
    auto command = ours("obtain", store);
    command.push_back(name);
    const Cost cost = run(command, log());
    if (!fs::exists(store / "certificates" / name / "current" / "fullchain.pem")) std::abort();
    return cost;
  }

  Cost ours_many(int count) {
    const fs::path store = folder / ("many-" + fresh_name());
    auto command = ours("obtain", store);
    command.push_back("--each");
    for (int i = 0; i < count; ++i) command.push_back(fresh_name());
    return run(command, log());
  }

  std::vector<std::string> uacme(const fs::path& store) const {
    return {"uacme",    "--acme-url", pebble.directory_url(),      "--confdir", store.string(),
            "--yes",    "--hook",     "/usr/share/uacme/uacme.sh", "--type",    "EC",
            "--no-ocsp"};
  }

  Cost uacme_account(const fs::path& store) {
    auto command = uacme(store);
    command.push_back("new");
    return run(command, log());
  }

  Cost uacme_issue(const fs::path& store, const std::string& name) {
    auto command = uacme(store);
    command.insert(command.end(), {"issue", name});
    const Cost cost = run(command, log());
    if (!fs::exists(store / name / "cert.pem")) std::abort();
    return cost;
  }

  Cost uacme_cold(const std::string& name) {
    const fs::path store = folder / ("uacme-" + name);
    Cost cost = uacme_account(store);
    cost += uacme_issue(store, name);
    return cost;
  }

  Cost uacme_many(int count) {
    const fs::path store = folder / ("uacme-" + fresh_name());
    Cost cost = uacme_account(store);
    for (int i = 0; i < count; ++i) cost += uacme_issue(store, fresh_name());
    return cost;
  }
};

void trust_for_uacme(const fs::path& bundle) {
  const bool done =
      ::unshare(CLONE_NEWNS) == 0 &&
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
      ::mount(bundle.c_str(), "/etc/ssl/certs/ca-certificates.crt", nullptr, MS_BIND, nullptr) == 0;
  if (!done) {
    std::fprintf(stderr, "mounting the CA's certificate for uacme: %s (run as root)\n",
                 std::strerror(errno));
    std::exit(1);
  }
}

void print(const char* what, const char* who, const Cost& cost) {
  std::printf("%-34s %-10s %8.3f s %8.3f s %7.1f MiB\n", what, who, cost.wall_s, cost.cpu_s,
              cost.peak_mib);
}

void compare(const char* what, const std::vector<Cost>& ours, const std::vector<Cost>& theirs) {
  print(what, "autohttps", median(ours));
  print("", "uacme", median(theirs));
  std::printf("%-34s %-10s %7.1f x %8.1f x\n", "", "ratio",
              median_ratio(theirs, ours, &Cost::wall_s), median_ratio(theirs, ours, &Cost::cpu_s));
}

int main_(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_issuance PATH-OF-AUTOHTTPS [ROUNDS] [NAMES]\n");
    return 2;
  }
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const int names = argc > 3 ? std::atoi(argv[3]) : 100;
  // On the disk's own file system, not in a /tmp that may be memory: fsync is part of the price.
  ::setenv("TMPDIR", "/var/tmp", 0);
  TemporaryFolder folder;
  Bench bench{.program = argv[1], .pebble = PebbleProcess(), .folder = folder.path()};
  trust_for_uacme(bench.pebble.ca_bundle());
  const fs::path answers = bench.folder / "answers";
  ::setenv("UACME_CHALLENGE_PATH", answers.c_str(), 1);

  std::vector<Cost> ours_cold, uacme_cold;
  for (int round = 0; round <= rounds; ++round) {  // the first warms up
    const Cost our_cost = bench.ours_cold(bench.fresh_name());
    const Responder responder(answers, bench.pebble.http_port());
    const Cost their_cost = bench.uacme_cold(bench.fresh_name());
    if (round == 0) continue;
    ours_cold.push_back(our_cost);
    uacme_cold.push_back(their_cost);
  }
  std::printf("%-34s %-10s %10s %10s %11s\n", "medians", "", "wall", "CPU", "peak");
  compare("1 certificate, cold, new account", ours_cold, uacme_cold);

  std::vector<Cost> ours_many;
  for (int round = 0; round < std::min(rounds, 3); ++round)
    ours_many.push_back(bench.ours_many(names));
  const Responder responder(answers, bench.pebble.http_port());
  const std::string what = std::to_string(names) + " certificates, one run";
  compare(what.c_str(), {median(ours_many)}, {bench.uacme_many(names)});
  return 0;
}

}  // namespace
}  // namespace autohttps::bench

int main(int argc, char** argv) { return autohttps::bench::main_(argc, argv); }
