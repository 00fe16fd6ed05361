#include <autohttps/acme/store/ledger.h>

#include <autohttps/acme/store/account_store.h>
#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <array>
#include <utility>

namespace autohttps::acme {
namespace {

using Kind = LedgerEntry::Kind;
constexpr std::array<std::pair<Kind, std::string_view>, 6> kKinds = {{
    {Kind::new_account, "new_account"},
    {Kind::new_order, "new_order"},
    {Kind::certificate, "certificate"},
    {Kind::failed_validation, "failed_validation"},
    {Kind::unreadable, "unreadable"},
    {Kind::replacement, "replacement"},
}};

std::string to_line(const LedgerEntry& entry) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const auto& known) { return known.first == entry.kind; });
  const Json object = {{"kind", kind->second},
                       {"at", format_rfc3339(entry.at)},
                       {"names", entry.names},
                       {"key_type", entry.key_type}};
  return object.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// Empty: of a kind that a newer version writes.
std::optional<LedgerEntry> parse_line(std::string_view line, std::string_view what) {
  const Json object = parse_json(line, what);
  const std::string name = string_member(object, "kind", what);
  const std::optional<WallTime> at = optional_time(object, "at", what);
  if (!at) throw Error(ErrorCode::protocol, std::string(what) + ": an entry has no time");
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const auto& known) { return known.second == name; });
  if (kind == kKinds.end()) return std::nullopt;
  return LedgerEntry{kind->first, *at, optional_string(object, "names", what).value_or(""),
                     optional_string(object, "key_type", what).value_or("")};
}

// Whole lines; a crash in the middle of an append left the rest.
std::vector<std::string_view> whole_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos;
       text.remove_prefix(end + 1)) {
    lines.push_back(text.substr(0, end));
  }
  return lines;
}

}  // namespace

std::string exact_set(std::vector<Identifier> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string set;
  for (const Identifier& name : names) {
    if (!set.empty()) set += ',';
    set += name.value;
  }
  return set;
}

Ledger::Ledger(Store& store, std::string_view directory_url)
    : store_(store), key_("ledger/" + ca_folder(directory_url) + ".jsonl") {}

std::vector<LedgerEntry> Ledger::since(WallTime from) const {
  const std::optional<std::string> text = store_.get(key_);
  std::vector<LedgerEntry> entries;
  if (!text) return entries;
  try {
    for (const std::string_view line : whole_lines(*text)) {
      std::optional<LedgerEntry> entry = parse_line(line, key_);
      if (entry && entry->at >= from) entries.push_back(std::move(*entry));
    }
  } catch (const Error& error) {
    throw Error(ErrorCode::storage,
                "the ledger of requests in the store " + in_quotes(store_.describe()) +
                    " cannot be read: " + error.what(),
                "it is moved aside; requests to this CA begin again a day later");
  }
  return entries;
}

void Ledger::append(const LedgerEntry& entry) { store_.append(key_, to_line(entry)); }

void Ledger::prune(WallTime before) {
  const std::optional<std::string> text = store_.get(key_);
  if (!text) return;
  std::string kept;
  bool dropped = false;
  for (const std::string_view line : whole_lines(*text)) {
    const std::optional<LedgerEntry> entry = parse_line(line, key_);
    if (entry && entry->at < before) {
      dropped = true;
    } else {
      kept.append(line).append("\n");
    }
  }
  if (dropped) store_.put(key_, kept, Store::Survives::power_cut);
}

void Ledger::set_aside(WallTime now) {
  store_.quarantine(key_, "not a ledger that can be read");
  append({Kind::unreadable, now, {}, {}});
}

std::unique_ptr<StoreLock> Ledger::lock(SteadyTime give_up, std::stop_token stop) {
  return store_.lock(key_.substr(0, key_.rfind('.')), give_up, std::move(stop));
}

}  // namespace autohttps::acme
