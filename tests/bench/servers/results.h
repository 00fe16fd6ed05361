// The bench's tables: figures by server and round, printed as medians with ratios to nginx.
#pragma once

#include <autohttps/tests/bench/servers/contender.h>

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>
#include <vector>

namespace autohttps::bench {

struct Column {
  enum class Over { median, sum, most };  // the rounds
  std::string key;
  std::string heading;
  int decimals = 1;
  bool with_ratio = false;  // to nginx's of the same round, median over the rounds
  Over over = Over::median;
};

class Table {
 public:
  Table(std::string key, std::string title, std::vector<Column>);

  void add(Kind, const std::string& column, double value);  // of the next round
  void note(Kind, const std::string&);                      // once each, behind the row
  bool empty() const noexcept { return rows_.empty(); }

  void print() const;
  nlohmann::json json() const;
  double total(Kind, const std::string& column) const;

 private:
  struct Row {
    std::map<std::string, std::vector<double>> values;
    std::vector<std::string> notes;
  };
  std::string cell(const Row&, const Column&) const;
  std::string ratio(const Row&, const Column&) const;

  std::string key_, title_;
  std::vector<Column> columns_;
  std::map<Kind, Row> rows_;
};

}  // namespace autohttps::bench
