#include <autohttps/tests/bench/servers/alternating.h>

#include <deque>
#include <string>
#include <thread>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTail{50};  // what a server still has to do with a load that has ended

void add(Table& table, Kind kind, LoadResult result) {
  table.add(kind, "failed", static_cast<double>(result.failures));
  if (result.failures > 0) table.note(kind, "first failure: " + result.first_failure);
  if (result.operations == 0) {
    table.note(kind, "cannot: nothing was answered");
    return;
  }
  table.add(kind, "cpu_us", result.cpu_us());
  table.add(kind, "per_second", result.per_second());
  table.add(kind, "p50_ms", result.latency(0.5));
  table.add(kind, "p99_ms", result.latency(0.99));
}

}  // namespace

// None always comes after the same one.
void take_turns(const Surroundings& surroundings, const Effort& effort,
                const std::vector<Kind>& kinds, const ContenderOptions& options,
                const std::function<void(Turn)>& measure) {
  std::deque<Contender> contenders;
  for (const Kind kind : kinds) {
    contenders.emplace_back(kind, surroundings, options);
    contenders.back().freeze();
  }
  for (int round = 0; round < effort.rounds; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const Contender& contender =
          contenders[(i + static_cast<std::size_t>(round)) % contenders.size()];
      Turn turn{contender, {}};
      turn.plan.port = contender.port();
      turn.plan.server_cpu = [&contender] { return contender.cpu(); };
      if (effort.quick) {
        turn.plan.warm_up = milliseconds(100);
        turn.plan.measured = milliseconds(300);
      }
      contender.thaw();
      measure(std::move(turn));
      std::this_thread::sleep_for(kTail);
      contender.freeze();
    }
  }
}

std::vector<Column> load_columns(const char* operation) {
  return {{"cpu_us", std::string("CPU us/") + operation, 1, true},
          {"per_second", "per second", 0, true},
          {"p50_ms", "p50 ms", 2},
          {"p99_ms", "p99 ms", 2, true},
          {"failed", "failed", 0, false, Column::Over::sum}};
}

void alternate(Table& table, const Surroundings& surroundings, const Effort& effort,
               const std::vector<Kind>& kinds, const ContenderOptions& options,
               const std::function<LoadResult(Turn)>& measure) {
  take_turns(surroundings, effort, kinds, options, [&](Turn turn) {
    const Kind kind = turn.contender.kind();
    add(table, kind, measure(std::move(turn)));
  });
}

}  // namespace autohttps::bench
