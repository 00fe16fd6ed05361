#include <autohttps/acme/management/hook_duties.h>

#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace autohttps::acme {
namespace {

using Level = Event::Level;
using State = HookRecord::State;

constexpr std::size_t kLastLine = 300;

std::string quoted(const HookCall& call) {
  return std::string(hook_kind_name(call.kind)) + " hook \"" + printable(call.command, 200) + "\"";
}

Error failure_of(const HookCall& call, const HookReply& reply, const std::string& output) {
  std::string text = call.certificate + ": " + quoted(call) + " failed: " + reply.why;
  if (!output.empty()) text += ": " + last_line(output);
  return Error(ErrorCode::hook, text,
               call.kind == HookKind::pre
                   ? "mend the command, or obtain without it: nothing was asked of the CA"
                   : "mend the command, then run it alone: autohttps hook test " +
                         call.certificate + "; it is also tried again by itself");
}

bool is_for_the_rest(const ConfiguredHooks& entry) {
  return entry.certificate.empty() && entry.names.empty();
}

bool is_about(const ConfiguredHooks& entry, const CertificateSpec& spec) {
  if (!entry.certificate.empty()) return entry.certificate == spec.id;
  return std::is_permutation(entry.names.begin(), entry.names.end(), spec.names.begin(),
                             spec.names.end());
}

bool is_staging(const CertificateSpec& spec, const Generation* current) {
  const std::string* ca = spec.cas.empty() ? nullptr : &spec.cas.front().directory_url;
  if (current != nullptr && !current->meta.ca.empty()) ca = &current->meta.ca;
  return ca != nullptr && *ca == kLetsEncryptStaging;
}

}  // namespace

HookCall describe_for_hooks(const HookSubject& subject) {
  HookCall call;
  call.certificate = subject.spec.id;
  call.names = subject.spec.names;
  call.staging = is_staging(subject.spec, subject.current);
  call.next_attempt = subject.state.next_attempt;
  if (subject.current != nullptr) {
    call.generation = subject.current->number;
    call.not_after = subject.current->key->not_after();
    call.cause = subject.current->meta.cause;
  }
  if (!subject.cause.empty()) call.cause = subject.cause;
  return call;
}

// The hooks of one file: a generation's or the last failure's.
struct HookDuties::Work {
  HookKind kind;
  std::optional<std::uint64_t> generation;
  std::vector<HookCommand> commands;
  HookRecords records;
};

HookDuties::HookDuties(CertificateStore& certificates, HookRunner* runner, Clock& clock,
                       EventSink events)
    : certificates_(certificates), runner_(runner), clock_(clock), events_(std::move(events)) {}

void HookDuties::configure(std::vector<ConfiguredHooks> configured) {
  const std::lock_guard lock(mutex_);
  configured_ = std::move(configured);
}

std::vector<HookCommand> HookDuties::commands(const CertificateSpec& spec, HookKind kind) const {
  std::vector<HookCommand> commands;
  for (const std::string& command : spec.hooks.of(kind)) commands.push_back({command, {}});
  const std::lock_guard lock(mutex_);
  const bool has_own = std::any_of(configured_.begin(), configured_.end(),
                                   [&](const auto& entry) { return is_about(entry, spec); });
  for (const ConfiguredHooks& entry : configured_) {
    if (has_own ? !is_about(entry, spec) : !is_for_the_rest(entry)) continue;
    for (const std::string& command : entry.hooks.of(kind)) {
      commands.push_back({command, entry.owner});
    }
  }
  return commands;
}

std::string HookDuties::obstacle(const HookCommand& command) const {
  if (runner_ == nullptr) return "nothing here runs hooks";
  return runner_->obstacle(command.owner);
}

std::string HookDuties::obstacle(const CertificateSpec& spec) const {
  for (const HookCommand& command : commands(spec, HookKind::pre)) {
    const std::string why = obstacle(command);
    if (!why.empty()) {
      return "its pre hook \"" + printable(command.command, 200) + "\" cannot be run here: " + why;
    }
  }
  return {};
}

void HookDuties::before_attempt(const HookSubject& subject, std::stop_token stop) const {
  for (const HookCommand& command : commands(subject.spec, HookKind::pre)) {
    HookCall call = describe_for_hooks(subject);
    call.kind = HookKind::pre;
    call.command = command.command;
    call.owner = command.owner;
    tell(Level::step, call, quoted(call), {});
    const HookReply reply = runner_->run(call, stop);
    if (reply.end == HookReply::End::canceled) {
      throw Error(ErrorCode::canceled, "stopped while " + quoted(call) + " was running");
    }
    if (reply.end == HookReply::End::failed)
      throw failure_of(call, reply, hook_output_tail(reply.output));
  }
}

HookReply HookDuties::test(const HookSubject& subject, HookKind kind, const HookCommand& command,
                           std::stop_token stop) const {
  if (const std::string why = obstacle(command); !why.empty()) {
    return {HookReply::End::failed, 126, why, {}};
  }
  HookCall call = describe_for_hooks(subject);
  call.kind = kind;
  call.command = command.command;
  call.owner = command.owner;
  call.dry_run = true;
  if (kind == HookKind::failed) {
    call.failure = subject.state.last_failure.value_or(
        Failure{clock_.wall(), "test", "this is a test: nothing failed", "nothing to do"});
  }
  return runner_->run(call, std::move(stop));
}

std::vector<HookDuties::Work> HookDuties::works(const HookSubject& subject) const {
  std::vector<Work> works;
  if (subject.current != nullptr) {
    auto list = commands(subject.spec, HookKind::deploy);
    const std::uint64_t number = subject.current->number;
    if (!list.empty()) {
      works.push_back({HookKind::deploy, number, std::move(list),
                       certificates_.hook_records(subject.spec.id, number)});
    }
  }
  if (subject.state.failures > 0 && subject.state.last_failure) {
    auto list = commands(subject.spec, HookKind::failed);
    if (!list.empty()) {
      HookRecords records = certificates_.hook_records(subject.spec.id, std::nullopt);
      // Those of an earlier failure say nothing about this one.
      if (records.failure != subject.state.last_failure->at) records = {};
      records.failure = subject.state.last_failure->at;
      works.push_back({HookKind::failed, std::nullopt, std::move(list), std::move(records)});
    }
  }
  return works;
}

bool HookDuties::is_due(const HookRecord* record, const HookCommand& command, bool person) const {
  if (record == nullptr) return true;  // to be run, or to be written down as pending
  if (record->state == State::done) return false;
  if (!obstacle(command).empty()) return false;
  if (record->state == State::pending || person || !record->next_try) return true;
  // A time beyond every wait of ours was written by a clock that was wrong.
  const WallTime now = clock_.wall();
  return *record->next_try <= now || *record->next_try > now + kLongestHookWait;
}

bool HookDuties::is_due(const HookSubject& subject, bool person) const {
  for (Work& work : works(subject)) {
    for (const HookCommand& command : work.commands) {
      if (is_due(work.records.find(work.kind, command.command, command.owner), command, person)) {
        return true;
      }
    }
  }
  return false;
}

HookOutcome HookDuties::perform(const HookSubject& subject, bool person,
                                std::stop_token stop) const {
  HookOutcome outcome;
  for (Work& work : works(subject)) {
    HookRecords records{work.records.failure, {}};  // commands that are no longer wished for go
    for (const HookCommand& command : work.commands) {
      const HookRecord* known = work.records.find(work.kind, command.command, command.owner);
      HookRecord& record = records.hooks.emplace_back();
      if (known != nullptr) record = *known;
      record.kind = work.kind;
      record.command = command.command;
      record.owner = command.owner;
    }
    for (std::size_t i = 0; i < records.hooks.size() && !stop.stop_requested(); ++i) {
      HookRecord& record = records.hooks[i];
      const HookCommand& command = work.commands[i];
      const HookRecord* known = work.records.find(work.kind, command.command, command.owner);
      if (is_due(known, command, person)) {
        HookCall call = describe_for_hooks(subject);
        call.kind = work.kind;
        call.command = command.command;
        call.owner = command.owner;
        if (work.kind == HookKind::failed) call.failure = subject.state.last_failure;
        run(record, call, outcome, stop);
        // After each: a crash in the next one repeats that one only.
        certificates_.put_hook_records(subject.spec.id, work.generation, records);
      }
      if (record.state == State::pending) ++outcome.pending;
      if (record.state != State::failed) continue;
      ++outcome.failed;
      if (record.next_try && (!outcome.next_try || *record.next_try < *outcome.next_try)) {
        outcome.next_try = record.next_try;
      }
    }
  }
  return outcome;
}

void HookDuties::run(HookRecord& record, const HookCall& call, HookOutcome& outcome,
                     std::stop_token stop) const {
  if (const std::string why = obstacle({call.command, call.owner}); !why.empty()) {
    record.state = State::pending;
    record.why = why;
    tell(Level::warning, call, quoted(call) + " is left for later: " + why,
         "the next `autohttps renew` of that user, or of root, runs it");
    return;
  }
  tell(Level::step, call, quoted(call), {});
  const HookReply reply = runner_->run(call, std::move(stop));
  record.at = clock_.wall();
  record.exit_code = reply.exit_code;
  record.output = hook_output_tail(reply.output);
  record.why = printable(reply.why, kLastLine);
  record.next_try.reset();
  if (reply.end == HookReply::End::canceled) {
    record.state = State::pending;
    record.why = "it was stopped";
    return;
  }
  ++record.tries;
  if (reply.end == HookReply::End::done) {
    record.state = State::done;
    ++outcome.done;
    return;
  }
  record.state = State::failed;
  record.next_try = *record.at + wait_after_hook(record.tries);
  const Error error = failure_of(call, reply, record.output);
  tell(Level::error, call, error.what(), error.hint());
  if (!outcome.error) outcome.error = error;
}

void HookDuties::tell(Level level, const HookCall& call, const std::string& text,
                      const std::string& hint) const {
  if (events_) events_({level, call.certificate, text, hint});
}

}  // namespace autohttps::acme
