// Many certificates in one store, beside a store with one: from the start of `serve` to the first
// good handshake, its memory then and after many names, and its CPU time for a name that is in
// memory.
#include <autohttps/tests/bench/measure.h>
#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/https_client.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace autohttps::bench {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::chrono::seconds kMostForStart{60};
constexpr int kRepeats = 2000;  // of handshakes for names in memory

std::string name_of(int number) {  // as make_store names them
  char name[32];
  std::snprintf(name, sizeof name, "c%05d.many.test", number);
  return name;
}

double resident_mib(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  long size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double cpu_seconds(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// The server of one store, from its start on.
class Served {
 public:
  Served(const std::string& program, const fs::path& store)
      : root_(read(store / "root.pem")),
        begin_(Steady::now()),
        child_({.arguments = {program, "serve", "--agree-tos", "--server",
                              "https://127.0.0.1:1/directory", "--http-port", http_.text(),
                              "--https-port", https_.text(), "--store", store.string()}}) {}

  bool get(const std::string& name) const {
    const HttpsAnswer answer =
        https_get({.port = https_.number(), .name = name, .root_pem = root_});
    return answer.verified && answer.status == 200;
  }
  double first_handshake_ms(const std::string& name) const {
    while (!get(name)) {
      if (Steady::now() - begin_ > kMostForStart) return -1;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return Milliseconds(Steady::now() - begin_).count();
  }
  double mib() const { return resident_mib(child_.pid()); }
  double cpu() const { return cpu_seconds(child_.pid()); }
  int stop() { return child_.stop(); }

 private:
  static std::string read(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string root_;
  const FreePort http_, https_;
  const Steady::time_point begin_;
  Child child_;
};

struct Row {
  double first_ms = 0, first_mib = 0, many_mib = 0, cpu_us = 0;
  int failures = 0;
};

Row measure(const std::string& program, const fs::path& store, int certificates, int names) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> number(1, certificates);
  Served served(program, store);
  Row row;
  row.first_ms = served.first_handshake_ms(name_of(number(random)));
  row.first_mib = served.mib();
  std::vector<std::string> asked;
  for (int i = 0; i < names; ++i) {
    asked.push_back(name_of(number(random)));
    if (!served.get(asked.back())) ++row.failures;
  }
  row.many_mib = served.mib();
  // What the server does after its start in its own time is not the handshakes'.
  double before = served.cpu();
  for (double last = -1; before - last > 0.001;) {
    last = before;
    std::this_thread::sleep_for(std::chrono::seconds(2));
    before = served.cpu();
  }
  for (int i = 0; i < kRepeats; ++i) {
    if (!served.get(asked[static_cast<std::size_t>(i) % asked.size()])) ++row.failures;
  }
  row.cpu_us = (served.cpu() - before) * 1e6 / kRepeats;
  served.stop();
  return row;
}

void print(int certificates, const Row& row, const Row& one) {
  std::printf("%12d %18.0f %12.1f %16.1f %22.0f (%.2f) %10d\n", certificates, row.first_ms,
              row.first_mib, row.many_mib, row.cpu_us, row.cpu_us / one.cpu_us, row.failures);
}

int main_(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_many AUTOHTTPS MAKE_STORE [CERTIFICATES [NAMES]]\n");
    return 2;
  }
  const int certificates = argc > 3 ? std::atoi(argv[3]) : 10'000;
  const int names = argc > 4 ? std::atoi(argv[4]) : 1000;
  ::setenv("TMPDIR", "/var/tmp", 0);
  const TemporaryFolder folder;
  const auto make = [&](const char* store, int count) {
    return run({argv[2], (folder / store).string(), std::to_string(count)},
               (folder / "log").string());
  };
  make("one", 1);
  const Cost made = make("many", certificates);
  std::printf("%d certificates made in %.1f s; %d names asked for\n", certificates, made.wall_s,
              names);
  std::printf("%12s %18s %12s %16s %22s %17s\n", "certificates", "first after, ms", "then, MiB",
              "all asked, MiB", "CPU us, in memory", "failed");
  const Row one = measure(argv[1], folder / "one", 1, names);
  print(1, one, one);
  const Row many = measure(argv[1], folder / "many", certificates, names);
  print(certificates, many, one);
  return one.failures + many.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace autohttps::bench

int main(int argc, char** argv) { return autohttps::bench::main_(argc, argv); }
