// Commands of the user's around an attempt, and what became of them: hooks.json.
#pragma once

#include <autohttps/common/clock.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

enum class HookKind {
  pre,     // before an attempt that will ask the CA; when it fails, so does the attempt
  deploy,  // after each switch to a certificate, the first included
  failed,  // after a failed attempt
};

std::string_view hook_kind_name(HookKind) noexcept;  // "pre", "deploy", "failed": stable

// Command strings, in order: see split_command().
struct Hooks {
  std::vector<std::string> pre, deploy, failed;

  const std::vector<std::string>& of(HookKind) const noexcept;
  bool empty() const noexcept { return pre.empty() && deploy.empty() && failed.empty(); }
  bool operator==(const Hooks&) const = default;
};

// What is to change about a certificate's hooks: kinds that are empty stay as they are.
struct HookWish {
  std::optional<std::vector<std::string>> pre{}, deploy{}, failed{};

  Hooks over(Hooks before) const;
};

// A command's words: spaces part them, double quotes keep a word with spaces together. No shell, no
// expansion. Throws Error(config) when there is no word, a quote is not closed, or the first word
// is neither an absolute path nor the bare name of a ready hook.
std::vector<std::string> split_command(std::string_view command);

// One command and what became of it.
struct HookRecord {
  enum class State { pending, done, failed } state = State::pending;
  HookKind kind = HookKind::deploy;
  std::string command;
  std::optional<std::uint32_t> owner;  // the user it runs as; empty: the store's owner
  std::optional<WallTime> at;          // when it last ran
  int exit_code = 0;
  std::string why;     // failed: "exit 1", "took longer than 60 s"; pending: who may run it
  std::string output;  // the last of it, control bytes escaped
  int tries = 0;
  std::optional<WallTime> next_try;  // failed: not before

  bool is(HookKind kind_asked, std::string_view command_asked,
          std::optional<std::uint32_t> owner_asked) const noexcept {
    return kind == kind_asked && command == command_asked && owner == owner_asked;
  }
};

std::string_view hook_state_name(HookRecord::State) noexcept;  // stable

// Of a generation (its deploy hooks) or of a failure (its failed hooks).
struct HookRecords {
  std::optional<WallTime> failure;  // the failure they are about; empty: a generation's
  std::vector<HookRecord> hooks;

  HookRecord* find(HookKind, std::string_view command, std::optional<std::uint32_t> owner) noexcept;
};

std::string to_json_text(const HookRecords&);
HookRecords parse_hook_records(std::string_view json);  // throws Error(protocol)

}  // namespace autohttps::acme
