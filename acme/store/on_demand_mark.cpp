#include <autohttps/acme/store/on_demand_mark.h>

#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/timestamps.h>

#include <string>

namespace autohttps::acme {
namespace {

std::string key_of(std::string_view certificate) {
  return "certificates/" + std::string(certificate) + "/on-demand.json";
}

}  // namespace

void mark_on_demand(Store& store, std::string_view certificate, WallTime now) {
  const Json mark = {{"since", format_rfc3339(now)}};
  store.put(key_of(certificate), to_text(mark), Store::Survives::power_cut);
}

std::optional<WallTime> on_demand_since(const Store& store, std::string_view certificate) {
  const std::optional<std::string> text = store.get(key_of(certificate));
  if (!text) return std::nullopt;
  try {
    const Json mark = parse_json(*text, "on-demand.json");
    return optional_time(mark, "since", "on-demand.json").value_or(WallTime());
  } catch (const Error&) {
    return WallTime();
  }
}

}  // namespace autohttps::acme
