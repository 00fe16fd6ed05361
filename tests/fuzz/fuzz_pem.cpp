// The chain a CA sends.
#include <autohttps/common/certified_key.h>
#include <autohttps/common/pem.h>

#include "fuzz.h"

using namespace autohttps;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string key = PrivateKey::generate(KeyType::ec256).to_pem();
  const std::string_view text = text_of(data, size);
  may_refuse([&] {
    std::string again;
    const auto blocks = split_certificates(text);
    require(!blocks.empty() && blocks.size() <= 10);
    for (const std::string& block : blocks) again += block;
    require(split_certificates(again) == blocks);  // what is normal stays as it is
  });
  may_refuse([&] { CertifiedKey::from_pem(text, key); });
  return 0;
}
