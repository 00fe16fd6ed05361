#include <autohttps/acme/store/certificate_store.h>

#include <autohttps/acme/store/certificate_documents.h>
#include <autohttps/acme/store/keys.h>
#include <autohttps/acme/store/name_index.h>
#include <autohttps/common/error.h>
#include <autohttps/common/pem.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace autohttps::acme {
namespace {

using Survives = Store::Survives;

constexpr std::size_t kGenerationsKept = 5;  // DESIGN 4
constexpr std::string_view kCertificates = "certificates";

std::string all_of(std::string_view id) {
  return std::string(kCertificates) + "/" + std::string(id);
}
std::string key_of(std::string_view id, std::string_view rest) {
  return all_of(id) + "/" + std::string(rest);
}
std::string pointer_of(std::string_view id) { return key_of(id, "current"); }
std::string folder_of(std::string_view id, std::uint64_t number) {
  return key_of(id, generation_target(number));
}
std::string hooks_of(std::string_view id, std::optional<std::uint64_t> generation) {
  return (generation ? folder_of(id, *generation) : all_of(id)) + "/hooks.json";
}
std::string mark_of(std::string_view id) { return "changes/" + std::string(id); }

std::string required(const Store& store, const std::string& key) {
  std::optional<std::string> text = store.get(key);
  if (text) return *std::move(text);
  throw Error(ErrorCode::storage, in_quotes(key) + " is missing");
}

struct LoadedGeneration {
  Generation generation;
  bool has_meta = true;     // it is written last: without it the generation was never finished
  std::string meta_damage;  // why meta is made up from the certificate
};

// Throws Error when there is no pair that belongs together.
LoadedGeneration load(const Store& store, std::string_view id, std::uint64_t number) {
  const std::string folder = folder_of(id, number);
  LoadedGeneration loaded;
  loaded.generation.number = number;
  loaded.generation.key = CertifiedKey::from_pem(required(store, folder + "/fullchain.pem"),
                                                 required(store, folder + "/privkey.pem"));
  try {
    const std::optional<std::string> meta = store.get(folder + "/meta.json");
    loaded.has_meta = meta.has_value();
    loaded.generation.meta = parse_generation_meta(required(store, folder + "/meta.json"));
  } catch (const Error& error) {
    // The pair is what handshakes need; without its CA's name it will be renewed when next looked
    // at.
    const CertifiedKey& key = *loaded.generation.key;
    loaded.generation.meta = {{}, {}, key.names(), key.not_before(), {}};
    loaded.meta_damage = error.what();
  }
  return loaded;
}

// The newest that was finished and is whole, `except` aside.
std::optional<LoadedGeneration> newest_whole(const Store& store, std::string_view id,
                                             const std::vector<std::uint64_t>& numbers,
                                             std::optional<std::uint64_t> except) {
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    if (except == *number) continue;
    try {
      LoadedGeneration loaded = load(store, id, *number);
      if (loaded.has_meta) return loaded;
    } catch (const Error&) {
      // Not whole: the next older one.
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> pointed(const Store& store, std::string_view id) {
  const std::optional<std::string> target = store.target(pointer_of(id));
  return target ? parse_generation_target(*target) : std::nullopt;
}

void write_generation(Store& store, const std::string& folder, const Bundle& bundle,
                      const GenerationMeta& meta) {
  const std::vector<std::string> certificates = split_certificates(bundle.chain_pem);
  std::string chain;
  for (std::size_t i = 1; i < certificates.size(); ++i) chain += certificates[i];
  // point() makes them durable together; meta.json last, the sign that the others are there.
  const auto put = [&](const char* name, std::string_view text) {
    store.put(folder + "/" + name, text, Survives::process_end);
  };
  put("fullchain.pem", certificates.front() + chain);
  put("chain.pem", chain);
  put("cert.pem", certificates.front());
  put("privkey.pem", bundle.key_pem);
  put("meta.json", to_json_text(meta));
}

}  // namespace

std::vector<std::string> CertificateStore::ids() const {
  std::vector<std::string> ids = listed();
  std::erase_if(ids, [&](const std::string& id) { return !has_wish(id); });
  return ids;
}

std::vector<std::string> CertificateStore::listed() const { return store_.list(kCertificates); }

bool CertificateStore::has_wish(std::string_view id) const {
  const std::vector<std::string> files = store_.list(all_of(id));
  return std::find(files.begin(), files.end(), "spec.json") != files.end();
}

bool CertificateStore::is_empty() const {
  const std::vector<std::string> all = listed();
  return std::none_of(all.begin(), all.end(), [&](const std::string& id) { return has_wish(id); });
}

std::size_t CertificateStore::stamp(std::string_view id) const {
  const std::string target = store_.target(pointer_of(id)).value_or(std::string());
  const std::optional<std::uint64_t> number = parse_generation_target(target);
  std::string all = target;
  for (const std::string& key : {key_of(id, "spec.json"), key_of(id, "state.json"),
                                 hooks_of(id, std::nullopt), hooks_of(id, number)}) {
    all += "\n" + store_.get(key).value_or(std::string());
  }
  return std::hash<std::string>()(all);
}

std::optional<CertificateSpec> CertificateStore::spec(std::string_view id) const {
  const std::string key = key_of(id, "spec.json");
  const std::optional<std::string> text = store_.get(key);
  if (!text) return std::nullopt;
  try {
    return parse_certificate_spec(id, *text);
  } catch (const Error& error) {
    throw Error(ErrorCode::storage,
                in_quotes(key) + " in the store " + in_quotes(store_.describe()) +
                    " cannot be read: " + error.what(),
                "repair it, or obtain the certificate again with the same --name");
  }
}

void CertificateStore::put_spec(const CertificateSpec& spec) {
  check_certificate_id(spec.id);
  store_.put(key_of(spec.id, "spec.json"), to_json_text(spec), Survives::power_cut);
  for (const Identifier& name : spec.names) {
    // A name that another certificate serves stays with it until this one can (add): never worse.
    const std::optional<std::string> owner = entry_of_name(store_, name.value);
    if (!owner || !pointed(store_, *owner)) claim_name(store_, spec.id, name);
  }
}

void CertificateStore::index_names(const CertificateSpec& spec) {
  claim_free_names(store_, spec.id, spec.names);
}

CertificateState CertificateStore::state(std::string_view id) const {
  const std::string key = key_of(id, "state.json");
  try {
    const std::optional<std::string> text = store_.get(key);
    return text ? parse_certificate_state(*text) : CertificateState();
  } catch (const Error& error) {
    store_.quarantine(key, error.what());
    return {};
  }
}

void CertificateStore::put_state(std::string_view id, const CertificateState& state,
                                 Survives survives) {
  store_.put(key_of(id, "state.json"), to_json_text(state), survives);
}

std::optional<Pending> CertificateStore::pending(std::string_view id) const {
  try {
    const std::optional<std::string> order = store_.get(key_of(id, "pending/order.json"));
    const std::optional<std::string> key = store_.get(key_of(id, "pending/privkey.pem"));
    if (!order && !key) return std::nullopt;
    if (order && key) return parse_pending(*order, *key);
    store_.quarantine(key_of(id, "pending"), "half of an order under way");
  } catch (const Error& error) {
    store_.quarantine(key_of(id, "pending"), error.what());
  }
  return std::nullopt;
}

void CertificateStore::put_pending(std::string_view id, const Pending& pending) {
  const std::string key = key_of(id, "pending/privkey.pem");
  if (store_.get(key) != pending.key_pem) store_.put(key, pending.key_pem, Survives::power_cut);
  store_.put(key_of(id, "pending/order.json"), pending_order_text(pending), Survives::power_cut);
}

void CertificateStore::clear_pending(std::string_view id) {
  store_.remove(key_of(id, "pending"), Survives::process_end);
}

std::optional<Generation> CertificateStore::current(std::string_view id,
                                                    std::string* trouble) const {
  const auto tell = [&](std::string text) {
    if (trouble != nullptr) *trouble = std::move(text);
  };
  tell({});
  const std::optional<std::uint64_t> number = pointed(store_, id);
  std::string why = in_quotes(pointer_of(id)) + " leads nowhere";
  if (number) {
    try {
      LoadedGeneration loaded = load(store_, id, *number);
      if (!loaded.meta_damage.empty()) tell(loaded.meta_damage);
      return std::move(loaded.generation);
    } catch (const Error& error) {
      why = "generation " + std::to_string(*number) + " is broken: " + error.what();
    }
  }
  const std::vector<std::uint64_t> numbers = generations(id);
  std::optional<LoadedGeneration> loaded = newest_whole(store_, id, numbers, number);
  if (loaded) {
    tell(why + "; using generation " + std::to_string(loaded->generation.number));
    return std::move(loaded->generation);
  }
  if (number) tell(why + "; no other generation is whole");
  return std::nullopt;
}

std::vector<std::uint64_t> CertificateStore::generations(std::string_view id) const {
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : store_.list(key_of(id, "generations"))) {
    if (const auto number = parse_generation(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<Generation> CertificateStore::generation(std::string_view id,
                                                       std::uint64_t number) const {
  try {
    return load(store_, id, number).generation;
  } catch (const Error&) {
    return std::nullopt;
  }
}

HookRecords CertificateStore::hook_records(std::string_view id,
                                           std::optional<std::uint64_t> generation) const {
  const std::string key = hooks_of(id, generation);
  try {
    const std::optional<std::string> text = store_.get(key);
    return text ? parse_hook_records(*text) : HookRecords();
  } catch (const Error& error) {
    store_.quarantine(key, error.what());
    return {};
  }
}

void CertificateStore::put_hook_records(std::string_view id,
                                        std::optional<std::uint64_t> generation,
                                        const HookRecords& records) {
  store_.put(hooks_of(id, generation), to_json_text(records), Survives::power_cut);
}

std::uint64_t CertificateStore::add(const StoreLock& lock, std::string_view id,
                                    const Bundle& bundle, std::string_view cause, WallTime now) {
  CertifiedKey::from_pem(bundle.chain_pem, bundle.key_pem);  // I2, whoever called
  const std::optional<std::uint64_t> before = pointed(store_, id);
  std::vector<Identifier> old_names;
  if (const auto old = current(id)) old_names = old->meta.names;
  // Numbers are never used twice: beyond leftovers of a crash, and beyond what a dangling pointer
  // says.
  const std::vector<std::uint64_t> numbers = generations(id);
  const std::uint64_t number =
      std::max(before.value_or(0), numbers.empty() ? 0 : numbers.back()) + 1;
  try {
    write_generation(store_, folder_of(id, number), bundle,
                     {bundle.ca, bundle.account, bundle.names, now, std::string(cause)});
    store_.point(lock, pointer_of(id), generation_target(number));
  } catch (const Error&) {
    if (pointed(store_, id) != number) discard(id, number);
    throw;
  }
  settle(id, number, before.value_or(0), bundle.names, old_names);
  return number;
}

// A full disk is not made fuller by what did not come about.
void CertificateStore::discard(std::string_view id, std::uint64_t number) {
  try {
    store_.remove(folder_of(id, number), Survives::process_end);
  } catch (const Error&) {
    // The next add() takes another number, and prunes.
  }
}

// After the flip nothing may fail the caller: the certificate is in place.
void CertificateStore::settle(std::string_view id, std::uint64_t number, std::uint64_t before,
                              const std::vector<Identifier>& names,
                              const std::vector<Identifier>& old_names) {
  try {
    mark(id, number);
    for (const Identifier& name : names) claim_name(store_, id, name);
    release_names(store_, id, old_names, names);
    prune(id, number, before);
  } catch (const Error&) {
    // The slow scan of the pointers tells the servers; names and pruning are caught up with next
    // time.
  }
}

void CertificateStore::mark(std::string_view id, std::uint64_t number) {
  store_.put(mark_of(id), std::to_string(number) + "\n", Survives::process_end);
}

// The one before stays whatever its number is: it is what a rollback goes back to.
void CertificateStore::prune(std::string_view id, std::uint64_t current, std::uint64_t before) {
  const std::vector<std::uint64_t> numbers = generations(id);
  std::size_t surplus = numbers.size() > kGenerationsKept ? numbers.size() - kGenerationsKept : 0;
  for (const std::uint64_t number : numbers) {
    if (surplus == 0) return;
    if (number == current || number == before) continue;
    store_.remove(folder_of(id, number), Survives::process_end);
    --surplus;
  }
}

void CertificateStore::flip(const StoreLock& lock, std::string_view id, std::uint64_t number) {
  try {
    load(store_, id, number);
  } catch (const Error& error) {
    throw Error(ErrorCode::storage, "generation " + std::to_string(number) + " of " +
                                        in_quotes(id) + " is not whole: " + error.what());
  }
  store_.remove(hooks_of(id, number));
  store_.point(lock, pointer_of(id), generation_target(number));
  mark(id, number);
}

std::optional<std::string> CertificateStore::id_for_name(std::string_view name) const {
  std::vector<std::string> ids = ids_for_name(name);
  if (ids.empty()) return std::nullopt;
  return std::move(ids.front());
}

std::vector<std::string> CertificateStore::ids_for_name(std::string_view name) const {
  return owners_of_name(store_, name);
}

void CertificateStore::remove(const StoreLock& lock, std::string_view id) {
  if (!lock.held()) {
    throw Error(ErrorCode::locked, "the lock on " + in_quotes(lock.name()) + " was lost",
                "try again");
  }
  if (const auto now = current(id)) release_names(store_, id, now->meta.names, {});
  try {
    if (const auto wish = spec(id)) release_names(store_, id, wish->names, {});
  } catch (const Error&) {
    // A wish that cannot be read can still be deleted; a name left over leads to nothing.
  }
  store_.remove(all_of(id));
  store_.remove(mark_of(id), Survives::process_end);  // last: servers look when it goes
}

std::unique_ptr<StoreLock> CertificateStore::lock(std::string_view id, SteadyTime give_up,
                                                  std::stop_token stop) {
  return store_.lock(all_of(id), give_up, std::move(stop));
}

std::unique_ptr<Subscription> CertificateStore::watch(
    std::function<void(std::string_view id)> call) {
  return store_.watch([call = std::move(call)](std::string_view pointer) {
    const std::vector<std::string_view> parts = split(pointer, '/');
    if (parts.size() == 3 && parts[0] == kCertificates) call(parts[1]);
  });
}

std::shared_ptr<const Credentials> CertificateStore::credentials(std::string_view id,
                                                                 const Generation& generation,
                                                                 bool loads_again) {
  auto credentials = std::make_shared<Credentials>();
  credentials->certificate = id;
  credentials->generation = generation.number;
  credentials->keys = {generation.key};
  credentials->loads_again = loads_again;
  return credentials;
}

}  // namespace autohttps::acme
