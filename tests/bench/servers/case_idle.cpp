// Idle TLS keep-alive connections: memory of each, and what new visitors notice of them.
#include <autohttps/tests/bench/servers/cases.h>
#include <autohttps/tests/bench/servers/load_client.h>
#include <autohttps/tests/bench/servers/probes.h>
#include <autohttps/tests/bench/servers/process_tree.h>

#include <algorithm>
#include <string>
#include <thread>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Event = TlsClient::Event;

constexpr std::size_t kAtOnce = 64;                 // handshakes under way
constexpr std::uint32_t kFirstSource = 0x7f000101;  // 127.0.1.1
constexpr std::size_t kSources = 200;               // so that no limit per address is met
constexpr int kMostRounds = 3;                      // memory hardly differs between them
constexpr milliseconds kSettle{500};
constexpr milliseconds kOpeningAtLeast{5000};  // for however few
constexpr double kSlowestOpening = 300;        // connections a second
constexpr long kProbes = 30;

// Connections with one GET each, and silence then.
class IdleConnections {
 public:
  IdleConnections(std::uint16_t port, std::size_t most) : port_(port), pool_(most) {}

  // As many as that in all; false when the server does not take them in time.
  bool open(std::size_t count) {
    const auto limit =
        kOpeningAtLeast +
        milliseconds(static_cast<long>(1000.0 * static_cast<double>(count) / kSlowestOpening));
    const auto give_up = steady_clock::now() + limit;
    while (idle_ < count && lost_ == 0 && steady_clock::now() < give_up) {
      while (started_ < count && started_ - idle_ < kAtOnce) {
        const auto source = static_cast<std::uint32_t>(started_ % kSources);
        pool_.connect(started_++, {.port = port_, .source = kFirstSource + source});
      }
      step(milliseconds(50));
    }
    return idle_ == count;
  }
  void step(milliseconds wait) {
    pool_.poll(wait, [this](std::size_t index, Event event) {
      if (event == Event::handshaken) pool_[index].send(get_request(false));
      if (event == Event::answered) ++idle_;
      if (event == Event::ended || event == Event::failed) ++lost_;
    });
  }
  std::size_t idle() const noexcept { return idle_; }
  std::size_t lost() const noexcept { return lost_; }

 private:
  const std::uint16_t port_;
  ClientPool pool_;
  std::size_t started_ = 0, idle_ = 0, lost_ = 0;
};

Table table_for(std::size_t count) {
  return {
      "idle-" + std::to_string(count),
      std::to_string(count) +
          " idle TLS keep-alive connections: PSS growth of each, PSS in all; 30 new connections "
          "meanwhile, one every 100 ms",
      {{"kib_each", "KiB each", 1, true},
       {"mib", "MiB in all", 0, true},
       {"p50_ms", "p50 ms", 1},
       {"p99_ms", "p99 ms", 1, true},
       {"failed", "failed", 0, false, Column::Over::sum}}};
}

void warm_up(std::uint16_t port) {
  LoadPlan plan;
  plan.port = port;
  plan.warm_up = milliseconds(0);
  plan.measured = milliseconds(200);
  load_new_connections(plan, false);
}

void probe(Probes& probes, IdleConnections& idle, long count) {
  probes.ask(count);
  while (probes.step(milliseconds(1))) idle.step(milliseconds(0));
}

// False: it cannot.
bool measure_at(Table& table, const Effort& effort, const Contender& contender,
                IdleConnections& idle, std::size_t count, double before_kib) {
  const Kind kind = contender.kind();
  Probes probes({contender.port()}, effort.patience());
  if (!idle.open(count)) {
    probe(probes, idle, kProbes / 3);
    table.note(kind, "cannot hold " + std::to_string(count) + ": " + std::to_string(idle.idle()) +
                         " were answered, " + std::to_string(idle.lost()) + " lost; then " +
                         std::to_string(probes.seen(0).answered_ms.size()) + " of " +
                         std::to_string(kProbes / 3) + " others in time");
    table.add(kind, "failed", 1);
    return false;
  }
  std::this_thread::sleep_for(kSettle);
  const double pss = pss_kib(contender.processes());
  table.add(kind, "kib_each", (pss - before_kib) / static_cast<double>(count));
  table.add(kind, "mib", pss / 1024);
  probe(probes, idle, kProbes);
  table.add(kind, "p50_ms", percentile(probes.seen(0).answered_ms, 0.5));
  table.add(kind, "p99_ms", percentile(probes.seen(0).answered_ms, 0.99));
  table.add(kind, "failed",
            static_cast<double>(idle.lost()) + static_cast<double>(probes.seen(0).lost()));
  return true;
}

}  // namespace

std::vector<Table> measure_idle(const Surroundings& surroundings, const Effort& effort) {
  const std::vector<std::size_t> counts =
      effort.quick ? std::vector<std::size_t>{100, 1000} : std::vector<std::size_t>{1000, 10'000};
  std::vector<Table> tables;
  for (const std::size_t count : counts) tables.push_back(table_for(count));
  std::vector<Kind> unable;
  for (int round = 0; round < std::min(effort.rounds, kMostRounds); ++round) {
    for (const Kind kind : surroundings.kinds) {
      if (std::find(unable.begin(), unable.end(), kind) != unable.end()) continue;
      ContenderOptions options;
      options.hold_idle = true;
      const Contender contender(kind, surroundings, options);
      warm_up(contender.port());
      std::this_thread::sleep_for(kSettle);
      const double before = pss_kib(contender.processes());
      IdleConnections idle(contender.port(), counts.back());
      for (std::size_t i = 0; i < counts.size(); ++i) {
        if (measure_at(tables[i], effort, contender, idle, counts[i], before)) continue;
        unable.push_back(kind);
        break;
      }
    }
  }
  return tables;
}

}  // namespace autohttps::bench
