#include <autohttps/acme/store/hooks.h>

#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <array>
#include <limits>

namespace autohttps::acme {
namespace {

using State = HookRecord::State;

constexpr std::string_view kFile = "hooks.json";
constexpr std::size_t kMostHooks = 100;  // no person writes more for one certificate
constexpr std::int64_t kMostTries = 1'000'000;
constexpr std::array<std::string_view, 3> kKinds = {"pre", "deploy", "failed"};
constexpr std::array<std::string_view, 3> kStates = {"pending", "done", "failed"};

Error bad_command(std::string_view command, const std::string& why, const std::string& hint) {
  return Error(ErrorCode::config, "the hook \"" + printable(command, 200) + "\" " + why, hint);
}

void check_program(std::string_view command, const std::string& program) {
  if (program.starts_with('/')) return;
  if (!program.empty() && program.front() != '.' && program.find('/') == std::string::npos) return;
  throw bad_command(command, "begins with neither an absolute path nor the name of a ready hook",
                    "give the program's whole path, as in /usr/local/bin/" +
                        printable(program.substr(program.rfind('/') + 1), 100));
}

template <std::size_t size>
std::size_t index_of(const std::array<std::string_view, size>& names, const std::string& name,
                     const char* member) {
  const auto* found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  throw Error(ErrorCode::protocol,
              "hooks.json: \"" + std::string(member) + "\" is \"" + printable(name, 40) + "\"");
}

Json record_json(const HookRecord& record) {
  Json object = {{"kind", hook_kind_name(record.kind)},
                 {"command", record.command},
                 {"state", hook_state_name(record.state)},
                 {"exit", record.exit_code},
                 {"why", record.why},
                 {"output", record.output},
                 {"tries", record.tries}};
  if (record.owner) object["owner"] = *record.owner;
  if (record.at) object["at"] = format_rfc3339(*record.at);
  if (record.next_try) object["next_try"] = format_rfc3339(*record.next_try);
  return object;
}

HookRecord parse_record(const Json& object) {
  if (!object.is_object()) throw Error(ErrorCode::protocol, "hooks.json: a hook is no object");
  HookRecord record;
  record.kind =
      static_cast<HookKind>(index_of(kKinds, string_member(object, "kind", kFile), "kind"));
  record.state =
      static_cast<State>(index_of(kStates, string_member(object, "state", kFile), "state"));
  record.command = string_member(object, "command", kFile);
  const std::int64_t owner = integer_or(object, "owner", -1, kFile);
  if (owner > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorCode::protocol, "hooks.json: \"owner\" is no user");
  }
  if (owner >= 0) record.owner = static_cast<std::uint32_t>(owner);
  record.at = optional_time(object, "at", kFile);
  record.next_try = optional_time(object, "next_try", kFile);
  record.exit_code = static_cast<int>(integer_or(object, "exit", 0, kFile));
  record.why = optional_string(object, "why", kFile).value_or("");
  record.output = optional_string(object, "output", kFile).value_or("");
  record.tries = static_cast<int>(
      std::clamp<std::int64_t>(integer_or(object, "tries", 0, kFile), 0, kMostTries));
  return record;
}

}  // namespace

std::string_view hook_kind_name(HookKind kind) noexcept {
  return kKinds.at(static_cast<std::size_t>(kind));
}

std::string_view hook_state_name(State state) noexcept {
  return kStates.at(static_cast<std::size_t>(state));
}

const std::vector<std::string>& Hooks::of(HookKind kind) const noexcept {
  switch (kind) {
    case HookKind::pre:
      return pre;
    case HookKind::deploy:
      return deploy;
    case HookKind::failed:
      break;
  }
  return failed;
}

Hooks HookWish::over(Hooks before) const {
  if (pre) before.pre = *pre;
  if (deploy) before.deploy = *deploy;
  if (failed) before.failed = *failed;
  return before;
}

std::vector<std::string> split_command(std::string_view command) {
  std::vector<std::string> words;
  bool in_word = false;
  bool quoted = false;
  for (const char c : command) {
    if (c == '"') {
      quoted = !quoted;
      if (!in_word) words.emplace_back();
      in_word = true;  // "" is a word, an empty one
    } else if ((c == ' ' || c == '\t') && !quoted) {
      in_word = false;
    } else {
      if (!in_word) words.emplace_back();
      in_word = true;
      words.back() += c;
    }
  }
  if (quoted) throw bad_command(command, "has a quote that is not closed", "close it with \"");
  if (words.empty()) throw bad_command(command, "is empty", "name a program");
  for (const std::string& word : words) {
    if (word.find('\0') != std::string::npos) throw bad_command(command, "contains a NUL", "");
  }
  check_program(command, words.front());
  return words;
}

HookRecord* HookRecords::find(HookKind kind, std::string_view command,
                              std::optional<std::uint32_t> owner) noexcept {
  const auto found = std::find_if(hooks.begin(), hooks.end(), [&](const HookRecord& record) {
    return record.is(kind, command, owner);
  });
  return found == hooks.end() ? nullptr : &*found;
}

std::string to_json_text(const HookRecords& records) {
  Json object = {{"hooks", Json::array()}};
  if (records.failure) object["failure"] = format_rfc3339(*records.failure);
  for (const HookRecord& record : records.hooks) object["hooks"].push_back(record_json(record));
  return to_text(object);
}

HookRecords parse_hook_records(std::string_view json) {
  const Json object = parse_json(json, kFile);
  HookRecords records;
  records.failure = optional_time(object, "failure", kFile);
  const auto list = object.find("hooks");
  if (list == object.end() || !list->is_array() || list->size() > kMostHooks) {
    throw Error(ErrorCode::protocol, "hooks.json: \"hooks\" is not a list of at most 100");
  }
  for (const Json& element : *list) records.hooks.push_back(parse_record(element));
  return records;
}

}  // namespace autohttps::acme
