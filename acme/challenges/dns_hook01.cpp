#include <autohttps/acme/challenges/dns_hook01.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/sha256.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <utility>

namespace autohttps::acme {

// One that is up.
class DnsHook01::Record final : public Presentation {
 public:
  Record(const DnsHook01& solver, CleanupNote note) : solver_(solver), note_(std::move(note)) {}
  // Also when we are stopped: nobody else knows of it so soon. Bounded by the hook's own limit.
  ~Record() override { solver_.leftovers_.remove(solver_.options_.certificate, note_, {}); }

  void wait_until_visible(SteadyTime latest, std::stop_token stop) override {
    const SteadyTime give_up = std::min(latest, solver_.clock_.steady() + solver_.options_.timeout);
    solver_.propagation_.wait_for(note_.name, note_.value, give_up, std::move(stop));
  }

 private:
  const DnsHook01& solver_;
  const CleanupNote note_;
};

DnsHook01::DnsHook01(Options options, Store& store, DnsClient& dns, DnsHookRunner& runner,
                     DnsLeftovers& leftovers, Clock& clock, EventSink events)
    : options_(std::move(options)),
      store_(store),
      runner_(runner),
      leftovers_(leftovers),
      clock_(clock),
      events_(std::move(events)),
      resolver_(dns, options_.resolvers),
      propagation_(resolver_, clock_,
                   [this](Event::Level level, const std::string& text) { tell(level, text); }) {}

std::optional<std::string> DnsHook01::obstacle(const Identifier& name) const {
  if (name.type == Identifier::Type::ip) return "no address is validated by DNS (RFC 8738 7)";
  if (options_.command.empty()) return "no --dns-hook is given";
  const std::string why = runner_.obstacle();
  if (!why.empty()) return "its hook cannot be run here: " + why;
  return std::nullopt;
}

std::unique_ptr<Presentation> DnsHook01::present(const ChallengeContext& context,
                                                 std::stop_token stop) {
  CleanupNote note;
  note.command = options_.command;
  note.domain = base_domain(context.identifier);
  const std::string name = "_acme-challenge." + note.domain;
  note.name = resolver_.follow(name, stop);
  note.value = dns01_value(context.key_authorization);
  if (const auto zone = resolver_.zone_of(note.name, stop)) note.zone = zone->apex;
  if (stop.stop_requested()) throw Error(ErrorCode::canceled, "stopped before the DNS hook ran");
  CleanupNotes(store_, options_.certificate).put(note);
  tell(Event::Level::step,
       "DNS hook \"" + printable(note.command, 200) + "\" sets \"" + printable(note.name, 300) +
           "\"" + (note.name == name ? "" : ", where \"" + printable(name, 300) + "\" leads"));
  const HookReply reply = runner_.run(DnsAction::present, note, options_.certificate, stop);
  if (reply.end == HookReply::End::done) return std::make_unique<Record>(*this, note);
  // Half of it may be up.
  if (reply.started) {
    leftovers_.remove(options_.certificate, note, {});
  } else {
    CleanupNotes(store_, options_.certificate).remove(note);
  }
  if (reply.end == HookReply::End::canceled) {
    throw Error(ErrorCode::canceled, "stopped while the DNS hook was running");
  }
  throw Error(ErrorCode::hook, describe_failure(DnsAction::present, note, reply),
              "mend the command, and try it alone: " + printable(note.command, 200) + " present " +
                  printable(note.name, 300) + " test");
}

void DnsHook01::tell(Event::Level level, const std::string& text) const {
  if (events_) events_({level, options_.certificate, text, {}});
}

std::string dns01_value(std::string_view key_authorization) {
  return base64url_encode(sha256(key_authorization));
}

std::string base_domain(const Identifier& name) {
  return name.is_wildcard() ? name.value.substr(2) : name.value;
}

}  // namespace autohttps::acme
