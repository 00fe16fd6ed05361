#include <autohttps/acme/store/certificate_documents.h>

#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/timestamps.h>

#include <optional>

namespace autohttps::acme {
namespace {

constexpr std::string_view kMeta = "meta.json";
constexpr std::string_view kOrder = "order.json";

// What a person may not ask for, a file of ours may not say.
template <typename Parse>
auto as_damage(std::string_view what, const char* name, Parse parse) {
  try {
    return parse();
  } catch (const Error& error) {
    throw Error(ErrorCode::protocol,
                std::string(what) + ": \"" + name + "\": " + std::string(error.what()));
  }
}

}  // namespace

Json names_to_json(const std::vector<Identifier>& names) {
  Json list = Json::array();
  for (const Identifier& name : names) list.push_back(name.value);
  return list;
}

std::vector<Identifier> names_member(const Json& object, const char* name, std::string_view what) {
  const std::vector<std::string> texts = string_list(object, name, what);
  return as_damage(what, name, [&] { return parse_identifiers(texts); });
}

KeyType key_type_member(const Json& object, const char* name, std::string_view what) {
  const std::string text = string_member(object, name, what);
  return as_damage(what, name, [&] { return parse_key_type(text); });
}

WallTime time_member(const Json& object, const char* name, std::string_view what) {
  const std::optional<WallTime> time = optional_time(object, name, what);
  if (time) return *time;
  throw Error(ErrorCode::protocol, std::string(what) + ": the member \"" + name + "\" is missing");
}

Json key_types_to_json(const std::vector<KeyType>& types) {
  Json list = Json::array();
  for (const KeyType type : types) list.push_back(key_type_name(type));
  return list;
}

std::vector<KeyType> key_types_member(const Json& object, const char* name, std::string_view what) {
  const std::vector<std::string> texts = string_list(object, name, what);
  return as_damage(what, name, [&] {
    std::vector<KeyType> types;
    types.reserve(texts.size());
    for (const std::string& text : texts) types.push_back(parse_key_type(text));
    return types;
  });
}

std::string to_json_text(const GenerationMeta& meta) {
  Json object = {{"ca", meta.ca},
                 {"account", meta.account},
                 {"names", names_to_json(meta.names)},
                 {"created", format_rfc3339(meta.created)},
                 {"cause", meta.cause}};
  if (!meta.further.empty()) object["further_key_types"] = key_types_to_json(meta.further);
  return to_text(object);
}

GenerationMeta parse_generation_meta(std::string_view json) {
  const Json object = parse_json(json, kMeta);
  GenerationMeta meta;
  meta.ca = string_member(object, "ca", kMeta);
  meta.account = string_member(object, "account", kMeta);
  meta.names = names_member(object, "names", kMeta);
  meta.created = time_member(object, "created", kMeta);
  meta.cause = string_member(object, "cause", kMeta);
  meta.further = key_types_member(object, "further_key_types", kMeta);
  return meta;
}

std::string pending_order_text(const Pending& pending) {
  Json object = {{"ca", pending.ca},
                 {"account", pending.account},
                 {"order", pending.order_url},
                 {"names", names_to_json(pending.names)},
                 {"key_type", key_type_name(pending.key_type)},
                 {"key_hash", short_hash(pending.key_pem)},
                 {"created", format_rfc3339(pending.created)}};
  if (pending.replaces) object["replaces"] = *pending.replaces;
  return to_text(object);
}

Pending parse_pending(std::string_view order_json, std::string_view key_pem) {
  const Json object = parse_json(order_json, kOrder);
  Pending pending;
  pending.ca = string_member(object, "ca", kOrder);
  pending.account = string_member(object, "account", kOrder);
  pending.order_url = string_member(object, "order", kOrder);
  pending.names = names_member(object, "names", kOrder);
  pending.key_type = key_type_member(object, "key_type", kOrder);
  pending.created = time_member(object, "created", kOrder);
  pending.key_pem = key_pem;
  pending.replaces = optional_string(object, "replaces", kOrder);
  if (string_member(object, "key_hash", kOrder) != short_hash(key_pem)) {
    throw Error(ErrorCode::protocol, "order.json: the key beside it is another one");
  }
  PrivateKey::from_pem(key_pem);
  return pending;
}

}  // namespace autohttps::acme
