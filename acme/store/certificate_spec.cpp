#include <autohttps/acme/store/certificate_spec.h>

#include <autohttps/acme/store/certificate_documents.h>
#include <autohttps/acme/store/key_types.h>
#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>

#include <algorithm>
#include <cstdint>

namespace autohttps::acme {
namespace {

constexpr std::string_view kSpec = "spec.json";
constexpr std::size_t kMostCas = 10;       // a list of fall-backs; no person writes more
constexpr std::size_t kMostCommands = 20;  // of one kind of hook

bool is_id_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

Json to_json(const CaSpec& ca) {
  return {{"directory_url", ca.directory_url},
          {"ca_bundle", ca.ca_bundle},
          {"proxy", ca.proxy},
          {"limits", ca.limits},
          {"email", ca.email},
          {"account_label", ca.account_label},
          {"terms_agreed", ca.terms_agreed}};
}

CaSpec parse_ca(const Json& object) {
  CaSpec ca;
  ca.directory_url = string_member(object, "directory_url", kSpec);
  ca.ca_bundle = optional_string(object, "ca_bundle", kSpec).value_or("");
  ca.proxy = optional_string(object, "proxy", kSpec).value_or("");
  ca.limits = optional_string(object, "limits", kSpec).value_or("");
  ca.email = optional_string(object, "email", kSpec).value_or("");
  ca.account_label = optional_string(object, "account_label", kSpec).value_or(ca.account_label);
  ca.terms_agreed = bool_or(object, "terms_agreed", false, kSpec);
  return ca;
}

std::vector<CaSpec> parse_cas(const Json& object) {
  const auto list = object.find("cas");
  if (list == object.end() || !list->is_array() || list->empty() || list->size() > kMostCas) {
    throw Error(ErrorCode::protocol, "spec.json: \"cas\" is not a list of 1 to 10 CAs");
  }
  std::vector<CaSpec> cas;
  for (const Json& element : *list) cas.push_back(parse_ca(element));
  return cas;
}

// Readers of before pairs know the first type only, by its own member.
std::vector<KeyType> parse_types(const Json& object) {
  const KeyType first = key_type_member(object, "key_type", kSpec);
  if (!object.contains("key_types")) return {first};
  std::vector<KeyType> types = key_types_member(object, "key_types", kSpec);
  try {
    check_key_types(types);
  } catch (const Error& error) {
    throw Error(ErrorCode::protocol, "spec.json: \"key_types\": " + std::string(error.what()));
  }
  return types;
}

Json to_json(const Hooks& hooks) {
  return {{"pre", hooks.pre}, {"deploy", hooks.deploy}, {"failed", hooks.failed}};
}

// One command may stand alone, without a list.
std::vector<std::string> commands_member(const Json& object, const char* name) {
  const auto member = object.find(name);
  std::vector<std::string> commands;
  if (member != object.end() && member->is_string()) {
    commands = {member->get<std::string>()};
  } else {
    commands = string_list(object, name, kSpec);
  }
  if (commands.size() <= kMostCommands) return commands;
  throw Error(ErrorCode::protocol,
              "spec.json: \"" + std::string(name) + "\" has more than 20 commands");
}

Hooks parse_hooks(const Json& object) {
  const auto hooks = object.find("hooks");
  if (hooks == object.end() || hooks->is_null()) return {};
  if (!hooks->is_object()) throw Error(ErrorCode::protocol, "spec.json: \"hooks\" is no object");
  return {commands_member(*hooks, "pre"), commands_member(*hooks, "deploy"),
          commands_member(*hooks, "failed")};
}

}  // namespace

std::string certificate_id(const Identifier& first_name) {
  std::string id = first_name.value;
  if (first_name.is_wildcard()) id.replace(0, 2, "_.");
  std::replace(id.begin(), id.end(), ':', '-');  // an IPv6 address
  // A DNS name may be longer than a folder's name.
  if (id.size() > kLongestKeyPart) id = id.substr(0, 160) + "-" + short_hash(id);
  return id;
}

void check_certificate_id(std::string_view id) {
  if (!id.empty() && id.size() <= kLongestKeyPart && id.front() != '.' &&
      std::all_of(id.begin(), id.end(), is_id_character)) {
    return;
  }
  throw Error(ErrorCode::config, in_quotes(id.substr(0, 100)) + " cannot name a certificate",
              "use letters, digits, \".\", \"_\" and \"-\", no \".\" in front, at most 200 in all");
}

std::string to_json_text(const CertificateSpec& spec) {
  Json cas = Json::array();
  for (const CaSpec& ca : spec.cas) cas.push_back(to_json(ca));
  Json object = {{"names", names_to_json(spec.names)},
                 {"cas", cas},
                 {"key_type", key_type_name(spec.key_types.front())},
                 {"webroot", spec.webroot}};
  if (spec.key_types.size() > 1) object["key_types"] = key_types_to_json(spec.key_types);
  if (spec.profile) object["profile"] = *spec.profile;
  const CertificateSpec plain;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) object[name] = value;
  };
  add("challenge", spec.challenge);
  add("dns_hook", spec.dns_hook);
  add("dns_resolver", spec.dns_resolver);
  add("preferred_chain", spec.preferred_chain);
  add("csr", spec.csr);
  if (spec.dns_timeout != plain.dns_timeout) object["dns_timeout"] = spec.dns_timeout.count();
  if (spec.reuse_key) object["reuse_key"] = true;
  if (!spec.hooks.empty()) object["hooks"] = to_json(spec.hooks);
  return to_text(object);
}

CertificateSpec parse_certificate_spec(std::string_view id, std::string_view json) {
  const Json object = parse_json(json, kSpec);
  CertificateSpec spec;
  spec.id = id;
  spec.names = names_member(object, "names", kSpec);
  spec.cas = parse_cas(object);
  spec.key_types = parse_types(object);
  spec.profile = optional_string(object, "profile", kSpec);
  const auto text = [&](const char* name) {
    return optional_string(object, name, kSpec).value_or(std::string());
  };
  spec.webroot = text("webroot");
  spec.challenge = text("challenge");
  spec.dns_hook = text("dns_hook");
  spec.dns_resolver = text("dns_resolver");
  spec.preferred_chain = text("preferred_chain");
  spec.csr = text("csr");
  spec.dns_timeout = std::chrono::seconds(
      std::clamp<std::int64_t>(integer_or(object, "dns_timeout", kDnsTimeout.count(), kSpec), 0,
                               kLongestDnsTimeout.count()));
  spec.reuse_key = bool_or(object, "reuse_key", false, kSpec);
  spec.hooks = parse_hooks(object);
  return spec;
}

}  // namespace autohttps::acme
