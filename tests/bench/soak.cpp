// A server under mixed load for minutes: ordinary, slow and hostile clients while its certificate
// is swapped. What it holds must not grow, and is given back at the end.
//
//   bench_soak [--minutes N] [--seed S]
//
// Exit: 0 all well, 1 something was not, 2 usage.
#include <autohttps/tests/bench/soak/clients.h>
#include <autohttps/tests/bench/soak/server.h>

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kBetweenReports{10};
constexpr seconds kWarmUp{120};      // whose memory is the measure; half of a shorter run
constexpr double kTolerance = 1.05;  // of it: an allocator's, since loads are random
// After the last client has gone: every deadline, and the lingering behind it.
constexpr milliseconds kMostToClose = kSoakDeadline + seconds(2);
constexpr seconds kMostToRest{20};              // threads with nothing to do end after 10 s
constexpr double kMostCpuAtRest = 0.5;          // of a second in two: it does not spin
constexpr std::uint32_t kSources = 0x7f000301;  // 127.0.3.1 and following

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOurs = false;  // a sanitizer's quarantine and shadow grow by design
#else
constexpr bool kMemoryIsOurs = true;
#endif

class Verdict {
 public:
  void expect(bool good, const std::string& what) {
    std::printf("%s %s\n", good ? "ok     " : "FAILED ", what.c_str());
    failed_ = failed_ || !good;
  }
  bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

class Clients {
 public:
  Clients(const SoakServer& server, const TestCa& ca, std::uint64_t seed, Tally& tally)
      : plan_{server.tls_port(), server.plain_port(), ca.root(), seed, kSources} {
    for (const bool tls : {true, true, true, true, false, false}) {
      start([=, &tally](const SoakPlan& plan, const std::stop_token& stop) {
        be_ordinary(plan, tls, tally, stop);
      });
    }
    for (const bool tls : {true, true, false}) {
      start([=, &tally](const SoakPlan& plan, const std::stop_token& stop) {
        be_hostile(plan, tls, tally, stop);
      });
    }
    start([&tally](const SoakPlan& plan, const std::stop_token& stop) {
      be_slow(plan, tally, stop);
    });
    start([&tally](const SoakPlan& plan, const std::stop_token& stop) {
      be_a_crowd(plan, tally, stop);
    });
  }
  void stop() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
  }

 private:
  void start(std::function<void(const SoakPlan&, const std::stop_token&)> role) {
    ++plan_.seed;
    ++plan_.source;
    threads_.emplace_back(
        [role = std::move(role), plan = plan_](const std::stop_token& stop) { role(plan, stop); });
  }
  SoakPlan plan_;
  std::vector<std::jthread> threads_;
};

void print(double at, const ServerReport& report, const Tally& tally) {
  std::printf(
      "%5.0f s: %s\n  clients: answered %llu, full %llu, resumed %llu, hostile %llu, "
      "slow %llu; refused %llu, lost %llu, late %llu, busy %llu\n",
      at, report.text().c_str(), static_cast<unsigned long long>(tally.answered),
      static_cast<unsigned long long>(tally.full), static_cast<unsigned long long>(tally.resumed),
      static_cast<unsigned long long>(tally.hostile), static_cast<unsigned long long>(tally.slow),
      static_cast<unsigned long long>(tally.refused), static_cast<unsigned long long>(tally.lost),
      static_cast<unsigned long long>(tally.late), static_cast<unsigned long long>(tally.busy));
  std::fflush(stdout);
}

// The memory at the end of the warm-up, in KiB.
std::uint64_t put_under_load(SoakServer& server, const TestCa& ca, seconds time, std::uint64_t seed,
                             Tally& tally) {
  Clients clients(server, ca, seed, tally);
  const auto begin = steady_clock::now();
  const seconds warm_up = std::min<seconds>(kWarmUp, time / 2);
  std::uint64_t memory = 0;
  for (auto next = begin + kBetweenReports; next <= begin + time; next += kBetweenReports) {
    std::this_thread::sleep_until(next);
    const ServerReport report = server.report();
    print(std::chrono::duration<double>(next - begin).count(), report, tally);
    if (next <= begin + warm_up) memory = report.rss_kib;
  }
  clients.stop();
  return memory;
}

template <typename Condition>
ServerReport wait_for(SoakServer& server, milliseconds most, Condition condition) {
  const auto end = steady_clock::now() + most;
  ServerReport report = server.report();
  while (!condition(report) && steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(100));
    report = server.report();
  }
  return report;
}

// What ordinary clients did not get, the server must have counted.
void judge_failures(const ServerReport& report, Tally& tally, Verdict& verdict) {
  const std::lock_guard lock(tally.mutex);
  verdict.expect(tally.errors == 0, std::to_string(tally.errors) + " wrong answers" +
                                        (tally.errors > 0 ? ": " + tally.first_error : ""));
  verdict.expect(tally.timed_out == 0,
                 std::to_string(tally.timed_out) + " requests that nothing came of");
  verdict.expect(tally.answered > 0, std::to_string(tally.answered) + " right answers");
  const auto at_most = [&](const char* what, std::uint64_t seen, std::uint64_t counted) {
    verdict.expect(seen <= counted, std::to_string(seen) + " " + what + ", the server counted " +
                                        std::to_string(counted));
  };
  at_most("refused at once", tally.refused, report.refused() + report.late());
  at_most("lost", tally.lost, report.refused() + report.late() + report.get(Count::evicted));
  at_most("cut at a deadline", tally.late, report.late());
  at_most("turned away, busy", tally.busy, report.get(Count::busy));
}

void judge_rest(SoakServer& server, const ServerReport& begin, std::uint64_t memory,
                Verdict& verdict) {
  ServerReport report =
      wait_for(server, kMostToClose, [](const ServerReport& now) { return now.open == 0; });
  verdict.expect(report.open == 0, std::to_string(report.open) + " connections left");
  verdict.expect(report.handshaking == 0, std::to_string(report.handshaking) + " handshakes left");
  const std::uint64_t most_threads = begin.threads + 2 * kSoakLeaders;  // a spare for each leader
  report = wait_for(server, kMostToRest, [&](const ServerReport& now) {
    return now.threads <= most_threads && now.descriptors == begin.descriptors;
  });
  verdict.expect(report.descriptors == begin.descriptors, std::to_string(report.descriptors) +
                                                              " descriptors, at the beginning " +
                                                              std::to_string(begin.descriptors));
  verdict.expect(report.threads <= most_threads, std::to_string(report.threads) +
                                                     " threads, at the beginning " +
                                                     std::to_string(begin.threads));
  if (kMemoryIsOurs) {
    verdict.expect(static_cast<double>(report.rss_kib) <= static_cast<double>(memory) * kTolerance,
                   std::to_string(report.rss_kib) + " KiB, warmed up " + std::to_string(memory));
  }
  const double cpu = server.report().cpu_s;
  std::this_thread::sleep_for(seconds(2));
  verdict.expect(server.report().cpu_s - cpu < kMostCpuAtRest, "it rests");
}

int soak(seconds time, std::uint64_t seed) {
  std::signal(SIGPIPE, SIG_IGN);
  const TestCa ca;
  SoakServer server(ca);
  const ServerReport begin = wait_for(server, seconds(5), [](const ServerReport& now) {
    return now.swaps > 0;  // all threads are there
  });
  std::printf("seed %llu\n    0 s: %s\n", static_cast<unsigned long long>(seed),
              begin.text().c_str());
  Tally tally;
  const std::uint64_t memory = put_under_load(server, ca, time, seed, tally);
  Verdict verdict;
  judge_rest(server, begin, memory, verdict);
  const ServerReport end = server.report();
  print(std::chrono::duration<double>(time).count(), end, tally);
  judge_failures(end, tally, verdict);
  const int status = server.end();
  verdict.expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                 "the server's wait status is " + std::to_string(status));
  return verdict.failed() ? 1 : 0;
}

int usage() {
  std::fprintf(stderr, "usage: bench_soak [--minutes N] [--seed S]\n");
  return 2;
}

}  // namespace
}  // namespace autohttps::bench

int main(int argc, char** argv) {
  long minutes = 15;
  std::uint64_t seed = 1;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (i + 1 == argc) return autohttps::bench::usage();
    if (flag == "--minutes") {
      minutes = std::atol(argv[i + 1]);
    } else if (flag == "--seed") {
      seed = std::strtoull(argv[i + 1], nullptr, 10);
    } else {
      return autohttps::bench::usage();
    }
  }
  if (minutes < 1) return autohttps::bench::usage();
  try {
    return autohttps::bench::soak(std::chrono::minutes(minutes), seed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_soak: %s\n", error.what());
    return 1;
  }
}
