// spec.json, state.json and hooks.json, as a disk may have left them: the first byte says which.
#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/acme/store/certificate_state.h>
#include <autohttps/acme/store/hooks.h>

#include "fuzz.h"

using namespace autohttps;
using namespace autohttps::acme;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view json = text_of(data + 1, size - 1);
  may_refuse([&] {
    if (data[0] == 's') {
      const CertificateSpec spec = parse_certificate_spec("a.test", json);
      require(parse_certificate_spec("a.test", to_json_text(spec)) == spec);
    } else if (data[0] == 'h') {
      const HookRecords records = parse_hook_records(json);
      require(to_json_text(parse_hook_records(to_json_text(records))) == to_json_text(records));
    } else if (data[0] == 'c') {
      split_command(json);
    } else {
      const CertificateState state = parse_certificate_state(json);
      require(to_json_text(parse_certificate_state(to_json_text(state))) == to_json_text(state));
    }
  });
  return 0;
}
