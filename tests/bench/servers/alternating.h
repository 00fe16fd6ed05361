// Servers under a load in turn, the others asleep, in rounds that begin with another one each.
#pragma once

#include <autohttps/tests/bench/servers/cases.h>
#include <autohttps/tests/bench/servers/load_client.h>

#include <functional>
#include <vector>

namespace autohttps::bench {

struct Turn {
  const Contender& contender;
  LoadPlan plan;  // with the server's port, its CPU time and the effort's times
};

void take_turns(const Surroundings&, const Effort&, const std::vector<Kind>&,
                const ContenderOptions&, const std::function<void(Turn)>& measure);

// The same, into a table with these columns.
std::vector<Column> load_columns(const char* operation);
void alternate(Table&, const Surroundings&, const Effort&, const std::vector<Kind>&,
               const ContenderOptions&, const std::function<LoadResult(Turn)>& measure);

}  // namespace autohttps::bench
