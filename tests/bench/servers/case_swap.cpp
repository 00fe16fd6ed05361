// Certificate swaps under continuous new connections, each server's own way: ours in the process,
// nginx by rename and HUP, Caddy by POST /load.
#include <autohttps/tests/bench/servers/cases.h>
#include <autohttps/tests/bench/servers/load_client.h>

#include <algorithm>
#include <optional>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kSwaps = 100;
constexpr int kQuickSwaps = 5;
constexpr milliseconds kBetween{50};  // what a server does after a swap is done by then
constexpr milliseconds kPatience{5000};
constexpr std::size_t kConnections = 8;

class Swaps {
 public:
  Swaps(Contender& contender, int count) : contender_(contender), left_(count) {}

  // Called again and again; false: all done.
  bool tick() {
    const auto now = steady_clock::now();
    if (waiting_) {
      if (now - begun_ > kPatience) {
        ++missed_;
        done();
      }
      return true;
    }
    if (now < next_) return true;
    if (left_-- == 0) return false;
    begun_ = now;
    waiting_ = true;
    contender_.swap();
    return true;
  }
  void on_handshake(const TlsClient& client) {
    if (!waiting_ || client.leaf_serial() != contender_.serial(contender_.current())) return;
    delays_ms_.push_back(static_cast<float>(Milliseconds(steady_clock::now() - begun_).count()));
    done();
  }
  std::vector<float>& delays_ms() { return delays_ms_; }
  int missed() const { return missed_; }

 private:
  void done() {
    waiting_ = false;
    next_ = steady_clock::now() + kBetween;
  }

  Contender& contender_;
  int left_;
  int missed_ = 0;
  bool waiting_ = false;
  Time begun_{};
  Time next_{};
  std::vector<float> delays_ms_;
};

void measure_one(Table& table, Kind kind, const Surroundings& surroundings, int count) {
  ContenderOptions options;
  options.swaps = true;
  Contender contender(kind, surroundings, options);
  Swaps swaps(contender, count);
  LoadPlan plan;
  plan.port = contender.port();
  plan.connections = kConnections;
  plan.measured = (kPatience + kBetween) * count;  // tick() ends it before
  plan.on_handshake = [&swaps](const TlsClient& client) { swaps.on_handshake(client); };
  plan.tick = [&swaps] { return swaps.tick(); };
  LoadResult load = load_new_connections(plan, false);
  table.add(kind, "seen", static_cast<double>(swaps.delays_ms().size()));
  table.add(kind, "p50_ms", percentile(swaps.delays_ms(), 0.5));
  table.add(kind, "most_ms", percentile(swaps.delays_ms(), 1));
  table.add(kind, "connections", static_cast<double>(load.operations));
  table.add(kind, "load_p99_ms", load.latency(0.99));
  table.add(kind, "failed", static_cast<double>(load.failures + swaps.missed()));
  if (load.failures > 0) table.note(kind, "first failure: " + load.first_failure);
}

}  // namespace

std::vector<Table> measure_swaps(const Surroundings& surroundings, const Effort& effort) {
  const int count = effort.quick ? kQuickSwaps : kSwaps;
  Table table("swaps",
              std::to_string(count) +
                  " certificate swaps under new connections, 8 at a time: from the command to the "
                  "first handshake with the new one",
              {{"seen", "seen", 0},
               {"p50_ms", "p50 ms", 1, true},
               {"most_ms", "most ms", 1},
               {"connections", "connections", 0},
               {"load_p99_ms", "their p99 ms", 1},
               {"failed", "failed", 0}});
  for (const Kind kind : surroundings.kinds) {
    if (kind == Kind::stock || kind == Kind::stock_nodelay) {
      table.note(kind, "cannot: it has one certificate from its start to its end");
    } else {
      measure_one(table, kind, surroundings, count);
    }
  }
  return {table};
}

}  // namespace autohttps::bench
