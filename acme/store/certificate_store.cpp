#include <autohttps/acme/store/certificate_store.h>

#include <autohttps/acme/store/certificate_documents.h>
#include <autohttps/acme/store/generation_files.h>
#include <autohttps/acme/store/keys.h>
#include <autohttps/acme/store/name_index.h>
#include <autohttps/acme/store/part_keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace autohttps::acme {
namespace {

using Survives = Store::Survives;

constexpr std::size_t kGenerationsKept = 5;  // DESIGN 4
constexpr std::string_view kCertificates = "certificates";
constexpr std::array kKeyTypes = {KeyType::ec256, KeyType::ec384, KeyType::rsa2048,
                                  KeyType::rsa3072, KeyType::rsa4096};

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

// The newest that was finished and is whole, `except` aside.
std::optional<LoadedGeneration> newest_whole(const Store& store, std::string_view id,
                                             const std::vector<std::uint64_t>& numbers,
                                             std::optional<std::uint64_t> except) {
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    if (except == *number) continue;
    try {
      LoadedGeneration loaded = load_generation(store, folder_of(id, *number), *number);
      if (loaded.has_meta) return loaded;
    } catch (const Error&) {
      // Not whole: the next older one.
    }
  }
  return std::nullopt;
}

std::vector<Identifier> names_of(const Generation& generation) {
  std::vector<Identifier> names;
  for (const GenerationPart* part : generation.parts()) {
    for (const Identifier& name : part->meta.names) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

// The new part, and what comes along, in the wish's order.
std::vector<PartFiles> parts_to_write(const Store& store, const std::string& folder,
                                      const Generation* before, PartFiles added, WallTime now,
                                      const std::vector<KeyType>& types) {
  std::vector<PartFiles> parts;
  for (const KeyType type : types) {
    if (type == added.type) {
      parts.push_back(added);
      continue;
    }
    const GenerationPart* part = before == nullptr ? nullptr : before->part(type);
    if (part == nullptr || part->key->not_after() <= now) continue;
    parts.push_back(part_files(store, folder, *before, *part));
  }
  if (std::find(types.begin(), types.end(), added.type) == types.end()) {
    parts.insert(parts.begin(), std::move(added));
  }
  return parts;
}

std::optional<std::uint64_t> pointed(const Store& store, std::string_view id) {
  const std::optional<std::string> target = store.target(pointer_of(id));
  return target ? parse_generation_target(*target) : std::nullopt;
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
  const auto add = [&](const std::string& key) {
    all += "\n" + store_.get(key).value_or(std::string());
  };
  add(key_of(id, "spec.json"));
  // A look costs a single certificate no look at the states that only pairs have.
  if (all.find("\"key_types\"") != std::string::npos) {
    for (const KeyType type : kKeyTypes) add(state_of(id, type));
  }
  add(state_of(id, {}));
  add(hooks_of(id, std::nullopt));
  add(hooks_of(id, number));
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
      LoadedGeneration loaded = load_generation(store_, folder_of(id, *number), *number);
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
    return load_generation(store_, folder_of(id, number), number).generation;
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
                                    const Bundle& bundle, std::string_view cause, WallTime now,
                                    const std::vector<KeyType>& types) {
  const auto key = CertifiedKey::from_pem(bundle.chain_pem, bundle.key_pem);  // I2, whoever called
  const std::optional<std::uint64_t> before = pointed(store_, id);
  const std::optional<Generation> old = current(id);
  std::vector<PartFiles> parts = parts_to_write(
      store_, old ? folder_of(id, old->number) : std::string(), old ? &*old : nullptr,
      {key->key().type(),
       bundle.chain_pem,
       bundle.key_pem,
       {bundle.ca, bundle.account, bundle.names, now, std::string(cause), {}}},
      now, types);
  std::vector<Identifier> names;
  for (const PartFiles& part : parts) {
    names.insert(names.end(), part.meta.names.begin(), part.meta.names.end());
  }
  // Numbers are never used twice: beyond leftovers of a crash, and beyond what a dangling pointer
  // says.
  const std::vector<std::uint64_t> numbers = generations(id);
  const std::uint64_t number =
      std::max(before.value_or(0), numbers.empty() ? 0 : numbers.back()) + 1;
  try {
    write_generation(store_, folder_of(id, number), parts);
    store_.point(lock, pointer_of(id), generation_target(number));
  } catch (const Error&) {
    if (pointed(store_, id) != number) discard(id, number);
    throw;
  }
  settle(id, number, before.value_or(0), names, old ? names_of(*old) : std::vector<Identifier>());
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
    load_generation(store_, folder_of(id, number), number);
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
  if (const auto now = current(id)) release_names(store_, id, names_of(*now), {});
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
  for (const GenerationPart* part : generation.parts()) {
    if (!is_elsewhere(part->key->key())) credentials->keys.push_back(part->key);
  }
  credentials->loads_again = loads_again;
  return credentials;
}

}  // namespace autohttps::acme
