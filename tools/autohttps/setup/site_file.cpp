#include <autohttps/tools/autohttps/setup/site_file.h>

#include <autohttps/acme/store/key_types.h>
#include <autohttps/common/sha256.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/site_contents.h>
#include <autohttps/tools/autohttps/site_values.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace autohttps::tools {
namespace {

constexpr std::string_view kMark = "# Made by `autohttps setup`";
constexpr std::string_view kPromise =
    ". Change it as you like: setup and uninstall then leave it alone. Mark: ";
constexpr std::size_t kMarkDigits = 16;  // against edits, not against forgers

// TOML's basic string.
std::string toml_quoted(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      result += '\\';
      result += letter;
    } else if (byte < ' ' || byte == 0x7f) {
      result += "\\u00";
      result += kDigits[byte >> 4];
      result += kDigits[byte & 15];
    } else {
      result += letter;
    }
  }
  return result + "\"";
}

std::string value_of(const std::string& text) { return toml_quoted(text); }
std::string value_of(std::chrono::seconds duration) { return std::to_string(duration.count()); }
std::string value_of(bool flag) { return flag ? "true" : "false"; }
std::string value_of(std::optional<bool> flag) { return value_of(flag.value_or(false)); }
std::string value_of(std::optional<std::chrono::seconds> duration) {
  return duration ? value_of(*duration) : value_of(false);
}
std::string size_text(std::uint64_t bytes) {
  constexpr unsigned kMebi = 20, kKibi = 10;
  const bool whole = bytes % (1U << kMebi) == 0;
  return whole ? std::to_string(bytes >> kMebi) : toml_quoted(std::to_string(bytes >> kKibi) + "K");
}
std::string value_of(const std::vector<KeyType>& types) {
  return toml_quoted(acme::key_types_text(types));
}

std::string value_of(const std::vector<std::string>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i)
    text += (i == 0 ? "" : ", ") + toml_quoted(values[i]);
  return text + "]";
}

// What a site and a path of one may say.
template <typename Add>
void add_contents(const Add& add) {
  add("root", &Settings::root);
  add("listing", &Settings::listing);
  add("reverse_proxy", &Settings::reverse_proxy);
  add("strip_prefix", &Settings::strip_prefix);
  add("health_check", &Settings::health_check);
  add("upstream_ca_bundle", &Settings::upstream_ca_bundle);
  add("upstream_timeout", &Settings::upstream_timeout);
  add("trusted_proxy", &Settings::trusted_proxies);
  add("error_pages", &Settings::error_pages);
  add("header", &Settings::headers);
  add("basic_auth", &Settings::basic_auth);
  add("compress", &Settings::compress);
}

std::string path_table(const Settings& path) {
  const Settings usual;
  std::string table = "\n[[path]]\nprefix = " + toml_quoted(path.prefix) + "\n";
  const auto add = [&](std::string_view key, auto member) {
    if (path.*member == usual.*member) return;
    table += std::string(key) + " = " + value_of(path.*member) + "\n";
  };
  add_contents(add);
  if (path.max_body) table += "max_body = " + size_text(*path.max_body) + "\n";
  return table;
}

// "--route" of the line is a table in the file.
Settings path_of(const Settings& site, const std::string& route) {
  const SitePath parsed = parse_route(route);
  Settings path;
  path.prefix = parsed.prefix;
  path.root = parsed.root.string();
  path.reverse_proxy = parsed.reverse_proxy;
  path.strip_prefix = site.strip_prefix && !parsed.reverse_proxy.empty();
  return path;
}

std::string body_of(const Settings& given, const Settings& above) {
  Settings site = given;
  site.strip_prefix = above.strip_prefix;  // of its paths alone
  std::string body;
  const auto add = [&](std::string_view key, auto member) {
    if (site.*member == above.*member) return;
    body += std::string(key) + " = " + value_of(site.*member) + "\n";
  };
  add("names", &Settings::names);
  add("name", &Settings::name);
  add("redirect_to", &Settings::redirect_to);
  add_contents(add);
  add("security_headers", &Settings::security_headers);
  add("hsts", &Settings::hsts);
  if (site.max_body != above.max_body) {
    body += "max_body = " + size_text(site.max_body.value_or(kUsualBody)) + "\n";
  }
  add("webroot", &Settings::webroot);
  add("server", &Settings::server);
  add("fallback_server", &Settings::fallback_servers);
  add("challenge", &Settings::challenge);
  add("staging", &Settings::staging);
  add("ca_bundle", &Settings::ca_bundle);
  add("ca_proxy", &Settings::ca_proxy);
  add("limits", &Settings::limits);
  add("email", &Settings::email);
  add("agree_tos", &Settings::agree_to_terms);
  add("key_type", &Settings::key_types);
  add("profile", &Settings::profile);
  add("dns_hook", &Settings::dns_hook);
  add("dns_resolver", &Settings::dns_resolver);
  add("preferred_chain", &Settings::preferred_chain);
  add("eab_kid", &Settings::eab_kid);
  add("eab_key_file", &Settings::eab_key_file);
  add("eab_algorithm", &Settings::eab_algorithm);
  add("dns_timeout", &Settings::dns_timeout);
  add("reuse_key", &Settings::reuse_key);
  add("pre", &Settings::pre);
  add("deploy", &Settings::deploy);
  add("failed", &Settings::failed);
  for (const Settings& path : site.paths) body += path_table(path);
  for (const std::string& route : site.routes) body += path_table(path_of(given, route));
  return body;
}

std::string mark_of(std::string_view body) { return sha256_hex(body).substr(0, kMarkDigits); }

}  // namespace

std::string site_text(const Settings& site, const Settings& above) {
  const std::string body = body_of(site, above);
  return std::string(kMark) + std::string(kPromise) + mark_of(body) + "\n" + body;
}

SiteFile kind_of_site_file(std::string_view text) {
  if (!text.starts_with(kMark)) return SiteFile::theirs;
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return SiteFile::edited;
  const std::string_view head = text.substr(0, end);
  return head.ends_with(mark_of(text.substr(end + 1))) ? SiteFile::ours : SiteFile::edited;
}

}  // namespace autohttps::tools
