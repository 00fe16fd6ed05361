#include <autohttps/acme/store/name_index.h>

#include <autohttps/acme/store/keys.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

constexpr std::size_t kLongestName = 253;  // of a host; addresses are shorter

// A wildcard's "*." is written "_.".
std::string name_key(std::string_view name) {
  std::string part(name);
  if (part.starts_with("*.")) part.front() = '_';
  return "names/" + key_part(part);
}

}  // namespace

std::optional<std::string> entry_of_name(const Store& store, std::string_view name) {
  std::optional<std::string> id = store.get(name_key(name));
  if (id && !is_key_part(*id)) id.reset();  // damaged
  return id;
}

std::vector<std::string> owners_of_name(const Store& store, std::string_view name) {
  // "_." is how a wildcard is written here, and no name that a client can ask for.
  if (name.empty() || name.size() > kLongestName || name.starts_with("_.")) return {};
  std::vector<std::string> owners;
  if (auto id = entry_of_name(store, name)) owners.push_back(*std::move(id));
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || name.starts_with("*.")) return owners;
  auto id = entry_of_name(store, "*" + std::string(name.substr(dot)));
  if (id && (owners.empty() || owners.front() != *id)) owners.push_back(*std::move(id));
  return owners;
}

void claim_name(Store& store, std::string_view id, const Identifier& name) {
  if (store.get(name_key(name.value)) == id) return;
  store.put(name_key(name.value), id, Store::Survives::power_cut);
}

void claim_free_names(Store& store, std::string_view id, const std::vector<Identifier>& names) {
  for (const Identifier& name : names) {
    if (!entry_of_name(store, name.value)) claim_name(store, id, name);
  }
}

void release_names(Store& store, std::string_view id, const std::vector<Identifier>& names,
                   const std::vector<Identifier>& kept) {
  for (const Identifier& name : names) {
    if (std::find(kept.begin(), kept.end(), name) != kept.end()) continue;
    if (store.get(name_key(name.value)) == id) store.remove(name_key(name.value));
  }
}

}  // namespace autohttps::acme
