#include <autohttps/tools/autohttps/ca_settings.h>

#include <autohttps/acme/store/ca_presets.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/spelling.h>

#include <algorithm>
#include <string>
#include <vector>

namespace autohttps::tools {
namespace {

constexpr std::string_view kFirst = "letsencrypt";

std::string in_quotes(const std::string& text) { return "\"" + printable(text, 200) + "\""; }

bool is_url(const std::string& text) { return text.find("://") != std::string::npos; }

[[noreturn]] void throw_unknown(const std::string& said, const Settings& settings) {
  std::string tables;
  std::vector<std::string> names;
  for (const acme::CaPreset& preset : acme::ca_presets()) names.emplace_back(preset.name);
  for (const auto& [name, ca] : settings.cas) {
    tables += ", " + name;
    names.push_back(name);
  }
  const auto near = nearest(said, names);
  throw Error(ErrorCode::config, "there is no CA " + in_quotes(said),
              (near ? "did you mean \"" + *near + "\"? " : std::string()) + "there are " +
                  acme::ca_preset_names() + tables +
                  "; any other by its directory's URL, or by a [ca.NAME] table of the "
                  "configuration");
}

const CaSettings* table_of(const std::string& said, const Settings& settings) {
  const auto found = settings.cas.find(said);
  return found == settings.cas.end() ? nullptr : &found->second;
}

// A table that is called like a preset says more about that.
std::string url_of(const std::string& said, const Settings& settings) {
  const CaSettings* const table = table_of(said, settings);
  const std::string& name = table != nullptr && !table->server.empty() ? table->server : said;
  if (is_url(name)) return name;
  const acme::CaPreset* const preset = acme::find_ca_preset(name);
  if (preset == nullptr) throw_unknown(name, settings);
  return std::string(preset->directory_url);
}

CaOptions described(const std::string& said, const Settings& settings) {
  CaOptions ca;
  ca.server = url_of(said, settings);
  const CaSettings* const table = table_of(said, settings);
  if (table == nullptr) return ca;
  ca.ca_bundle = table->ca_bundle;
  ca.ca_proxy = table->ca_proxy;
  ca.email = table->email;
  ca.limits = table->limits;
  ca.agree_to_terms = table->agree_to_terms;
  ca.external_account.key_id = table->eab_kid;
  ca.external_account.key_file = table->eab_key_file;
  if (!table->eab_algorithm.empty()) ca.external_account.algorithm = table->eab_algorithm;
  return ca;
}

}  // namespace

bool is_ca_name(const std::string& text) {
  return !text.empty() && text.size() <= 50 && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

void check_ca(const std::string& value) {
  const std::string scheme = to_lower(value.substr(0, 8));
  if (scheme.starts_with("http://")) {
    throw Error(ErrorCode::config,
                "the CA's directory " + in_quotes(value) +
                    " is http: a certificate asked for over a connection that anyone can change "
                    "is worth nothing",
                "use the CA's https:// address; for a CA of your own that has a private "
                "certificate, add --ca-bundle FILE");
  }
  if (scheme == "https://" && value.size() > 8) return;
  if (acme::find_ca_preset(value) != nullptr || is_ca_name(value)) return;
  throw Error(ErrorCode::config, in_quotes(value) + " is no https:// URL and no CA's name",
              "for example --server https://acme-v02.api.letsencrypt.org/directory, which is also "
              "what is used without --server; known by name are " +
                  acme::ca_preset_names());
}

CaOptions first_ca(const Settings& settings) {
  const std::string said = settings.staging          ? std::string("letsencrypt-staging")
                           : settings.server.empty() ? std::string(kFirst)
                                                     : settings.server;
  CaOptions ca = described(said, settings);
  const auto settle = [&](const char* option, std::string& value, const std::string& general) {
    if (value.empty() || settings.told.contains(option)) value = general;
  };
  settle("ca-bundle", ca.ca_bundle, settings.ca_bundle);
  settle("ca-proxy", ca.ca_proxy, settings.ca_proxy);
  settle("email", ca.email, settings.email);
  settle("limits", ca.limits, settings.limits);
  settle("eab-kid", ca.external_account.key_id, settings.eab_kid);
  settle("eab-key-file", ca.external_account.key_file, settings.eab_key_file);
  if (!settings.eab_algorithm.empty()) ca.external_account.algorithm = settings.eab_algorithm;
  if (!ca.agree_to_terms || settings.told.contains("agree-tos")) {
    ca.agree_to_terms = settings.agree_to_terms;
  }
  return ca;
}

std::vector<CaOptions> fallback_cas(const Settings& settings) {
  std::vector<CaOptions> cas;
  cas.reserve(settings.fallback_servers.size());
  for (const std::string& said : settings.fallback_servers) {
    cas.push_back(described(said, settings));
  }
  return cas;
}

std::string directory_of(const Settings& settings) { return first_ca(settings).server; }

}  // namespace autohttps::tools
