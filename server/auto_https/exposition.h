// Text for Prometheus: exposition format 0.0.4.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace autohttps {

// One thread. The samples of a family follow it.
class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  enum class Type : std::uint8_t { counter, gauge };
  // `name` as the samples have it: a counter's ends in "_total".
  void family(std::string_view name, Type, std::string_view help);
  void sample(Labels, std::uint64_t value);
  void sample(Labels, double value);

  std::string take() && { return std::move(text_); }
  static constexpr std::string_view kMediaType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  void begin(Labels);

  std::string name_;
  std::string text_;
};

}  // namespace autohttps
