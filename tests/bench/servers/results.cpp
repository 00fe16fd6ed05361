#include <autohttps/tests/bench/servers/results.h>

#include <autohttps/tests/bench/measure.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace autohttps::bench {
namespace {

constexpr int kNameWidth = 16;
constexpr int kGap = 2;

std::string text_of(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

double over_rounds(const std::vector<double>& values, Column::Over over) {
  switch (over) {
    case Column::Over::sum:
      return std::accumulate(values.begin(), values.end(), 0.0);
    case Column::Over::most:
      return *std::max_element(values.begin(), values.end());
    case Column::Over::median:
      break;
  }
  return median(values);
}

void print_cell(const std::string& text, const std::string& heading) {
  const int width = static_cast<int>(std::max(text.size(), heading.size()));
  std::printf("%*s", width + kGap, text.c_str());
}

}  // namespace

Table::Table(std::string key, std::string title, std::vector<Column> columns)
    : key_(std::move(key)), title_(std::move(title)), columns_(std::move(columns)) {}

void Table::add(Kind kind, const std::string& column, double value) {
  rows_[kind].values[column].push_back(value);
}

void Table::note(Kind kind, const std::string& text) {
  auto& notes = rows_[kind].notes;
  if (std::find(notes.begin(), notes.end(), text) == notes.end()) notes.push_back(text);
}

double Table::total(Kind kind, const std::string& column) const {
  const auto row = rows_.find(kind);
  if (row == rows_.end()) return 0;
  const auto values = row->second.values.find(column);
  return values == row->second.values.end()
             ? 0
             : std::accumulate(values->second.begin(), values->second.end(), 0.0);
}

std::string Table::cell(const Row& row, const Column& column) const {
  const auto values = row.values.find(column.key);
  if (values == row.values.end()) return "-";
  return text_of(over_rounds(values->second, column.over), column.decimals);
}

std::string Table::ratio(const Row& row, const Column& column) const {
  const auto nginx = rows_.find(Kind::nginx);
  if (nginx == rows_.end()) return "-";
  const auto ours = row.values.find(column.key);
  const auto theirs = nginx->second.values.find(column.key);
  if (ours == row.values.end() || theirs == nginx->second.values.end()) return "-";
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(ours->second.size(), theirs->second.size()); ++i) {
    ratios.push_back(ours->second[i] / theirs->second[i]);
  }
  return text_of(median(ratios), 2);
}

void Table::print() const {
  std::printf("\n%s\n%-*s", title_.c_str(), kNameWidth, "");
  // As wide as the widest of each column, so that all rows stand below their headings.
  std::vector<std::string> heads;
  for (const Column& column : columns_) {
    std::size_t width = column.heading.size();
    for (const auto& [kind, row] : rows_) width = std::max(width, cell(row, column).size());
    heads.emplace_back(width, ' ');
    std::printf("%*s", static_cast<int>(width) + kGap, column.heading.c_str());
    if (column.with_ratio) std::printf("%*s", kGap + 5, "ratio");
  }
  std::printf("\n");
  for (const auto& [kind, row] : rows_) {
    std::printf("%-*s", kNameWidth, kind_name(kind));
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      print_cell(cell(row, columns_[i]), heads[i]);
      if (columns_[i].with_ratio) print_cell(ratio(row, columns_[i]), "ratio");
    }
    for (const std::string& note : row.notes) std::printf("  %s.", note.c_str());
    std::printf("\n");
  }
  std::fflush(stdout);
}

nlohmann::json Table::json() const {
  nlohmann::json servers = nlohmann::json::object();
  for (const auto& [kind, row] : rows_) {
    nlohmann::json one = {{"rounds", row.values}, {"notes", row.notes}};
    for (const Column& column : columns_) {
      const auto values = row.values.find(column.key);
      if (values == row.values.end()) continue;
      one["result"][column.key] = over_rounds(values->second, column.over);
      if (column.with_ratio) one["ratio"][column.key] = ratio(row, column);
    }
    servers[kind_name(kind)] = one;
  }
  return {{"table", key_}, {"title", title_}, {"servers", servers}};
}

}  // namespace autohttps::bench
