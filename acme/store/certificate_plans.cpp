// CertificateStore's part about what is planned and under way: state.json and pending/, and those
// of further key types.
#include <autohttps/acme/store/certificate_documents.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/acme/store/key_types.h>
#include <autohttps/acme/store/keys.h>
#include <autohttps/acme/store/part_keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/key_elsewhere.h>

#include <algorithm>
#include <utility>

namespace autohttps::acme {
namespace {

using Survives = Store::Survives;

struct Plans {
  KeyType type = KeyType::ec256;
  CertificateState state;
  std::optional<Pending> pending;
};

std::string of_part(std::string_view id, std::string_view name, std::optional<KeyType> further) {
  std::string key = "certificates/" + std::string(id) + "/" + std::string(name);
  if (further) key += "-" + std::string(key_type_name(*further));
  return key;
}

bool has(const std::vector<KeyType>& types, KeyType type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

std::string state_of(std::string_view id, std::optional<KeyType> further) {
  return of_part(id, "state", further) + ".json";
}

std::string pending_of(std::string_view id, std::optional<KeyType> further) {
  return of_part(id, "pending", further);
}

CertificateState CertificateStore::state(std::string_view id,
                                         std::optional<KeyType> further) const {
  const std::string key = state_of(id, further);
  try {
    const std::optional<std::string> text = store_.get(key);
    return text ? parse_certificate_state(*text) : CertificateState();
  } catch (const Error& error) {
    store_.quarantine(key, error.what());
    return {};
  }
}

void CertificateStore::put_state(std::string_view id, const CertificateState& state,
                                 Survives survives, std::optional<KeyType> further) {
  store_.put(state_of(id, further), to_json_text(state), survives);
}

void CertificateStore::rename_parts(std::string_view id, const std::vector<KeyType>& before,
                                    const std::vector<KeyType>& now) {
  std::vector<Plans> moving;  // their names change
  for (const KeyType type : before) {
    const auto from = further_type(before, type);
    if (has(now, type) && from == further_type(now, type)) continue;
    if (has(now, type)) moving.push_back({type, state(id, from), pending(id, from)});
  }
  for (const KeyType type : before) {
    const auto from = further_type(before, type);
    if (has(now, type) && from == further_type(now, type)) continue;
    // The plain names are taken over by the type that is first now, with what binds it, unless they
    // go with the type that had them.
    if (!from && !has(now, type)) continue;
    store_.remove(state_of(id, from));
    clear_pending(id, from);
  }
  for (const Plans& plans : moving) {
    const auto to = further_type(now, plans.type);
    put_state(id, plans.state, Survives::power_cut, to);
    if (plans.pending) put_pending(id, *plans.pending, to);
  }
}

std::optional<Pending> CertificateStore::pending(std::string_view id,
                                                 std::optional<KeyType> further) const {
  const std::string folder = pending_of(id, further);
  try {
    const std::optional<std::string> order = store_.get(folder + "/order.json");
    std::optional<std::string> key = store_.get(folder + "/privkey.pem");
    if (!key) key = store_.get(folder + "/csr.pem");
    if (!order && !key) return std::nullopt;
    if (order && key) return parse_pending(*order, *key);
    store_.quarantine(folder, "half of an order under way");
  } catch (const Error& error) {
    store_.quarantine(folder, error.what());
  }
  return std::nullopt;
}

void CertificateStore::put_pending(std::string_view id, const Pending& pending,
                                   std::optional<KeyType> further) {
  const std::string folder = pending_of(id, further);
  const std::string key = folder + (is_request(pending.key_pem) ? "/csr.pem" : "/privkey.pem");
  if (store_.get(key) != pending.key_pem) store_.put(key, pending.key_pem, Survives::power_cut);
  store_.put(folder + "/order.json", pending_order_text(pending), Survives::power_cut);
}

void CertificateStore::clear_pending(std::string_view id, std::optional<KeyType> further) {
  store_.remove(pending_of(id, further), Survives::process_end);
}

}  // namespace autohttps::acme
