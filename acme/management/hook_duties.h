// Which hooks a certificate has, which of them are still to be run, and what became of them. The
// state is on disk per generation: what failed, or what this process may not run, is run by a later
// run or by the next process that may, without issuing again.
#pragma once

#include <autohttps/acme/management/hook_runner.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/event.h>

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Hooks of a configuration file. They belong to the file's owner and run as that user.
struct ConfiguredHooks {
  std::string certificate;        // its id; empty: the one with exactly these names
  std::vector<Identifier> names;  // empty as well: those that no other entry is about
  Hooks hooks;
  std::uint32_t owner = 0;
};

// A command that a certificate has.
struct HookCommand {
  std::string command;
  std::optional<std::uint32_t> owner;  // empty: the store's
};

// What a look at the hooks brought.
struct HookOutcome {
  int done = 0;                      // ran well now
  int pending = 0;                   // wait for a process that may run them
  int failed = 0;                    // failed, now or earlier, and not done since
  std::optional<Error> error;        // what failed now
  std::optional<WallTime> next_try;  // of those that failed
};

// What a hook of this certificate is to be told; `current` may be null.
struct HookSubject {
  const CertificateSpec& spec;
  const CertificateState& state;
  const Generation* current = nullptr;
  std::string_view cause{};  // empty: the generation's own
};
HookCall describe_for_hooks(const HookSubject&);

// Thread-safe. `runner` null: commands are left pending.
class HookDuties {
 public:
  HookDuties(CertificateStore&, HookRunner*, Clock&, EventSink);

  void configure(std::vector<ConfiguredHooks>);  // in place of those before
  std::vector<HookCommand> commands(const CertificateSpec&, HookKind) const;

  // Why no attempt may be made here: it has a pre hook that this process may not run. Empty: it
  // may.
  std::string obstacle(const CertificateSpec&) const;
  // Runs the pre hooks. Throws Error(hook) with the command, how it ended and its last line.
  void before_attempt(const HookSubject&, std::stop_token) const;

  // Runs one command now, telling it that it is a test. Nothing is written down.
  HookReply test(const HookSubject&, HookKind, const HookCommand&, std::stop_token) const;

  // Is there a deploy or failed hook that perform() would run, or write down as pending? `person`:
  // somebody waits for it, no back-off holds. Throws what the store throws.
  bool is_due(const HookSubject&, bool person) const;
  // Runs what is due. The caller holds the certificate's lock. Throws what the store throws.
  HookOutcome perform(const HookSubject&, bool person, std::stop_token) const;

 private:
  struct Work;
  std::vector<Work> works(const HookSubject&) const;
  bool is_due(const HookRecord*, const HookCommand&, bool person) const;
  void run(HookRecord&, const HookCall&, HookOutcome&, std::stop_token) const;
  std::string obstacle(const HookCommand&) const;
  void tell(Event::Level, const HookCall&, const std::string& text, const std::string& hint) const;

  CertificateStore& certificates_;
  HookRunner* const runner_;
  Clock& clock_;
  const EventSink events_;

  mutable std::mutex mutex_;
  std::vector<ConfiguredHooks> configured_;  // guarded by mutex_
};

}  // namespace autohttps::acme
