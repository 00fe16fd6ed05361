#include <autohttps/acme/challenges/dns_hook.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace autohttps::acme {
namespace {

using Level = Event::Level;

std::string record_text(const CleanupNote& note) {
  return "the TXT record \"" + printable(note.value, 100) + "\" of \"" + printable(note.name, 300) +
         "\"";
}

}  // namespace

std::string_view dns_action_name(DnsAction action) noexcept {
  return action == DnsAction::present ? "present" : "cleanup";
}

HookReply DnsHookProcess::run(DnsAction action, const CleanupNote& note,
                              const std::string& certificate, std::stop_token stop) {
  HookCommandLine line{note.command, {std::string(dns_action_name(action)), note.name, note.value}};
  const auto add = [&](const char* name, std::string_view value) {
    line.facts.push_back(std::string("AUTOHTTPS_") + name + "=" + std::string(value));
  };
  add("HOOK", "dns");
  add("CERTIFICATE", certificate);
  add("DOMAIN", note.domain);
  add("DNS_ACTION", dns_action_name(action));
  add("DNS_NAME", note.name);
  add("DNS_VALUE", note.value);
  if (!note.zone.empty()) add("DNS_ZONE", note.zone);
  return process_.run(line, std::move(stop));
}

std::string describe_failure(DnsAction action, const CleanupNote& note, const HookReply& reply) {
  std::string text = "DNS hook \"" + printable(note.command, 200) + "\" could not " +
                     (action == DnsAction::present ? "set " : "remove ") + record_text(note) +
                     ": " + printable(reply.why, 300);
  const std::string output = hook_output_tail(reply.output);
  if (!output.empty()) text += ": " + last_line(output);
  return text;
}

// A time beyond every wait of ours was written by a clock that was wrong.
bool DnsLeftovers::is_due(const CleanupNote& note) const {
  const WallTime now = clock_.wall();
  return !note.next_try || *note.next_try <= now || *note.next_try > now + kLongestHookWait;
}

bool DnsLeftovers::is_due(const std::string& certificate) const {
  const std::vector<CleanupNote> notes = CleanupNotes(store_, certificate).all();
  return !notes.empty() && runner_.obstacle().empty() &&
         std::ranges::any_of(notes, [&](const CleanupNote& note) { return is_due(note); });
}

bool DnsLeftovers::take_down(const std::string& certificate, bool due, std::stop_token stop) {
  bool all = true;
  try {
    for (const CleanupNote& note : CleanupNotes(store_, certificate).all()) {
      if (stop.stop_requested() || (due && !is_due(note))) {
        all = false;
        continue;
      }
      tell(Level::step, certificate,
           "removing " + record_text(note) + ", left by an earlier attempt");
      all = remove(certificate, note, stop) && all;
    }
  } catch (const Error& error) {
    tell(Level::warning, certificate, error.what(), error.hint());
    return false;
  }
  return all;
}

bool DnsLeftovers::remove(const std::string& certificate, CleanupNote note,
                          std::stop_token stop) noexcept {
  try {
    const std::string obstacle = runner_.obstacle();
    if (!obstacle.empty()) {
      tell(Level::warning, certificate,
           record_text(note) + " is left: its hook cannot be run here: " + obstacle);
      return false;
    }
    CleanupNotes notes(store_, certificate);
    const HookReply reply = runner_.run(DnsAction::cleanup, note, certificate, std::move(stop));
    if (reply.end == HookReply::End::done) {
      notes.remove(note);
      return true;
    }
    if (reply.end == HookReply::End::canceled) return false;  // its note says so to the next
    note.next_try = clock_.wall() + wait_after_hook(++note.tries);
    tell(Level::warning, certificate, describe_failure(DnsAction::cleanup, note, reply),
         "mend the command; `autohttps renew` tries again. Or remove the record by hand: it is no "
         "danger, and of no use");
    notes.put(note);
  } catch (const std::exception& error) {
    // The note is there still, or says so of a record that is gone: removing that again does no
    // harm.
    tell(Level::warning, certificate,
         "writing down what became of " + record_text(note) + ": " + error.what());
  } catch (...) {
    // A destructor is on the stack: there is nobody to tell.
  }
  return false;
}

void DnsLeftovers::tell(Level level, const std::string& certificate, const std::string& text,
                        const std::string& hint) const {
  if (events_) events_({level, certificate, text, hint});
}

}  // namespace autohttps::acme
