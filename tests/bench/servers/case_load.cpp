// Server CPU time per operation, rates and latencies: every server in turn, the others asleep.
#include <autohttps/tests/bench/servers/alternating.h>

#include <cstdio>

namespace autohttps::bench {
namespace {

using std::chrono::milliseconds;

constexpr double kSlowShare = 0.005;

std::string two_decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

void note_handshakes(Table& table, Kind kind, const LoadResult& result, bool resume) {
  if (result.operations == 0 || result.handshakes == 0) return;
  if (resume) {
    const double share =
        100.0 * static_cast<double>(result.resumed) / static_cast<double>(result.handshakes);
    if (result.resumed != result.handshakes) {
      table.note(kind, "only " + two_decimals(share) + " % were resumed");
    }
  }
  const double tickets =
      static_cast<double>(result.tickets) / static_cast<double>(result.operations);
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", tickets);
  table.note(kind, std::string(text) + (tickets < 1.5 ? " ticket" : " tickets") + " each");
}

Table measure_connections(Table table, const Surroundings& surroundings, const Effort& effort,
                          bool resume, bool one_ticket) {
  std::vector<Kind> kinds;
  for (const Kind kind : surroundings.kinds) {
    const bool stock = kind == Kind::stock || kind == Kind::stock_nodelay;
    if (!one_ticket || !stock) kinds.push_back(kind);
  }
  ContenderOptions options;
  options.one_ticket = one_ticket;
  alternate(table, surroundings, effort, kinds, options, [&](const Turn& turn) {
    LoadResult result = load_new_connections(turn.plan, resume);
    note_handshakes(table, turn.contender.kind(), result, resume);
    return result;
  });
  return table;
}

}  // namespace

std::vector<Table> measure_full(const Surroundings& surroundings, const Effort& effort) {
  return {
      measure_connections({"full", "full handshake + GET of 1 KiB, Connection: close, 32 at a time",
                           load_columns("op")},
                          surroundings, effort, false, false)};
}

std::vector<Table> measure_full_one_ticket(const Surroundings& surroundings, const Effort& effort) {
  return {measure_connections(
      {"full-one-ticket", "full handshake + GET, one session ticket each", load_columns("op")},
      surroundings, effort, false, true)};
}

std::vector<Table> measure_resumed(const Surroundings& surroundings, const Effort& effort) {
  return {measure_connections(
      {"resumed", "resumed handshake + GET of 1 KiB, Connection: close, 32 at a time",
       load_columns("op")},
      surroundings, effort, true, false)};
}

std::vector<Table> measure_resumed_one_ticket(const Surroundings& surroundings,
                                              const Effort& effort) {
  return {
      measure_connections({"resumed-one-ticket", "resumed handshake + GET, one session ticket each",
                           load_columns("op")},
                          surroundings, effort, true, true)};
}

std::vector<Table> measure_keep_alive(const Surroundings& surroundings, const Effort& effort) {
  Table table("keep-alive", "keep-alive GETs of 1 KiB on 64 connections", load_columns("request"));
  alternate(table, surroundings, effort, surroundings.kinds, {}, [&](Turn turn) {
    turn.plan.connections = 64;
    LoadResult result = load_keep_alive(turn.plan);
    if (result.handshakes > 0) {
      table.note(turn.contender.kind(), "a new connection every " +
                                            std::to_string(result.operations / result.handshakes) +
                                            " requests");
    }
    return result;
  });
  return {table};
}

std::vector<Table> measure_open_loop(const Surroundings& surroundings, const Effort& effort) {
  Table table("open-loop",
              "20,000 requests a second (Poisson) on 96 keep-alive connections, 0.5 % of them to a "
              "handler that takes 20 ms; the others' latency",
              load_columns("request"));
  std::vector<Kind> kinds;
  for (const Kind kind : surroundings.kinds) {
    if (kind == Kind::caddy) {
      table.note(kind, "cannot: no handler that takes its time");
    } else {
      kinds.push_back(kind);
    }
  }
  alternate(table, surroundings, effort, kinds, {}, [&](Turn turn) {
    turn.plan.connections = 96;
    turn.plan.warm_up = effort.quick ? milliseconds(300) : milliseconds(600);
    return load_open_loop(turn.plan, {.slow_share = kSlowShare});
  });
  return {table};
}

}  // namespace autohttps::bench
