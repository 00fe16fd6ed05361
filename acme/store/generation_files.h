// The files of one generation: read, proven to match, and written (not installed).
#pragma once

#include <autohttps/acme/store/certificate_store.h>

#include <cstdint>
#include <string>
#include <vector>

namespace autohttps::acme {

struct LoadedGeneration {
  Generation generation;
  bool has_meta = true;     // it is written last: without it the generation was never finished
  std::string meta_damage;  // why meta is made up from the certificate
};

// `folder`: certificates/<id>/generations/<number>. Throws Error when there is no pair in it that
// belongs together; a further part that is none is left out and told in `damage`.
LoadedGeneration load_generation(const Store&, const std::string& folder, std::uint64_t number);

// The files of one key type as they are to be written, `meta` aside.
struct PartFiles {
  KeyType type = KeyType::ec256;
  std::string chain_pem, key_pem;
  GenerationMeta meta;
};

// Those of a generation that is there, byte for byte. Throws Error(storage) when one is missing.
PartFiles part_files(const Store&, const std::string& folder, const Generation&,
                     const GenerationPart&);

// The first of `parts` into the folder itself, the others below it; meta.json last of all. Not made
// durable: point() does that.
void write_generation(Store&, const std::string& folder, const std::vector<PartFiles>& parts);

}  // namespace autohttps::acme
