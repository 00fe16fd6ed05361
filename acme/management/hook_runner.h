// The seam between what is to be run around an attempt and the running of it: tests run no
// processes.
#pragma once

#include <autohttps/acme/store/certificate_state.h>
#include <autohttps/acme/store/hook_process.h>
#include <autohttps/acme/store/hooks.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace autohttps::acme {

// What a hook is told.
struct HookCall {
  HookKind kind = HookKind::deploy;
  std::string command;                 // see split_command()
  std::optional<std::uint32_t> owner;  // the user it runs as; empty: the store's owner
  std::string certificate;             // its id
  std::vector<Identifier> names;
  std::uint64_t generation = 0;  // the one in place; 0: none yet
  std::optional<WallTime> not_after;
  std::string cause;  // "first issue", "due", "forced", "rollback" ...
  bool staging = false;
  bool dry_run = false;
  std::optional<Failure> failure;  // failed hooks
  std::optional<WallTime> next_attempt;
};

// Thread-safe.
struct HookRunner {
  virtual ~HookRunner() = default;
  // Why this process may not run hooks of that owner ("it belongs to root"); empty: it may.
  virtual std::string obstacle(std::optional<std::uint32_t> owner) const = 0;
  // Waits for the command's end, bounded. Never throws for what concerns the command: it is in the
  // reply.
  virtual HookReply run(const HookCall&, std::stop_token) = 0;
};

}  // namespace autohttps::acme
