// `dns-persist record|check DOMAIN...`: the standing record of dns-persist-01, printed and looked
// at.
#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/challenges/dns_persist01.h>
#include <autohttps/acme/challenges/dns_ways.h>
#include <autohttps/common/random.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

using acme::PersistDemand;

constexpr const char* kUsage = "autohttps dns-persist record|check DOMAIN...";

// A name with and without "*." has one record: the one that is good for both.
std::vector<PersistDemand> merged(const std::vector<PersistDemand>& demands) {
  std::vector<PersistDemand> all;
  for (const PersistDemand& demand : demands) {
    const auto known = std::ranges::find(all, demand.name, &PersistDemand::name);
    if (known == all.end()) {
      all.push_back(demand);
    } else {
      known->wildcard = known->wildcard || demand.wildcard;
    }
  }
  return all;
}

Json to_json(const PersistDemand& demand) {
  return {{"name", demand.name},
          {"type", "TXT"},
          {"value", acme::persist_value(demand)},
          {"line", acme::persist_zone_line(demand)},
          {"issuers", demand.issuers},
          {"account", demand.account_uri},
          {"wildcard", demand.wildcard}};
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += name.starts_with("*") ? " \"" + name + "\"" : " " + name;
  }
  return text;
}

Exit record(AutoCertificates& certificates, const Settings& settings, Output& output,
            std::stop_token stop) {
  using Source = AutoCertificates::PersistSource;
  const std::vector<PersistDemand> demands = merged(certificates.persist_demands(
      settings.names, settings.no_order ? Source::directory : Source::order, std::move(stop)));
  Json object = answer("dns-persist");
  object["from"] = settings.no_order ? "directory" : "order";
  object["records"] = Json::array();
  std::string text;
  for (const PersistDemand& demand : demands) {
    object["records"].push_back(to_json(demand));
    text += acme::persist_zone_line(demand) + "\n";
  }
  if (settings.json) {
    output.result(to_text(object));
    return Exit::done;
  }
  output.result(text);
  if (settings.no_order) {
    output.warning("made from the CA's directory and the account's URL; what an order says counts",
                   "leave out --no-order to be sure");
  }
  output.step("once it is there: autohttps obtain" + names_text(settings.names) +
              " --challenge dns-persist-01");
  return Exit::done;
}

std::string verdict_text(const PersistDemand& demand, const acme::PersistVerdict& verdict) {
  if (!verdict.good) return demand.name + ": " + verdict.why;
  return demand.name + ": proves the name" +
         (demand.wildcard ? " and its wildcard" : std::string()) +
         (verdict.until ? " until " + format_rfc3339(*verdict.until) : std::string());
}

Exit check(AutoCertificates& certificates, const Settings& settings, Output& output,
           std::stop_token stop) {
  const std::vector<PersistDemand> demands = merged(certificates.persist_demands(
      settings.names, AutoCertificates::PersistSource::directory_only_look, stop));
  acme::CertificateSpec spec;
  spec.dns_resolver = settings.dns_resolver;
  SystemClock clock;
  SystemRandom random;
  acme::SocketDnsClient dns(clock, random);
  const acme::DnsResolver resolver(dns, acme::resolvers_of(spec));
  const acme::DnsPropagation propagation(resolver, clock, {});
  Json object = answer("dns-persist");
  object["records"] = Json::array();
  bool all_good = true;
  for (const PersistDemand& demand : demands) {
    const acme::PersistVerdict verdict =
        acme::look_for_persist(demand, resolver, propagation, clock.wall(), stop);
    all_good = all_good && verdict.good;
    Json one = to_json(demand);
    one["good"] = verdict.good;
    one["why"] = verdict.why;
    one["until"] = verdict.until ? Json(format_rfc3339(*verdict.until)) : Json(nullptr);
    object["records"].push_back(std::move(one));
    if (settings.json) continue;
    output.result(verdict_text(demand, verdict));
    if (!verdict.good) {
      output.warning("\"" + demand.name + "\" proves nothing to this CA",
                     "set this record: " + acme::persist_zone_line(demand));
    } else if (verdict.until && *verdict.until < clock.wall() + acme::kPersistWarning) {
      output.warning(
          demand.name + " proves nothing any more " + format_relative(*verdict.until, clock.wall()),
          "give it a later persistUntil, or none");
    }
  }
  if (settings.json) output.result(to_text(object));
  return all_good ? Exit::done : exit_of(ErrorCode::validation);
}

}  // namespace

Exit dns_persist(const Config& config, Output& output) {
  Settings settings = config.global;
  if (settings.names.empty() ||
      (settings.names.front() != "record" && settings.names.front() != "check")) {
    throw Error(ErrorCode::config,
                settings.names.empty()
                    ? "\"dns-persist\" needs to be told what to do"
                    : "\"dns-persist\" knows no \"" + printable(settings.names.front(), 100) + "\"",
                kUsage);
  }
  const bool is_record = settings.names.front() == "record";
  settings.names.erase(settings.names.begin());
  if (settings.names.empty()) {
    throw Error(ErrorCode::config, "\"dns-persist\" needs to be told for which domains", kUsage);
  }
  settings.challenge = "dns-persist-01";  // what the wildcards among them need
  const Interruption interruption;
  const ActingAsOwner acting(settings.store, is_record ? Missing::make : Missing::leave);
  SystemClock clock;
  if (!is_record) open_store_that_exists(settings, clock);  // a look makes none
  AutoCertificatesOptions options = certificate_options(settings, output.sink());
  options.domains.clear();  // no wish of ours: they may be any certificate's
  AutoCertificates certificates(std::move(options));
  return is_record ? record(certificates, settings, output, interruption.token())
                   : check(certificates, settings, output, interruption.token());
}

}  // namespace autohttps::tools
