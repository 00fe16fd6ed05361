#include <autohttps/tools/autohttps/options.h>

#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/tools/autohttps/option_values.h>
#include <autohttps/tools/autohttps/site_values.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace autohttps::tools {
namespace {

constexpr unsigned bit(Verb verb) { return 1u << static_cast<unsigned>(verb); }

constexpr unsigned kSetup = bit(Verb::setup);
constexpr unsigned kUninstall = bit(Verb::uninstall);
constexpr unsigned kObtain = bit(Verb::obtain);
constexpr unsigned kRenew = bit(Verb::renew);
constexpr unsigned kServe = bit(Verb::serve);
constexpr unsigned kPromote = bit(Verb::promote);
constexpr unsigned kWish = kObtain | kServe | kSetup;  // says what certificate is wanted
constexpr unsigned kPersist = bit(Verb::dns_persist);
constexpr unsigned kCa = kWish | kPromote | kPersist;   // says which CA
constexpr unsigned kIssue = kCa | kRenew;               // may talk to a CA
constexpr unsigned kRun = kObtain | kRenew | kPromote;  // ends with an outcome per certificate
constexpr unsigned kDelete = bit(Verb::remove);
constexpr unsigned kAccount = bit(Verb::account);
constexpr unsigned kRevoke = bit(Verb::revoke);
constexpr unsigned kConfig = bit(Verb::config);
constexpr unsigned kAll = ~0u;
constexpr unsigned kConfigured = kAll & ~bit(Verb::version) & ~bit(Verb::completion);
constexpr unsigned kStore = kConfigured & ~kConfig;

constexpr long kDay = 86400;  // seconds

constexpr Option kOptions[] = {
    {"domain", 'd', ValueKind::list, Scope::one_site, "NAME", kWish, add_names,
     "a name for the certificate; may be repeated, the same as DOMAIN", &Settings::names},
    {"name", 0, ValueKind::text, Scope::one_site, "NAME", kObtain | kSetup,
     set_text<&Settings::name>,
     "what the certificate is called in the store (default: its first domain)"},
    {"server", 0, ValueKind::text, Scope::every_site, "URL|NAME", kCa | kAccount, set_server,
     "the CA: letsencrypt (the default), zerossl, google, ssl.com, the NAME of a [ca.NAME] table "
     "of "
     "the configuration, or an ACME directory's URL"},
    {"fallback-server", 0, ValueKind::list, Scope::every_site, "URL|NAME", kCa, add_fallback_server,
     "another CA, asked when those before are not there or have had enough of us; may be repeated",
     &Settings::fallback_servers},
    {"challenge", 0, ValueKind::text, Scope::every_site, "TYPE", kWish, set_challenge,
     "how the CA is shown that the names are yours: http-01, tls-alpn-01, dns-01 or "
     "dns-persist-01 (default: what can work here)"},
    {"staging", 0, ValueKind::flag, Scope::every_site, "", kStore, set_flag<&Settings::staging>,
     "Let's Encrypt's test CA, in a store of its own below the store: certificates that no browser "
     "trusts, without the limits"},
    {"ca-bundle", 0, ValueKind::text, Scope::every_site, "FILE", kCa | kAccount | kRevoke,
     set_text<&Settings::ca_bundle>,
     "PEM file with the roots to trust when talking to the CA (default: the system's)"},
    {"ca-proxy", 0, ValueKind::text, Scope::every_site, "URL", kCa | kAccount | kRevoke,
     set_text<&Settings::ca_proxy>, "proxy to reach the CA through"},
    {"email", 0, ValueKind::text, Scope::every_site, "ADDRESS", kCa | kAccount, set_email,
     "contact for the CA's account (optional)"},
    {"agree-tos", 0, ValueKind::flag, Scope::every_site, "", kCa,
     set_flag<&Settings::agree_to_terms>, "you agree to the CA's terms of service"},
    {"limits", 0, ValueKind::text, Scope::every_site, "PRESET", kCa, set_limits,
     "how much may be asked of the CA: letsencrypt, letsencrypt-staging, conservative, none "
     "(default: letsencrypt for Let's Encrypt, conservative for others)"},
    {"key-type", 0, ValueKind::text, Scope::every_site, "TYPE", kWish | kAccount, set_key_types,
     "ec256, ec384, rsa2048, rsa3072 or rsa4096; two with a comma, as ec256,rsa2048, for clients "
     "of "
     "both kinds (default: ec256)"},
    {"profile", 0, ValueKind::text, Scope::every_site, "NAME", kWish | kPersist,
     set_text<&Settings::profile>,
     "which of the CA's certificate profiles (default: the CA's own choice)"},
    {"webroot", 0, ValueKind::text, Scope::every_site, "DIR", kObtain | kSetup,
     set_text<&Settings::webroot>,
     "answer the CA by files in DIR/.well-known/acme-challenge of a running web server"},
    {"dns-hook", 0, ValueKind::text, Scope::every_site, "COMMAND", kWish, set_dns_hook,
     "answer the CA by DNS records (wildcards need it), which COMMAND sets and removes"},
    {"no-order", 0, ValueKind::flag, Scope::line, "", kPersist, set_flag<&Settings::no_order>,
     "with dns-persist record: do not make an order to ask the CA; its directory says less"},
    {"dns-resolver", 0, ValueKind::text, Scope::every_site, "ADDRESS", kWish | kPersist,
     set_text<&Settings::dns_resolver>,
     "where to ask for the servers of a zone, as in 192.0.2.53 or [2001:db8::53]:5353 (default: "
     "/etc/resolv.conf)"},
    {"dns-timeout", 0, ValueKind::duration, Scope::every_site, "SECONDS", kWish,
     set_duration<&Settings::dns_timeout, acme::kLongestDnsTimeout.count()>,
     "how long to wait until a record is seen at the servers of its zone (default: 180)"},
    {"csr", 0, ValueKind::text, Scope::line, "FILE", kObtain, set_text<&Settings::csr>,
     "your own certificate request (PEM or DER): its key stays with you, its names are the "
     "domains"},
    {"reuse-key", 0, ValueKind::flag, Scope::every_site, "", kWish, set_flag<&Settings::reuse_key>,
     "keep the private key at renewal (default: a new one each time)"},
    {"preferred-chain", 0, ValueKind::text, Scope::every_site, "NAME", kWish,
     set_text<&Settings::preferred_chain>,
     "the chain with an issuer of this common name, where the CA offers several"},
    {"eab-kid", 0, ValueKind::text, Scope::every_site, "ID", kCa | kAccount,
     set_text<&Settings::eab_kid>, "external account binding: the key id that the CA gave you"},
    {"eab-key-file", 0, ValueKind::text, Scope::every_site, "FILE", kCa | kAccount,
     set_text<&Settings::eab_key_file>,
     "file with the HMAC key that came with it, base64url; /dev/fd/N is an open descriptor"},
    {"eab-algorithm", 0, ValueKind::text, Scope::every_site, "NAME", kCa | kAccount,
     set_eab_algorithm, "HS256, HS384 or HS512 (default: HS256)"},
    {"root", 0, ValueKind::text, Scope::one_site, "DIR", kServe | kSetup, set_text<&Settings::root>,
     "serve the files of DIR (default: a small page)"},
    {"listing", 0, ValueKind::flag, Scope::one_site, "", kServe | kSetup,
     set_flag<&Settings::listing>, "list folders of --root that have no index.html"},
    {"reverse-proxy", 0, ValueKind::list, Scope::one_site, "URL", kServe | kSetup,
     add_reverse_proxy,
     "pass requests on to the server at URL, as in http://127.0.0.1:8080 or unix:/run/app.sock; "
     "repeated: several share them",
     &Settings::reverse_proxy},
    {"health-check", 0, ValueKind::text, Scope::one_site, "PATH", kServe | kSetup, set_health_check,
     "ask each --reverse-proxy for PATH now and then, and pass over who does not answer well"},
    {"upstream-ca-bundle", 0, ValueKind::text, Scope::every_site, "FILE", kServe | kSetup,
     set_text<&Settings::upstream_ca_bundle>,
     "PEM file with the roots to trust https:// upstreams by (default: the system's)"},
    {"upstream-timeout", 0, ValueKind::duration, Scope::every_site, "SECONDS", kServe | kSetup,
     set_upstream_timeout, "how long an upstream may be silent before a 504 (default: 60)"},
    {"trusted-proxy", 0, ValueKind::list, Scope::every_site, "ADDRESS", kServe | kSetup,
     add_trusted_proxy,
     "a proxy in front of this server, or a block of them as in 10.0.0.0/8, whose "
     "X-Forwarded-For is believed, by upstreams and in the log; may be repeated (default: "
     "nobody's)",
     &Settings::trusted_proxies},
    {"route", 0, ValueKind::list, Scope::line, "PREFIX=TARGET", kServe | kSetup, add_route,
     "what begins with PREFIX is answered by TARGET, an URL or a folder, as in "
     "/api=http://127.0.0.1:3000; may be repeated; in a file: a [[site.path]] table",
     &Settings::routes},
    {"strip-prefix", 0, ValueKind::flag, Scope::one_path, "", kServe | kSetup,
     set_flag<&Settings::strip_prefix>,
     "the upstream of a --route sees /x for PREFIX/x (default: all of it)"},
    {"redirect-to", 0, ValueKind::text, Scope::one_site, "HOST", kServe | kSetup, set_redirect_to,
     "send visitors of every other name on to https://HOST, path and query kept"},
    {"error-pages", 0, ValueKind::text, Scope::every_site, "DIR", kServe | kSetup,
     set_text<&Settings::error_pages>,
     "pages for what goes wrong: DIR/404.html, else DIR/4xx.html; for 5xx alike"},
    {"header", 0, ValueKind::list, Scope::every_site, "FIELD", kServe | kSetup, add_header,
     "\"Name: value\" for every answer of the site, instead of what it has by that name; \"Name:\" "
     "takes it away; may be repeated",
     &Settings::headers},
    {"security-headers", 0, ValueKind::flag, Scope::every_site, "", kServe | kSetup,
     set_flag<&Settings::security_headers>,
     "X-Content-Type-Options, Referrer-Policy and X-Frame-Options, where an answer has none"},
    {"hsts", 0, ValueKind::duration, Scope::every_site, "SECONDS", kServe | kSetup, set_hsts,
     "tell browsers to come by HTTPS alone for so long (true: a year; 0: to forget it). Who was "
     "told "
     "passes no warning and no http till then, and nothing here can take it back"},
    {"basic-auth", 0, ValueKind::text, Scope::every_site, "FILE", kServe | kSetup,
     set_text<&Settings::basic_auth>,
     "ask for a user and a password that FILE has, made by htpasswd -B"},
    {"compress", 0, ValueKind::flag, Scope::every_site, "", kServe | kSetup,
     set_flag<&Settings::compress>, "compress (gzip) text and its like for clients that take it"},
    {"max-body", 0, ValueKind::size, Scope::every_site, "MIB", kServe | kSetup, set_max_body,
     "the largest request body, in MiB, or as in 512K; a larger one is answered 413 (default: 64)"},
    {"pre", 0, ValueKind::list, Scope::every_site, "COMMAND", kWish, add_command<&Settings::pre>,
     "run before the CA is asked for a certificate; may be repeated; none: no more of them",
     &Settings::pre},
    {"deploy", 0, ValueKind::list, Scope::every_site, "COMMAND", kWish,
     add_command<&Settings::deploy>,
     "run when a new certificate is in place, as to reload a server; may be repeated",
     &Settings::deploy},
    {"failed", 0, ValueKind::list, Scope::every_site, "COMMAND", kWish,
     add_command<&Settings::failed>,
     "run when an attempt failed, as to tell somebody; may be repeated", &Settings::failed},
    {"bind", 0, ValueKind::text, Scope::program, "ADDRESS", kIssue, set_text<&Settings::bind>,
     "address to listen on (default: all, IPv6 and IPv4)"},
    {"http-port", 0, ValueKind::number, Scope::program, "PORT", kIssue,
     set_port<&Settings::http_port>,
     "port for the CA's questions and for redirects; the CA asks port 80 (default: 80)"},
    {"https-port", 0, ValueKind::number, Scope::program, "PORT", kIssue,
     set_port<&Settings::https_port>,
     "port for HTTPS, and for the CA's questions where they cannot come to the other one; the CA "
     "asks port 443 (default: 443)"},
    {"public-https-port", 0, ValueKind::number, Scope::program, "PORT", kServe,
     set_port<&Settings::public_https_port>,
     "the port clients see when it is forwarded to --https-port (default: the same)"},
    {"modern-tls", 0, ValueKind::flag, Scope::program, "", kServe, set_flag<&Settings::modern_tls>,
     "TLS 1.3 only (default: Mozilla's intermediate: 1.2 and 1.3)"},
    {"max-connections", 0, ValueKind::number, Scope::program, "N", kServe,
     set_size<&Settings::max_connections, 100'000>,
     "HTTPS connections at a time (default: what descriptors allow)"},
    {"max-connections-per-address", 0, ValueKind::number, Scope::program, "N", kServe,
     set_size<&Settings::max_connections_per_address, 100'000>,
     "of one address, IPv6 by /64 (default: half of all)"},
    {"on-demand", 0, ValueKind::list, Scope::program, "NAME", kServe, add_on_demand,
     "names (*.example.com: one label) whose certificate is had when a client first asks for one; "
     "may be repeated",
     &Settings::on_demand},
    {"on-demand-ask", 0, ValueKind::text, Scope::program, "URL", kServe,
     set_text<&Settings::on_demand_ask>,
     "asked as URL?domain=NAME before a certificate is had on demand, and before it is renewed: "
     "2xx is yes, 4xx no"},
    {"on-demand-per-hour", 0, ValueKind::number, Scope::program, "N", kServe,
     set_size<&Settings::on_demand_per_hour, 100'000>,
     "the most names that are begun on demand in an hour (default: 20)"},
    {"access-log", 0, ValueKind::text, Scope::program, "FILE", kServe,
     set_text<&Settings::access_log>,
     "write a line for each request to FILE, - for standard output; SIGUSR1 opens it anew after "
     "rotation (default: none)"},
    {"access-log-format", 0, ValueKind::text, Scope::program, "FORMAT", kServe,
     set_access_log_format, "common, combined or json (default: combined)"},
    {"metrics", 0, ValueKind::text, Scope::program, "ADDRESS", kServe, set_metrics,
     "answer GET /metrics (Prometheus) and /health there, for this machine alone, as in "
     "127.0.0.1:9180, [::1]:9180 or unix:/run/autohttps/metrics.sock (default: nowhere)"},
    {"config", 0, ValueKind::text, Scope::line, "FILE", kConfigured, set_text<&Settings::config>,
     "the configuration, and sites.d/*.toml beside it (default: /etc/autohttps/autohttps.toml)"},
    {"no-config", 0, ValueKind::flag, Scope::line, "", kStore, set_flag<&Settings::no_config>,
     "read no configuration file"},
    {"store", 0, ValueKind::text, Scope::program, "DIR", kStore, set_text<&Settings::store>,
     "where accounts, keys and certificates are kept (default: $STATE_DIRECTORY; "
     "/var/lib/autohttps for root; else $XDG_STATE_HOME/autohttps)"},
    {"www", 0, ValueKind::flag, Scope::line, "", kSetup, set_flag<&Settings::www>,
     "www.DOMAIN too, and send its visitors on to DOMAIN"},
    {"plan", 0, ValueKind::flag, Scope::line, "", kSetup | kUninstall, set_flag<&Settings::plan>,
     "say every change that would be made, and make none"},
    {"force", 0, ValueKind::flag, Scope::line, "", kRun | kSetup, set_flag<&Settings::force>,
     "issue although nothing is due; the CA's limits still hold; of setup: overwrite a site's file "
     "that was edited"},
    {"dry-run", 0, ValueKind::flag, Scope::line, "", kObtain | kRenew, set_flag<&Settings::dry_run>,
     "rehearse it with a test CA (Let's Encrypt's, or --server's) in a test store below the store; "
     "hooks are told by AUTOHTTPS_DRY_RUN=1; nothing else changes"},
    {"each", 0, ValueKind::flag, Scope::line, "", kObtain, set_flag<&Settings::each>,
     "a certificate of its own for each domain, instead of one for all"},
    {"at-once", 0, ValueKind::number, Scope::program, "N", kRun, set_at_once,
     "certificates to work on at a time (default: 8)"},
    {"lock-timeout", 0, ValueKind::duration, Scope::program, "SECONDS",
     kRun | kDelete | kRevoke | bit(Verb::retry) | bit(Verb::rollback) | kSetup,
     set_duration<&Settings::lock_timeout, kDay>,
     "how long to wait for another process that works on the same certificate (default: 60)"},
    {"reason", 0, ValueKind::text, Scope::line, "REASON", kRevoke, set_reason,
     "why: unspecified (the default), keyCompromise, affiliationChanged, superseded, "
     "cessationOfOperation or privilegeWithdrawn"},
    {"with-key", 0, ValueKind::flag, Scope::line, "", kRevoke, set_flag<&Settings::with_key>,
     "revoke by the certificate's own key instead of the account that ordered it"},
    {"yes", 'y', ValueKind::flag, Scope::line, "",
     kDelete | kSetup | kUninstall | kAccount | kRevoke, set_flag<&Settings::yes>, "do not ask"},
    {"json", 0, ValueKind::flag, Scope::line, "", kAll & ~kServe & ~bit(Verb::completion),
     set_flag<&Settings::json>, "print one JSON object on standard output"},
    {"warn", 0, ValueKind::number, Scope::line, "PERCENT", bit(Verb::status),
     set_percent<&Settings::warn>,
     "for monitoring: one line first, exit 1 when less of a certificate's life is left, or its "
     "hook "
     "failed, or another one is served (default: 20)"},
    {"crit", 0, ValueKind::number, Scope::line, "PERCENT", bit(Verb::status),
     set_percent<&Settings::crit>,
     "exit 2 when less of a certificate's life is left, or there is none (default: 10); exit 3: "
     "there are no certificates"},
    {"detailed-exitcode", 0, ValueKind::flag, Scope::line, "", kRun,
     set_flag<&Settings::detailed_exit_code>, "exit 10 instead of 0 when a certificate changed"},
    {"quiet", 'q', ValueKind::flag, Scope::program, "", kAll, set_flag<&Settings::quiet>,
     "print errors and what was asked for, no steps"},
    {"verbose", 'v', ValueKind::flag, Scope::program, "", kAll, set_flag<&Settings::verbose>,
     "print more of what happens"},
    {"help", 'h', ValueKind::flag, Scope::line, "", kAll, set_flag<&Settings::help>, "this text"},
};

}  // namespace

std::span<const Option> options() noexcept { return kOptions; }

bool is_of_path(const Option& option) noexcept {
  constexpr std::array<std::string_view, 12> kOfPath = {"root",
                                                        "listing",
                                                        "reverse-proxy",
                                                        "health-check",
                                                        "upstream-ca-bundle",
                                                        "upstream-timeout",
                                                        "trusted-proxy",
                                                        "header",
                                                        "basic-auth",
                                                        "compress",
                                                        "max-body",
                                                        "error-pages"};
  return option.scope == Scope::one_path ||
         std::ranges::find(kOfPath, option.name) != kOfPath.end();
}

bool is_path(const Option& option) noexcept {
  return option.value_name == "DIR" || option.value_name == "FILE";
}

bool takes(Verb verb, const Option& option) noexcept { return (option.verbs & bit(verb)) != 0; }

const Option* find_option(std::string_view name) noexcept {
  const auto found = std::ranges::find(kOptions, name, &Option::name);
  return found == std::end(kOptions) ? nullptr : &*found;
}

std::string config_key(const Option& option) {
  if (option.name == "domain") return "names";  // a list reads so
  std::string key(option.name);
  std::ranges::replace(key, '-', '_');
  return key;
}

std::string environment_name(const Option& option) {
  std::string name = "AUTOHTTPS_" + std::string(option.name);
  for (char& letter : name) {
    if (letter == '-') letter = '_';
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return name;
}

}  // namespace autohttps::tools
