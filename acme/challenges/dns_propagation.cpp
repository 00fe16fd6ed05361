#include <autohttps/acme/challenges/dns_propagation.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace autohttps::acme {
namespace {

using std::chrono::milliseconds;
using Level = Event::Level;

constexpr milliseconds kFirstPause{2'000};
constexpr milliseconds kLongestPause{15'000};
// A server that has let us wait this often is not the one that the wait is for.
constexpr int kMostSilences = 2;
constexpr std::size_t kMostShown = 3;  // values of others, in an error

std::string shown(const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t i = 0; i < std::min(values.size(), kMostShown); ++i) {
    text += (i == 0 ? "\"" : ", \"") + printable(values[i], 100) + "\"";
  }
  if (values.size() > kMostShown) {
    text += " and " + std::to_string(values.size() - kMostShown) + " more";
  }
  return text;
}

[[noreturn]] void stopped(const std::string& name) {
  throw Error(ErrorCode::canceled, "stopped while waiting for \"" + printable(name, 300) + "\"");
}

// One address of a server, over all rounds.
struct Witness {
  enum class State { unasked, shows, lacks, silent } state = State::unasked;
  std::string server;
  DnsServer address;
  std::string said;  // "shows "x"", "has no such name", "no answer within 2 s"
  int silences = 0;

  std::string who() const {
    return printable(server, 100) + (server.empty() ? "" : " (") + address.text() +
           (server.empty() ? "" : ")");
  }
};

void hear(Witness& witness, const DnsReply& reply, const std::string& name,
          const std::string& value) {
  using State = Witness::State;
  const bool says_something = reply.answer && (reply.answer->code == DnsCode::ok ||
                                               reply.answer->code == DnsCode::no_such_name);
  if (!says_something) {
    witness.state = State::silent;
    witness.said = reply.answer ? "answers " + dns_code_name(reply.answer->code) : reply.why;
    ++witness.silences;
    return;
  }
  const std::vector<std::string> values = reply.answer->values(name, DnsType::txt);
  if (std::ranges::find(values, value) != values.end()) {
    witness.state = State::shows;
    witness.said = "shows it";
    return;
  }
  witness.state = State::lacks;
  if (!values.empty()) {
    witness.said = "shows " + shown(values);
  } else {
    witness.said = reply.answer->code == DnsCode::ok ? "shows no TXT record" : "has no such name";
  }
}

std::string all_said(const std::vector<Witness>& witnesses) {
  std::string text;
  for (const Witness& witness : witnesses) {
    text += (text.empty() ? "" : "; ") + witness.who() + " " + witness.said;
  }
  return text;
}

}  // namespace

// The authoritative servers, asked again and again.
class DnsPropagation::Round {
 public:
  Round(const DnsZone& zone, DnsClient& client) : client_(client) {
    for (const DnsZone::Server& server : zone.servers) {
      for (const DnsServer& address : server.addresses) {
        Witness& witness = witnesses_.emplace_back();
        witness.server = server.name;
        witness.address = address;
      }
    }
  }

  void ask(const std::string& name, const std::string& value, const std::stop_token& stop) {
    for (Witness& witness : witnesses_) {
      if (witness.state == Witness::State::shows || is_left_out(witness)) continue;
      hear(witness, client_.ask(witness.address, {name, DnsType::txt, false}, stop), name, value);
      if (stop.stop_requested()) stopped(name);
    }
  }

  bool nobody_answers() const { return count(Witness::State::silent) == witnesses_.size(); }
  // Every server that answers shows it, and who does not answer had the chance to.
  bool is_visible() const {
    return count(Witness::State::shows) > 0 && count(Witness::State::lacks) == 0 &&
           std::ranges::all_of(silent(), is_left_out);
  }
  // Servers of which no address answers: where one of two does, the other is a network that is not
  // ours.
  std::vector<Witness> silent() const {
    std::vector<Witness> all;
    std::ranges::copy_if(witnesses_, std::back_inserter(all), [&](const Witness& witness) {
      return std::ranges::all_of(witnesses_, [&](const Witness& other) {
        return other.server != witness.server || other.state == Witness::State::silent;
      });
    });
    return all;
  }
  const std::vector<Witness>& witnesses() const noexcept { return witnesses_; }

 private:
  static bool is_left_out(const Witness& witness) {
    return witness.state == Witness::State::silent && witness.silences >= kMostSilences;
  }
  std::size_t count(Witness::State state) const {
    return static_cast<std::size_t>(std::ranges::count(witnesses_, state, &Witness::state));
  }

  DnsClient& client_;
  std::vector<Witness> witnesses_;
};

void DnsPropagation::wait_for(const std::string& name, const std::string& value, SteadyTime give_up,
                              std::stop_token stop) const {
  const SteadyTime start = clock_.steady();
  const auto zone = resolver_.zone_of(name, stop);
  if (stop.stop_requested()) stopped(name);
  if (!zone) {
    tell(Level::step, "the name servers of \"" + printable(name, 300) +
                          "\" cannot be found out; asking the resolver " + resolver_.text() +
                          " instead");
    return wait_at_resolver(name, value, give_up, stop);
  }
  Round round(*zone, resolver_.client());
  for (milliseconds wait = kFirstPause;;) {
    round.ask(name, value, stop);
    if (round.nobody_answers()) {
      tell(Level::warning, "no name server of \"" + printable(zone->apex, 300) +
                               "\" answers here (" + all_said(round.witnesses()) +
                               "); asking the resolver " + resolver_.text() + " instead");
      return wait_at_resolver(name, value, give_up, stop);
    }
    if (round.is_visible()) break;
    if (clock_.steady() + wait > give_up) {
      const auto waited =
          std::chrono::duration_cast<std::chrono::seconds>(clock_.steady() - start).count();
      throw Error(ErrorCode::validation,
                  "the TXT record \"" + printable(value, 100) + "\" of \"" + printable(name, 300) +
                      "\" is not at every name server of \"" + printable(zone->apex, 300) +
                      "\" after " + std::to_string(waited) + " s: " + all_said(round.witnesses()),
                  "see what the DNS hook does; where the provider is slow, --dns-timeout SECONDS "
                  "waits longer");
    }
    pause(wait, give_up, stop);
    if (stop.stop_requested()) stopped(name);
  }
  const std::vector<Witness> silent = round.silent();
  if (!silent.empty()) {
    tell(Level::warning, "\"" + printable(name, 300) +
                             "\" is visible at those name servers that answer; " +
                             all_said(silent));
  }
}

void DnsPropagation::wait_at_resolver(const std::string& name, const std::string& value,
                                      SteadyTime give_up, std::stop_token stop) const {
  Witness witness;
  for (milliseconds wait = kFirstPause;;) {
    const DnsReply reply = resolver_.ask(name, DnsType::txt, stop);
    if (stop.stop_requested()) stopped(name);
    hear(witness, reply, name, value);
    if (witness.state == Witness::State::shows) return;
    if (clock_.steady() + wait > give_up) break;
    pause(wait, give_up, stop);
    if (stop.stop_requested()) stopped(name);
  }
  if (witness.state == Witness::State::silent) {
    throw Error(ErrorCode::validation,
                "asking DNS for \"" + printable(name, 300) + "\": " + witness.said,
                "--dns-resolver ADDRESS names another resolver");
  }
  // RFC 2308: it was asked for this name before the record was there, and may keep that answer for
  // hours. The CA's own resolvers were not.
  tell(Level::warning, "the resolver " + witness.said + " for \"" + printable(name, 300) +
                           "\", which may be what it remembers; going on: the CA asks for itself");
}

DnsSight DnsPropagation::look(const std::string& name, std::stop_token stop) const {
  DnsSight sight;
  const auto add = [&](const std::string& from, const DnsReply& reply) {
    if (!reply.answer) return false;
    for (const std::string& value : reply.answer->values(name, DnsType::txt)) {
      if (std::ranges::find(sight.values, value) == sight.values.end()) {
        sight.values.push_back(value);
      }
    }
    sight.from += (sight.from.empty() ? "" : ", ") + from;
    return true;
  };
  if (const auto zone = resolver_.zone_of(name, stop)) {
    for (const DnsZone::Server& server : zone->servers) {
      for (const DnsServer& address : server.addresses) {
        const DnsReply reply = resolver_.client().ask(address, {name, DnsType::txt, false}, stop);
        if (reply.answer && reply.answer->code != DnsCode::ok &&
            reply.answer->code != DnsCode::no_such_name) {
          continue;
        }
        if (add(printable(server.name, 100), reply)) break;
      }
    }
    sight.authoritative = !sight.from.empty();
  }
  if (stop.stop_requested()) stopped(name);
  if (sight.authoritative) return sight;
  const DnsReply reply = resolver_.ask(name, DnsType::txt, stop);
  if (!add(resolver_.text(), reply)) {
    throw Error(ErrorCode::validation,
                "asking DNS for \"" + printable(name, 300) + "\": " + reply.why,
                "--dns-resolver ADDRESS names another resolver");
  }
  return sight;
}

// Two seconds, then ever more: a zone is transferred when it is, and every poll asks all servers.
void DnsPropagation::pause(milliseconds& wait, SteadyTime give_up,
                           const std::stop_token& stop) const {
  clock_.sleep_until(std::min(clock_.steady() + wait, give_up), stop);
  wait = std::min(wait * 3 / 2, kLongestPause);
}

void DnsPropagation::tell(Level level, const std::string& text) const {
  if (tell_) tell_(level, text);
}

}  // namespace autohttps::acme
