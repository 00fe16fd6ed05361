#include <autohttps/tools/autohttps/wish.h>

#include <autohttps/acme/issuance/csr.h>
#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/acme/store/file_store.h>
#include <autohttps/acme/store/hook_process.h>
#include <autohttps/common/error.h>
#include <autohttps/common/files.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/ca_settings.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/on_demand_question.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace autohttps::tools {
namespace {

std::string absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

std::string readable_file(const std::string& flag, const std::string& path) {
  if (path.empty()) return path;
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    const int error_number = errno;
    throw Error(ErrorCode::config, "reading " + flag + " \"" + printable(path, 300) +
                                       "\": " + std::generic_category().message(error_number));
  }
  return absolute(path);
}

std::string contents_of(const std::string& flag, const std::string& path) {
  constexpr std::size_t kLargest = 64 * 1024;
  if (path.empty()) return path;
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  try {
    if (!file) throw_system_error("open");
    return read_all(file.get(), kLargest);
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::config,
                "reading " + flag + " \"" + printable(path, 300) + "\": " + error.code().message());
  }
}

std::string existing_folder(const std::string& flag, const std::string& path) {
  if (path.empty()) return path;
  const OwnedFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    const int error_number = errno;
    throw Error(ErrorCode::config, "opening " + flag + " \"" + printable(path, 300) +
                                       "\": " + std::generic_category().message(error_number));
  }
  return absolute(path);
}

// Of one certificate, which has so many and no more; with --each of one certificate each.
std::vector<Identifier> identifiers_of(const Settings& settings) {
  if (!settings.each) return parse_identifiers(settings.names);
  std::vector<Identifier> identifiers;
  for (const std::string& name : settings.names) {
    Identifier identifier = Identifier::parse(name);
    if (std::ranges::count(identifiers, identifier) > 0) continue;
    identifiers.push_back(std::move(identifier));
  }
  return identifiers;
}

std::vector<std::string> checked_names(const Settings& settings) {
  if (settings.names.empty()) return {};
  std::vector<std::string> names;
  for (const Identifier& name : identifiers_of(settings)) {
    if (const auto error = wildcard_trouble(settings, name)) throw *error;
    names.push_back(name.value);
  }
  return names;
}

// Now, and not in the night.
std::string checked_dns_hook(const std::string& command) {
  if (!command.empty()) acme::hook_program(acme::split_command(command).front(), hooks_folder());
  return command;
}

// What both doors into the library are told of the certificate alike.
template <typename Options>
void tell_certificate(const Settings& settings, Options& options) {
  options.domains = checked_names(settings);
  const CaOptions ca = first_ca(settings);
  options.server = ca.server;
  options.ca_bundle = readable_file("--ca-bundle", ca.ca_bundle);
  options.ca_proxy = ca.ca_proxy;
  options.email = ca.email;
  options.limits = ca.limits;
  options.agree_to_terms = ca.agree_to_terms.value_or(false);
  options.external_account = ca.external_account;
  options.fallbacks = fallback_cas(settings);
  for (CaOptions& fallback : options.fallbacks) {
    fallback.ca_bundle = readable_file("ca_bundle", fallback.ca_bundle);
  }
  options.key_types = settings.key_types;
  options.profile = settings.profile;
  options.challenge = settings.challenge;
  options.dns_hook = checked_dns_hook(settings.dns_hook);
  options.dns_resolver = settings.dns_resolver;
  options.dns_timeout = settings.dns_timeout;
  options.preferred_chain = settings.preferred_chain;
  options.reuse_key = settings.reuse_key;
  options.hooks = told_hooks(settings);
  options.hooks_folder = hooks_folder();
  options.store = store_path(settings);
}

}  // namespace

std::optional<Error> wildcard_trouble(const Settings& settings, const Identifier& name) {
  if (!name.is_wildcard() || !settings.dns_hook.empty() || settings.challenge == "dns-persist-01") {
    return std::nullopt;
  }
  return Error(ErrorCode::config,
               "\"" + name.value +
                   "\" is a wildcard, which CAs give only for a proof by DNS (DNS-01), and no "
                   "--dns-hook is given",
               "give one: autohttps obtain \"" + name.value +
                   "\" --dns-hook COMMAND (dns-nsupdate, dns-lego-exec and dns-acmesh are ready); "
                   "or name the hosts one by one: autohttps obtain " +
                   name.value.substr(2) + " www" + name.value.substr(1));
}

void settle_store(Settings& settings) {
  try {
    if (settings.store.empty()) settings.store = acme::default_store_path();
  } catch (const Error&) {
    return;  // the configuration may name one; if not, whoever needs it says so
  }
  settings.store = absolute(settings.store);
}

std::filesystem::path store_path(const Settings& settings) {
  const std::filesystem::path path =
      settings.store.empty() ? acme::default_store_path() : std::filesystem::path(settings.store);
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  // A test certificate must never satisfy a wish for a real one: a whole store of its own.
  return settings.staging ? whole / "staging" : whole;
}

AutoCertificatesOptions certificate_options(const Settings& settings, EventSink events) {
  AutoCertificatesOptions options;
  tell_certificate(settings, options);
  options.name = settings.name;
  options.webroot = existing_folder("--webroot", settings.webroot);
  options.csr = contents_of("--csr", settings.csr);
  if (!options.csr.empty() && options.domains.empty()) {
    for (const Identifier& name : acme::names_of_request(options.csr)) {
      options.domains.push_back(name.value);
    }
  }
  options.on_event = std::move(events);
  return options;
}

AutoHttpsOptions server_options(const Settings& settings, EventSink events) {
  AutoHttpsOptions options;
  tell_certificate(settings, options);
  options.bind_address = settings.bind;
  options.http_port = settings.http_port;
  options.https_port = settings.https_port;
  options.public_https_port = settings.public_https_port;
  options.modern_tls = settings.modern_tls;
  options.access_log =
      settings.access_log == "-" ? settings.access_log : absolute(settings.access_log);
  options.access_log_format = settings.access_log_format;
  options.metrics = settings.metrics;
  options.engine.connections = settings.max_connections;
  options.engine.connections_per_address = settings.max_connections_per_address;
  options.on_demand.names = settings.on_demand;
  options.on_demand.most_per_hour = settings.on_demand_per_hour;
  if (!settings.on_demand_ask.empty()) {
    options.on_demand.permits = on_demand_question(settings.on_demand_ask);
  }
  if (settings.told.contains("on-demand-per-hour") && !options.on_demand.is_on()) {
    throw Error(ErrorCode::config, "--on-demand-per-hour without --on-demand or --on-demand-ask",
                "say which names may be had: --on-demand '*.example.com'");
  }
  options.on_event = std::move(events);
  return options;
}

std::unique_ptr<acme::Store> open_existing_store(const Settings& settings, Clock& clock) {
  const std::filesystem::path path = store_path(settings);
  std::error_code ignored;  // a folder that may not be looked into is there: opening says why
  if (std::filesystem::status(path, ignored).type() == std::filesystem::file_type::not_found) {
    return nullptr;
  }
  return acme::open_file_store(path, clock);
}

std::unique_ptr<acme::Store> open_store_that_exists(const Settings& settings, Clock& clock) {
  std::unique_ptr<acme::Store> store = open_existing_store(settings, clock);
  if (store) return store;
  throw Error(ErrorCode::config, "there is no store at \"" + store_path(settings).string() + "\"",
              "--store DIR says where it is");
}

}  // namespace autohttps::tools
