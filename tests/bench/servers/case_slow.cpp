// 200 slow clients of each sort: what others notice, and when the slow ones are cut.
#include <autohttps/tests/bench/servers/cases.h>
#include <autohttps/tests/bench/servers/load_client.h>
#include <autohttps/tests/bench/servers/probes.h>
#include <autohttps/tests/bench/servers/process_tree.h>
#include <autohttps/tests/bench/servers/slow_clients.h>

#include <cstdio>
#include <deque>
#include <thread>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Sizes {
  std::size_t clients = 200;
  milliseconds settle{2000};
  long probes = 60;
  milliseconds watched{70'000};  // nginx's own deadlines are 60 s
  milliseconds patience{1000};   // of the others
};
constexpr double kCutShare = 0.9;
constexpr milliseconds kLook{250};

// One server under one sort of slow clients.
struct Siege {
  Siege(Kind kind, const Surroundings& surroundings, Slowness slowness_in, std::size_t count)
      : contender(kind, surroundings),
        slowness(slowness_in),
        processes(contender.processes()),
        before(open_descriptors(processes)),
        begin(steady_clock::now()),
        clients(std::make_unique<SlowClients>(slowness, contender.port(), count)) {}

  void look(std::size_t count) {
    const std::size_t now = open_descriptors(processes);
    const std::size_t held = now > before ? now - before : 0;
    most_held = std::max(most_held, held);
    const auto few = static_cast<std::size_t>(static_cast<double>(count) * (1 - kCutShare));
    const bool gone = most_held >= count && held <= few;
    if (gone && cut_s < 0) {
      cut_s = std::chrono::duration<double>(steady_clock::now() - begin).count();
    }
  }

  Contender contender;
  const Slowness slowness;
  const std::vector<pid_t> processes;
  const std::size_t before;
  const Time begin;
  std::unique_ptr<SlowClients> clients;
  std::size_t most_held = 0;  // of their connections at a time, by the server's descriptors
  double cut_s = -1;
};

Table table_for(Slowness slowness, const Sizes& sizes) {
  char title[256];
  std::snprintf(
      title, sizeof title,
      "%zu slow clients, %s: of %ld others, one every 100 ms, those answered within %ld s; "
      "when 90 %% of the slow ones were cut",
      sizes.clients, slowness_name(slowness), sizes.probes,
      static_cast<long>(sizes.patience.count() / 1000));
  return {std::string("slow-") + std::to_string(static_cast<int>(slowness)),
          title,
          {{"answered", "answered", 0},
           {"p50_ms", "p50 ms", 1},
           {"p99_ms", "p99 ms", 1, true},
           {"cut_s", "cut after s", 1},
           {"failed", "failed", 0, false, Column::Over::sum}}};
}

class Sieges {
 public:
  explicit Sieges(const Sizes& sizes) : sizes_(sizes) {}

  void begin(const Surroundings& surroundings, Slowness slowness) {
    tables_.push_back(table_for(slowness, sizes_));
    std::vector<std::uint16_t> ports;
    const std::size_t first = all_.size();
    for (const Kind kind : surroundings.kinds) {
      all_.emplace_back(kind, surroundings, slowness, sizes_.clients);
      ports.push_back(all_.back().contender.port());
    }
    Probes probes(ports, sizes_.patience);
    const auto settled = steady_clock::now() + sizes_.settle;
    while (steady_clock::now() < settled) step(milliseconds(1));
    probes.ask(sizes_.probes);
    while (probes.step(milliseconds(1))) step(milliseconds(0));
    for (std::size_t i = 0; i < ports.size(); ++i) report(all_[first + i], probes.seen(i));
  }

  // Until each sort was watched for its time.
  std::vector<Table> watch_to_the_end() {
    while (steady_clock::now() < all_.back().begin + sizes_.watched) step(milliseconds(5));
    for (const Siege& siege : all_) {
      const Kind kind = siege.contender.kind();
      Table& table = tables_[static_cast<std::size_t>(siege.slowness)];
      if (siege.most_held < sizes_.clients) {
        table.note(kind, "held " + std::to_string(siege.most_held) + " of the slow ones at a time");
      } else if (siege.cut_s >= 0) {
        table.add(kind, "cut_s", siege.cut_s);
      } else {
        table.note(kind, "not cut within " + std::to_string(sizes_.watched.count() / 1000) + " s");
      }
    }
    return std::move(tables_);
  }

 private:
  void step(milliseconds wait) {
    for (Siege& siege : all_) siege.clients->step();
    const auto now = steady_clock::now();
    if (now >= next_look_) {
      next_look_ = now + kLook;
      for (Siege& siege : all_) {
        if (now < siege.begin + sizes_.watched) siege.look(sizes_.clients);
      }
    }
    if (wait.count() > 0) std::this_thread::sleep_for(wait);
  }
  void report(const Siege& siege, Probes::Seen& seen) {
    const Kind kind = siege.contender.kind();
    Table& table = tables_.back();
    table.add(kind, "answered", static_cast<double>(seen.answered_ms.size()));
    table.add(kind, "failed", static_cast<double>(seen.lost()));
    if (seen.answered_ms.empty()) return;
    table.add(kind, "p50_ms", percentile(seen.answered_ms, 0.5));
    table.add(kind, "p99_ms", percentile(seen.answered_ms, 0.99));
  }

  const Sizes sizes_;
  std::vector<Table> tables_;  // by Slowness
  std::deque<Siege> all_;
  Time next_look_{};
};

}  // namespace

std::vector<Table> measure_slow(const Surroundings& surroundings, const Effort& effort) {
  Sizes sizes;
  if (effort.quick) sizes = {20, milliseconds(500), 10, milliseconds(1500), {}};
  sizes.patience = effort.patience();
  Sieges sieges(sizes);
  for (const Slowness slowness : kAllSlowness) sieges.begin(surroundings, slowness);
  return sieges.watch_to_the_end();
}

}  // namespace autohttps::bench
