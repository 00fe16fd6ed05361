// What the server bench measures.
#pragma once

#include <autohttps/tests/bench/servers/results.h>

#include <functional>
#include <string>
#include <vector>

namespace autohttps::bench {

struct Effort {
  int rounds = 5;
  bool quick = false;

  // For those who visit a server that is busy with others. A quick run may share the machine, and
  // asks only whether there is an answer.
  std::chrono::milliseconds patience() const { return std::chrono::seconds(quick ? 10 : 1); }
};

struct Case {
  const char* name;
  const char* what;
  std::function<std::vector<Table>(const Surroundings&, const Effort&)> run;
};

const std::vector<Case>& cases();

// Closed and open loops, server CPU per operation (case_load.cpp).
std::vector<Table> measure_full(const Surroundings&, const Effort&);
std::vector<Table> measure_full_one_ticket(const Surroundings&, const Effort&);
std::vector<Table> measure_resumed(const Surroundings&, const Effort&);
std::vector<Table> measure_resumed_one_ticket(const Surroundings&, const Effort&);
std::vector<Table> measure_keep_alive(const Surroundings&, const Effort&);
std::vector<Table> measure_open_loop(const Surroundings&, const Effort&);
// Sites of the program: a small file, also one that changes all the time, a huge one, a proxy
// (case_sites.cpp).
std::vector<Table> measure_small_file(const Surroundings&, const Effort&);
std::vector<Table> measure_changing_file(const Surroundings&, const Effort&);
std::vector<Table> measure_huge_file(const Surroundings&, const Effort&);
std::vector<Table> measure_proxy(const Surroundings&, const Effort&);
// Memory of idle connections, and new ones meanwhile (case_idle.cpp).
std::vector<Table> measure_idle(const Surroundings&, const Effort&);
// What slow clients do to the others (case_slow.cpp).
std::vector<Table> measure_slow(const Surroundings&, const Effort&);
// Certificate swaps under continuous new connections (case_swap.cpp).
std::vector<Table> measure_swaps(const Surroundings&, const Effort&);
// 10,000 certificates (case_many.cpp).
std::vector<Table> measure_many(const Surroundings&, const Effort&);

}  // namespace autohttps::bench
