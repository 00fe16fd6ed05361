// meta.json and pending/order.json as text, and what they share with spec.json (not installed).
#pragma once

#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/json.h>

#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Names as a list of strings; a name that could not be asked for is Error(protocol) like any other
// damage.
Json names_to_json(const std::vector<Identifier>&);
std::vector<Identifier> names_member(const Json& object, const char* name, std::string_view what);
KeyType key_type_member(const Json& object, const char* name, std::string_view what);
Json key_types_to_json(const std::vector<KeyType>&);
std::vector<KeyType> key_types_member(const Json& object, const char* name, std::string_view what);
WallTime time_member(const Json& object, const char* name, std::string_view what);

std::string to_json_text(const GenerationMeta&);
GenerationMeta parse_generation_meta(std::string_view json);  // throws Error(protocol)

// The key is a file of its own; order.json has its hash, so that a key and an order of two attempts
// are not taken for one.
std::string pending_order_text(const Pending&);
Pending parse_pending(std::string_view order_json,
                      std::string_view key_pem);  // throws Error(protocol | crypto)

}  // namespace autohttps::acme
