#include <autohttps/common/strings.h>
#include <autohttps/server/auto_https/exposition.h>

#include <array>
#include <charconv>
#include <cstddef>

namespace autohttps {
namespace {

constexpr std::size_t kLongestLabel = 500;

// A label's value is UTF-8, with backslash, quotation mark and line feed escaped; what else steers
// a reader's terminal is shown.
void append_label(std::string& text, std::string_view value) {
  for (const char c : printable(value, kLongestLabel)) {
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
}

}  // namespace

void Exposition::family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
  text_.append(type == Type::counter ? " counter\n" : " gauge\n");
}

void Exposition::begin(Labels labels) {
  text_ += name_;
  if (labels.size() == 0) {
    text_ += ' ';
    return;
  }
  char before = '{';
  for (const auto& [name, value] : labels) {
    (text_ += before).append(name).append("=\"");
    append_label(text_, value);
    text_ += '"';
    before = ',';
  }
  text_ += "} ";
}

void Exposition::sample(Labels labels, std::uint64_t value) {
  begin(labels);
  text_.append(std::to_string(value)) += '\n';
}

void Exposition::sample(Labels labels, double value) {
  begin(labels);
  std::array<char, 64> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text_.append(digits.data(), end) += '\n';
}

}  // namespace autohttps
