#include <autohttps/server/auto_https/metrics.h>
#include <autohttps/server/auto_https/process_facts.h>

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <map>
#include <optional>

namespace autohttps {
namespace {

using Type = Exposition::Type;
using Facts = std::vector<CertificateFact>;

double unix_seconds(WallTime time) {
  return static_cast<double>(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

// ---- the server

// What has a family of its own; all others are limits that were met.
bool is_a_limit(Count what) {
  switch (what) {
    case Count::accepted:
    case Count::handshakes:
    case Count::failed_handshakes:
    case Count::requests:
    case Count::bad_requests:
    case Count::handed_over:
      return false;
    default:
      return true;
  }
}

void tell_counts(Exposition& text, const MetricsSources& sources, std::string_view name,
                 std::string_view help, Count what) {
  text.family(name, Type::counter, help);
  for (const auto& [listener, counters] : sources.listeners) {
    text.sample({{"listener", listener}}, counters->get(what));
  }
}

template <typename Member>
void tell_now(Exposition& text, const MetricsSources& sources, std::string_view name,
              std::string_view help, Member member) {
  text.family(name, Type::gauge, help);
  for (const auto& [listener, counters] : sources.listeners) {
    text.sample({{"listener", listener}}, std::uint64_t{(counters->*member).load()});
  }
}

void tell_connections(Exposition& text, const MetricsSources& sources) {
  tell_counts(text, sources, "autohttps_connections_accepted_total", "Connections accepted.",
              Count::accepted);
  tell_now(text, sources, "autohttps_connections_open", "Connections open now.", &Counters::open);
  tell_now(text, sources, "autohttps_connections_handshaking",
           "Connections whose TLS handshake is under way.", &Counters::handshaking);
  text.family("autohttps_handshakes_total", Type::counter, "TLS handshakes that ended.");
  for (const auto& [listener, counters] : sources.listeners) {
    text.sample({{"listener", listener}, {"result", "good"}}, counters->get(Count::handshakes));
    text.sample({{"listener", listener}, {"result", "failed"}},
                counters->get(Count::failed_handshakes));
  }
  tell_now(text, sources, "autohttps_threads", "Threads that serve.", &Counters::threads);
}

void tell_requests(Exposition& text, const MetricsSources& sources) {
  tell_counts(text, sources, "autohttps_requests_total", "Requests whose head was accepted.",
              Count::requests);
  tell_now(text, sources, "autohttps_requests_in_flight", "Requests that are being answered.",
           &Counters::in_flight);
  text.family("autohttps_answers_total", Type::counter,
              "Answers by the class of their status; none: the client got none.");
  constexpr std::array<std::string_view, Counters::kClasses> kNames = {"none", "1xx", "2xx",
                                                                       "3xx",  "4xx", "5xx"};
  for (const auto& [listener, counters] : sources.listeners) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      text.sample({{"listener", listener}, {"class", kNames[i]}}, counters->answers(i));
    }
  }
  text.family("autohttps_answer_bytes_total", Type::counter, "Bytes of answers' bodies.");
  for (const auto& [listener, counters] : sources.listeners) {
    text.sample({{"listener", listener}}, counters->bytes_sent());
  }
  tell_counts(text, sources, "autohttps_bad_requests_total", "Requests refused as malformed.",
              Count::bad_requests);
  tell_counts(text, sources, "autohttps_handed_over_total",
              "Handlers that took long, whose thread's other work another one took over.",
              Count::handed_over);
}

void tell_limits(Exposition& text, const MetricsSources& sources) {
  text.family("autohttps_limits_hit_total", Type::counter,
              "Connections and requests that a limit refused or cut.");
  for (const auto& [listener, counters] : sources.listeners) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(Count::kMany); ++i) {
      const auto what = static_cast<Count>(i);
      if (!is_a_limit(what)) continue;
      text.sample({{"listener", listener}, {"limit", name_of(what)}}, counters->get(what));
    }
  }
}

void tell_access_log(Exposition& text, const AccessLog& log) {
  text.family("autohttps_access_log_lines_total", Type::counter, "Lines written.");
  text.sample({}, log.lines());
  text.family("autohttps_access_log_lines_dropped_total", Type::counter,
              "Lines lost because the access log could not be written.");
  text.sample({}, log.dropped());
}

// ---- reverse proxies

// An upstream may serve several sites.
std::map<std::string, UpstreamStatus> by_name(const std::vector<UpstreamStatus>& upstreams) {
  std::map<std::string, UpstreamStatus> all;
  for (const UpstreamStatus& one : upstreams) {
    UpstreamStatus& sum = all[one.name];
    sum.well = sum.well && one.well;
    sum.active += one.active;
    sum.idle += one.idle;
    sum.requests += one.requests;
    sum.connections += one.connections;
    sum.retries += one.retries;
    sum.failures += one.failures;
  }
  return all;
}

void tell_upstreams(Exposition& text, const std::vector<UpstreamStatus>& upstreams) {
  const auto all = by_name(upstreams);
  const auto tell = [&](std::string_view name, Type type, std::string_view help, auto value_of) {
    text.family(name, type, help);
    for (const auto& [upstream, status] : all) {
      text.sample({{"upstream", upstream}}, static_cast<std::uint64_t>(value_of(status)));
    }
  };
  using Status = UpstreamStatus;
  tell("autohttps_upstream_up", Type::gauge, "1: the upstream is taken for well.",
       [](const Status& status) { return status.well; });
  tell("autohttps_upstream_requests_active", Type::gauge, "Requests and tunnels under way.",
       [](const Status& status) { return status.active; });
  tell("autohttps_upstream_connections_idle", Type::gauge, "Connections kept for later requests.",
       [](const Status& status) { return status.idle; });
  tell("autohttps_upstream_requests_total", Type::counter, "Requests passed on.",
       [](const Status& status) { return status.requests; });
  tell("autohttps_upstream_connections_total", Type::counter, "Connections made.",
       [](const Status& status) { return status.connections; });
  tell("autohttps_upstream_retries_total", Type::counter,
       "Requests sent again because a kept connection was dead.",
       [](const Status& status) { return status.retries; });
  tell("autohttps_upstream_failures_total", Type::counter,
       "Requests answered 502 or 504, or broken off.",
       [](const Status& status) { return status.failures; });
}

// ---- certificates

bool is_listed(const CertificateFact& fact, std::size_t of) {
  return of <= kMostListedCertificates || fact.outlook.standing != acme::Standing::ok;
}

template <typename Tell>
void for_listed(const Facts& facts, Tell tell) {
  for (const CertificateFact& fact : facts) {
    if (is_listed(fact, facts.size())) tell(fact);
  }
}

void tell_validity(Exposition& text, const Facts& facts) {
  const auto tell = [&](std::string_view name, std::string_view help, auto time_of) {
    text.family(name, Type::gauge, help);
    for_listed(facts, [&](const CertificateFact& fact) {
      if (!fact.outlook.current) return;
      for (const acme::GenerationPart* part : fact.outlook.current->parts()) {
        text.sample({{"certificate", fact.outlook.id},
                     {"key_type", key_type_name(part->key->key().type())}},
                    unix_seconds(time_of(*part->key)));
      }
    });
  };
  tell("autohttps_certificate_not_before_timestamp_seconds",
       "When the certificate in place became valid.",
       [](const CertifiedKey& key) { return key.not_before(); });
  tell("autohttps_certificate_not_after_timestamp_seconds",
       "When the certificate in place expires.",
       [](const CertifiedKey& key) { return key.not_after(); });
}

// Of each key type of the wish.
template <typename Tell>
void for_parts(const Facts& facts, Tell tell) {
  for_listed(facts, [&](const CertificateFact& fact) {
    for (const acme::OutlookPart& part : fact.outlook.parts) {
      tell(fact.outlook.id, key_type_name(part.key_type), part);
    }
  });
}

void tell_attempts(Exposition& text, const Facts& facts) {
  const auto tell_time = [&](std::string_view name, std::string_view help, auto time_of) {
    text.family(name, Type::gauge, help);
    for_parts(facts,
              [&](const std::string& id, std::string_view type, const acme::OutlookPart& part) {
                const std::optional<WallTime> time = time_of(part);
                if (time)
                  text.sample({{"certificate", id}, {"key_type", type}}, unix_seconds(*time));
              });
  };
  tell_time("autohttps_certificate_next_attempt_timestamp_seconds",
            "When the certificate is next to be renewed or tried again.",
            [](const acme::OutlookPart& part) { return part.plan.next; });
  tell_time("autohttps_certificate_last_success_timestamp_seconds",
            "When a certificate was last issued.",
            [](const acme::OutlookPart& part) { return part.state.last_success; });
  text.family("autohttps_certificate_failures", Type::gauge,
              "Attempts in a row that failed; a success makes it 0.");
  for_parts(facts,
            [&](const std::string& id, std::string_view type, const acme::OutlookPart& part) {
              text.sample({{"certificate", id}, {"key_type", type}},
                          static_cast<std::uint64_t>(part.state.failures));
            });
  text.family("autohttps_certificate_last_error", Type::gauge,
              "The type of the last attempt's error: 1 while it lasts, 0 after a success.");
  for_parts(facts, [&](const std::string& id, std::string_view type,
                       const acme::OutlookPart& part) {
    if (!part.state.last_failure) return;
    text.sample({{"certificate", id}, {"key_type", type}, {"type", part.state.last_failure->code}},
                std::uint64_t{part.state.failures > 0});
  });
}

void tell_certificates(Exposition& text, const Facts& facts, WallTime now) {
  text.family("autohttps_certificates", Type::gauge, "Certificates by how they stand.");
  std::map<acme::Standing, std::uint64_t> standings;
  for (const CertificateFact& fact : facts) ++standings[fact.outlook.standing];
  for (const acme::Standing standing :
       {acme::Standing::ok, acme::Standing::due, acme::Standing::renewing, acme::Standing::none_yet,
        acme::Standing::retrying, acme::Standing::blocked, acme::Standing::expired}) {
    text.sample({{"standing", acme::standing_name(standing)}}, standings[standing]);
  }
  tell_validity(text, facts);
  tell_attempts(text, facts);
  text.family(
      "autohttps_certificate_served", Type::gauge,
      "1: our own port gave the certificate that the store has in place; 0: another one, or "
      "no answer.");
  for_listed(facts, [&](const CertificateFact& fact) {
    if (fact.served.served == Served::unknown) return;
    text.sample({{"certificate", fact.outlook.id}},
                std::uint64_t{fact.served.served == Served::same});
  });
  text.family("autohttps_healthy", Type::gauge, "1: the health answer is that all is well.");
  text.sample({}, std::uint64_t{problems_of(facts, now).empty()});
}

void tell_results(Exposition& text, const acme::Manager& manager) {
  using Action = acme::Outcome::Action;
  text.family("autohttps_attempts_total", Type::counter,
              "Attempts to get a certificate by their result, since the start.");
  text.sample({{"result", "issued"}}, manager.attempts(Action::issued));
  text.sample({{"result", "renewed"}}, manager.attempts(Action::renewed));
  text.sample({{"result", "failed"}}, manager.attempts(Action::failed));
  text.sample({{"result", "deferred"}}, manager.attempts(Action::deferred));
}

// ---- this program

void tell_process(Exposition& text) {
  text.family("autohttps_build_info", Type::gauge, "Always 1; what this is, as labels.");
  text.sample(
      {{"version", AUTOHTTPS_VERSION}, {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)}},
      std::uint64_t{1});
  const std::optional<ProcessFacts> facts = process_facts();
  if (!facts) return;
  text.family("process_cpu_seconds_total", Type::counter, "User and system CPU time in seconds.");
  text.sample({}, facts->cpu_seconds);
  const auto tell = [&](std::string_view name, std::string_view help, auto value) {
    text.family(name, Type::gauge, help);
    text.sample({}, value);
  };
  tell("process_resident_memory_bytes", "Resident memory in bytes.", facts->resident_bytes);
  tell("process_virtual_memory_bytes", "Virtual memory in bytes.", facts->virtual_bytes);
  tell("process_threads", "Threads.", facts->threads);
  tell("process_open_fds", "Open descriptors.", facts->open_descriptors);
  tell("process_max_fds", "Descriptors that may be open.", facts->most_descriptors);
  tell("process_start_time_seconds", "When the process began, in Unix seconds.", facts->start);
}

}  // namespace

std::string metrics_text(const MetricsSources& sources, WallTime now) {
  Exposition text;
  text.family("autohttps_store_readable", Type::gauge, "1: the certificates' store can be read.");
  text.sample({}, std::uint64_t{sources.certificates != nullptr});
  if (sources.certificates != nullptr) tell_certificates(text, *sources.certificates, now);
  if (sources.manager != nullptr) tell_results(text, *sources.manager);
  text.family("autohttps_certificate_swaps_total", Type::counter,
              "Certificates that were put in place of others while serving.");
  text.sample({}, sources.swaps);
  tell_connections(text, sources);
  tell_requests(text, sources);
  tell_limits(text, sources);
  if (!sources.upstreams.empty()) tell_upstreams(text, sources.upstreams);
  if (sources.access_log != nullptr) tell_access_log(text, *sources.access_log);
  tell_process(text);
  return std::move(text).take();
}

}  // namespace autohttps
