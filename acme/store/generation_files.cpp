#include <autohttps/acme/store/generation_files.h>

#include <autohttps/acme/store/certificate_documents.h>
#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/common/pem.h>

#include <cstddef>
#include <optional>
#include <utility>

namespace autohttps::acme {
namespace {

using Survives = Store::Survives;

std::string expected(std::optional<std::string> text, const std::string& key) {
  if (text) return *std::move(text);
  throw Error(ErrorCode::storage, in_quotes(key) + " is missing");
}

std::string required(const Store& store, const std::string& key) {
  return expected(store.get(key), key);
}

// privkey.pem, or the user's own request in its place: a certificate to look at, not to serve.
std::string required_key(const Store& store, const std::string& folder) {
  const std::string place = folder + "/privkey.pem";
  std::optional<std::string> key = store.get(place);
  if (!key) {
    if (auto request = store.get(folder + "/csr.pem"); request && is_request(*request)) {
      return *std::move(request);
    }
  }
  if (key && is_request(*key)) {
    throw Error(ErrorCode::storage, in_quotes(place) + " holds no private key");
  }
  return expected(std::move(key), place);
}

std::shared_ptr<const CertifiedKey> load_key(const Store& store, const std::string& folder) {
  return CertifiedKey::from_pem(required(store, folder + "/fullchain.pem"),
                                required_key(store, folder));
}

std::string folder_of(const std::string& generation, KeyType type) {
  return generation + "/" + std::string(key_type_name(type));
}

void write_part(Store& store, const std::string& folder, const PartFiles& part) {
  const std::vector<std::string> certificates = split_certificates(part.chain_pem);
  std::string chain;
  for (std::size_t i = 1; i < certificates.size(); ++i) chain += certificates[i];
  const auto put = [&](const char* name, std::string_view text) {
    store.put(folder + "/" + name, text, Survives::process_end);
  };
  put("fullchain.pem", certificates.front() + chain);
  put("chain.pem", chain);
  put("cert.pem", certificates.front());
  put(is_request(part.key_pem) ? "csr.pem" : "privkey.pem", part.key_pem);
  put("meta.json", to_json_text(part.meta));
}

void load_further(const Store& store, const std::string& folder, Generation& generation) {
  for (const KeyType type : generation.meta.further) {
    const std::string below = folder_of(folder, type);
    try {
      GenerationPart part;
      part.key = load_key(store, below);
      part.meta = parse_generation_meta(required(store, below + "/meta.json"));
      generation.further.push_back(std::move(part));
    } catch (const Error& error) {
      generation.damage += (generation.damage.empty() ? "" : "; ") + std::string(error.what());
    }
  }
}

}  // namespace

const GenerationPart* Generation::part(KeyType type) const {
  for (const GenerationPart* part : parts()) {
    if (part->key->key().type() == type) return part;
  }
  return nullptr;
}

std::vector<const GenerationPart*> Generation::parts() const {
  std::vector<const GenerationPart*> all{this};
  for (const GenerationPart& part : further) all.push_back(&part);
  return all;
}

LoadedGeneration load_generation(const Store& store, const std::string& folder,
                                 std::uint64_t number) {
  LoadedGeneration loaded;
  loaded.generation.number = number;
  loaded.generation.key = load_key(store, folder);
  try {
    const std::string place = folder + "/meta.json";
    std::optional<std::string> meta = store.get(place);
    loaded.has_meta = meta.has_value();
    loaded.generation.meta = parse_generation_meta(expected(std::move(meta), place));
  } catch (const Error& error) {
    // The pair is what handshakes need; without its CA's name it will be renewed when next looked
    // at.
    const CertifiedKey& key = *loaded.generation.key;
    loaded.generation.meta = {{}, {}, key.names(), key.not_before(), {}, {}};
    loaded.meta_damage = error.what();
  }
  load_further(store, folder, loaded.generation);
  return loaded;
}

PartFiles part_files(const Store& store, const std::string& folder, const Generation& generation,
                     const GenerationPart& part) {
  const KeyType type = part.key->key().type();
  const std::string from = &part == &generation ? folder : folder_of(folder, type);
  PartFiles files{type, required(store, from + "/fullchain.pem"), required_key(store, from),
                  part.meta};
  files.meta.further.clear();
  return files;
}

void write_generation(Store& store, const std::string& folder,
                      const std::vector<PartFiles>& parts) {
  PartFiles first = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    write_part(store, folder_of(folder, parts[i].type), parts[i]);
    first.meta.further.push_back(parts[i].type);
  }
  write_part(store, folder, first);
}

}  // namespace autohttps::acme
