#include <autohttps/server/sites/conditions.h>

#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <optional>

namespace autohttps {
namespace {

enum class Comparison { strong, weak };  // 8.8.3.2

// What a field says over all its lines.
struct Field {
  std::size_t count = 0;
  std::string_view first;
};

Field field_of(const HeadView& head, std::string_view name) noexcept {
  Field found;
  for (const FieldView& field : head.fields) {
    if (equals_ignoring_case(field.name, name) && ++found.count == 1) found.first = field.value;
  }
  return found;
}

void skip_separators(std::string_view& list) noexcept {
  list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
}

// A list of entity tags, which may have commas in them; read up to where it is none.
bool lists_tag(std::string_view list, std::string_view tag, Comparison comparison) noexcept {
  skip_separators(list);
  while (!list.empty()) {
    const bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    const std::size_t end = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return false;
    if (list.substr(0, end + 1) == tag && !(weak && comparison == Comparison::strong)) return true;
    list.remove_prefix(end + 1);
    if (!list.empty() && list.find_first_not_of(" \t,") == 0) return false;
    skip_separators(list);
  }
  return false;
}

bool matches(const HeadView& head, std::string_view name, std::string_view tag,
             Comparison comparison) noexcept {
  return std::any_of(head.fields.begin(), head.fields.end(), [&](const FieldView& field) {
    return equals_ignoring_case(field.name, name) &&
           (field.value == "*" || lists_tag(field.value, tag, comparison));
  });
}

// Seconds since 1970; empty: no condition.
std::optional<std::int64_t> date_of(const Field& field) noexcept {
  if (field.count != 1) return std::nullopt;
  const auto date = parse_http_date(field.first);
  if (!date) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(*date).time_since_epoch().count();
}

}  // namespace

Condition evaluate_conditions(const HeadView& head, const Validators& current) noexcept {
  if (field_of(head, "If-Match").count > 0) {
    if (!matches(head, "If-Match", current.tag, Comparison::strong)) return Condition::failed;
  } else if (const auto since = date_of(field_of(head, "If-Unmodified-Since"))) {
    if (current.modified && *current.modified > *since) return Condition::failed;
  }
  if (field_of(head, "If-None-Match").count > 0) {
    const bool same = matches(head, "If-None-Match", current.tag, Comparison::weak);
    return same ? Condition::not_modified : Condition::go_on;
  }
  const auto since = date_of(field_of(head, "If-Modified-Since"));
  const bool same = since && current.modified && *current.modified <= *since;
  return same ? Condition::not_modified : Condition::go_on;
}

bool lets_range_be(const HeadView& head, const Validators& current) noexcept {
  const Field condition = field_of(head, "If-Range");
  if (condition.count == 0) return true;
  if (condition.count > 1) return false;
  if (condition.first.starts_with('"')) return condition.first == current.tag;
  return current.modified && date_of(condition) == current.modified;
}

}  // namespace autohttps
