// Names, from people and from CAs.
#include <autohttps/common/identifier.h>

#include "fuzz.h"

using namespace autohttps;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  may_refuse([&] {
    const Identifier identifier = Identifier::parse(text);
    require(Identifier::parse(identifier.value) == identifier);
    require(identifier.is_wildcard() || name_matches(identifier, identifier.value));
    require(identifier.value.find('/') == std::string::npos);
  });
  name_matches({Identifier::Type::dns, "*.a.test"}, text);
  return 0;
}
