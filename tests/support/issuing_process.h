// Everything between a spec and a saved certificate, wired as AutoCertificates wires it, on a
// scripted CA and a disk in memory.
#pragma once

#include <autohttps/acme/ca_issuers.h>
#include <autohttps/acme/challenges/dns_ways.h>
#include <autohttps/acme/management/manager.h>
#include <autohttps/acme/protocol/account_key.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/common/sha256.h>
#include <autohttps/tests/support/acme_identifier.h>
#include <autohttps/tests/support/dns_hook_recorder.h>
#include <autohttps/tests/support/fixed_random.h>
#include <autohttps/tests/support/hook_recorder.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/scripted_ca.h>
#include <autohttps/tests/support/scripted_dns.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace autohttps::acme {

// A transport of an attempt's own that leads to a CA which outlives it.
class BorrowedTransport final : public Transport {
 public:
  explicit BorrowedTransport(Transport& inner) : inner_(inner) {}
  HttpResponse send(const HttpRequest& request, std::stop_token stop) override {
    return inner_.send(request, std::move(stop));
  }

 private:
  Transport& inner_;
};

// The machine and the world outside: what is left when a process dies.
struct IssuingWorld {
  explicit IssuingWorld(ManualClock::Sleepers sleepers = ManualClock::Sleepers::advances)
      : clock(WallTime(std::chrono::seconds(1'800'000'000)), sleepers) {}

  // Port 80 of every name is answered by what any process published in the store.
  std::optional<std::string> port80(const std::string& token) {
    MemoryStore store(disk, clock);
    return PublishedAnswers(store, clock).key_authorization(token);
  }

  // Port 443 likewise, by what RFC 8737 3 has a CA look at.
  std::optional<std::string> port443(const Identifier& name, const std::string& token) {
    MemoryStore store(disk, clock);
    const auto answer = PublishedAnswers(store, clock).tls_alpn(tls_alpn_name(name));
    if (!answer || answer->names() != std::vector<Identifier>{name}) return std::nullopt;
    AccountStore accounts(store, ca.directory_url(), "default");
    const std::string right = AccountKey(accounts.load()->key).key_authorization(token);
    const bool matches =
        acme_identifier(answer->certificate(0)).value == "\x04\x20" + sha256(right);
    return matches ? right : "another";
  }

  ManualClock clock;
  std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
  bool reachable = true;  // port 80, by the CA
  bool reachable_443 = false;
  ScriptedDns dns{clock};    // nobody answers but who is made to
  DnsHookRecorder dns_hook;  // of a provider outside, which outlives our processes
  ScriptedCa ca{clock, [this](const Identifier& name, const std::string& token) {
                  std::optional<std::string> answer;
                  if (reachable) answer = port80(token);
                  if (!answer && reachable_443) answer = port443(name, token);
                  return answer;
                }};

  CaSpec ca_spec(const std::string& limits = "none") const {
    CaSpec spec;
    spec.directory_url = ca.directory_url();
    spec.limits = limits;
    spec.terms_agreed = true;
    return spec;
  }
  CertificateSpec spec(const std::vector<std::string>& names,
                       const std::string& limits = "none") const {
    CertificateSpec wish;
    wish.names = parse_identifiers(names);
    wish.cas = {ca_spec(limits)};
    return wish;
  }
};

// One process on that machine.
struct IssuingProcess {
  explicit IssuingProcess(IssuingWorld& world_in)
      : world(world_in),
        store(world.disk, world.clock),
        certificates(store),
        answers(store, world.clock),
        dns(store, world.dns, world.dns_hook, world.clock, sink()),
        issuers(store, answers, ways, dns, world.clock, sink(),
                [this](const CaSpec&) { return std::make_unique<BorrowedTransport>(world.ca); }),
        manager(
            certificates,
            [this](const CertificateSpec& spec, const CaSpec& ca, Budget& budget) {
              return issuers.issuer(spec, ca, budget);
            },
            world.clock, random, sink(), &hooks, &dns.leftovers()) {}

  EventSink sink() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex);
      if (event.level != Event::Level::debug) events.push_back(event);
    };
  }

  Outcome obtain(const std::vector<std::string>& names, const std::string& limits = "none",
                 bool force = false) {
    RunOptions options;
    options.person = true;
    options.force = force;
    options.only = {manager.manage(world.spec(names, limits))};
    return manager.run_once(options, {}).front();
  }
  // As cron does it.
  Outcome renew(const std::string& id) {
    RunOptions options;
    options.only = {id};
    return manager.run_once(options, {}).front();
  }

  std::size_t answers_up() const { return store.list("challenges/http-01").size(); }

  IssuingWorld& world;
  FixedRandom random;
  HookRecorder hooks;
  MemoryStore store;
  CertificateStore certificates;
  PublishedAnswers answers;
  AnsweringWays ways;
  std::mutex mutex;
  std::vector<Event> events;  // guarded by mutex; debug left out
  DnsWays dns;
  CaIssuers issuers;
  Manager manager;
};

}  // namespace autohttps::acme
