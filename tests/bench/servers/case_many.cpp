// A store of 10,000 certificates: start, memory, and the CPU time of handshakes for one name, for
// names asked for before, and for names never asked for.
#include <autohttps/tests/bench/servers/cases.h>
#include <autohttps/tests/bench/servers/load_client.h>
#include <autohttps/tests/bench/servers/many_certificates.h>
#include <autohttps/tests/bench/servers/process_tree.h>

#include <autohttps/tests/bench/measure.h>

#include <deque>
#include <random>
#include <thread>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kCertificates = 10'000;
constexpr int kQuickCertificates = 100;
constexpr int kAskedBefore = 500;
constexpr int kQuickAskedBefore = 50;
constexpr std::size_t kConnections = 16;
constexpr milliseconds kMostForQuiet{300'000};  // ours reads them all, at leisure
constexpr milliseconds kQuietLook{500};
constexpr double kQuietShare = 0.02;  // of a CPU

// What a server does of its own accord after its start is not the handshakes'.
void wait_until_quiet(const Contender& contender) {
  const auto give_up = steady_clock::now() + kMostForQuiet;
  for (double before = contender.cpu(); steady_clock::now() < give_up;) {
    std::this_thread::sleep_for(kQuietLook);
    const double now = contender.cpu();
    if (now - before < kQuietShare * std::chrono::duration<double>(kQuietLook).count()) return;
    before = now;
  }
}

class ManyNames {
 public:
  ManyNames(Table& table, const Effort& effort, int count)
      : table_(table),
        effort_(effort),
        count_(count),
        asked_before_(effort.quick ? kQuickAskedBefore : kAskedBefore) {}

  // `last`: names from the first one to this are asked for, at random.
  LoadResult load(const Contender& contender, int first, int last, const char* column) {
    std::uniform_int_distribution<int> number(first, last);
    LoadPlan plan;
    plan.port = contender.port();
    plan.connections = kConnections;
    plan.server_cpu = [&contender] { return contender.cpu(); };
    plan.warm_up = milliseconds(effort_.quick ? 50 : 200);
    plan.measured = milliseconds(effort_.quick ? 200 : 1000);
    plan.next_name = [this, number]() mutable { return many_name(number(random_)); };
    LoadResult result = load_new_connections(plan, false);
    table_.add(contender.kind(), "failed", static_cast<double>(result.failures));
    if (result.failures > 0) table_.note(contender.kind(), "first: " + result.first_failure);
    if (result.operations > 0) table_.add(contender.kind(), column, result.cpu_us());
    return result;
  }
  void round(const Contender& contender) {
    const Kind kind = contender.kind();
    const LoadResult one = load(contender, 1, 1, "one_us");
    LoadResult again = load(contender, 1, asked_before_, "again_us");
    load(contender, asked_before_ + 1, count_, "new_us");
    table_.add(kind, "again_ratio", again.cpu_us() / one.cpu_us());
    table_.add(kind, "p99_ms", again.latency(0.99));
  }

 private:
  Table& table_;
  const Effort effort_;
  const int count_;
  const int asked_before_;
  std::mt19937 random_{1};
};

double mib(const Contender& contender) { return rss_kib(contender.processes()) / 1024; }

}  // namespace

std::vector<Table> measure_many(const Surroundings& surroundings, const Effort& effort) {
  const int count = effort.quick ? kQuickCertificates : kCertificates;
  Table table("many",
              std::to_string(count) +
                  " certificates: start to first answer, RSS then and at the end; CPU us of a full "
                  "handshake + GET, 16 at a time, for one name, for names in use, for all others",
              {{"first_ms", "first ms", 0, true},
               {"first_mib", "MiB then", 0},
               {"last_mib", "MiB at end", 0},
               {"one_us", "one name", 0, true},
               {"again_us", "in use", 0, true},
               {"again_ratio", "in use/one", 2},
               {"new_us", "others", 0, true},
               {"p99_ms", "p99 ms", 1},
               {"failed", "failed", 0, false, Column::Over::sum}});
  if (surroundings.make_store.empty()) {
    table.note(Kind::ours, "not measured: make_store is not built beside this program");
    return {table};
  }
  ContenderOptions options;
  options.store = surroundings.folder / "many-store";
  options.certificates = count;
  run({surroundings.make_store, options.store, std::to_string(count)},
      surroundings.folder / "make_store.log");
  std::deque<Contender> contenders;
  for (const Kind kind : surroundings.kinds) {
    if (kind == Kind::stock || kind == Kind::stock_nodelay) {
      table.note(kind, "cannot: it has one certificate");
      continue;
    }
    const Contender& contender = contenders.emplace_back(kind, surroundings, options);
    table.add(kind, "first_ms", contender.first_answer_ms());
    table.add(kind, "first_mib", mib(contender));
    wait_until_quiet(contender);
    contender.freeze();
  }
  ManyNames names(table, effort, count);
  for (int round = 0; round < effort.rounds; ++round) {
    for (const Contender& contender : contenders) {
      contender.thaw();
      names.round(contender);
      contender.freeze();
    }
  }
  for (const Contender& contender : contenders) {
    table.add(contender.kind(), "last_mib", mib(contender));
  }
  return {table};
}

}  // namespace autohttps::bench
