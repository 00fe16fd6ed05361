#include <autohttps/acme/protocol/revocation.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <array>

namespace autohttps::acme {
namespace {

struct ReasonName {
  RevocationReason reason;
  std::string_view name;
};
constexpr std::array<ReasonName, 6> kReasons = {
    {{RevocationReason::unspecified, "unspecified"},
     {RevocationReason::key_compromise, "keyCompromise"},
     {RevocationReason::affiliation_changed, "affiliationChanged"},
     {RevocationReason::superseded, "superseded"},
     {RevocationReason::cessation_of_operation, "cessationOfOperation"},
     {RevocationReason::privilege_withdrawn, "privilegeWithdrawn"}}};

}  // namespace

std::string_view revocation_reason_name(RevocationReason reason) noexcept {
  return std::find_if(kReasons.begin(), kReasons.end(),
                      [&](const ReasonName& entry) { return entry.reason == reason; })
      ->name;
}

RevocationReason parse_revocation_reason(std::string_view text) {
  for (const ReasonName& entry : kReasons) {
    if (equals_ignoring_case(entry.name, text)) return entry.reason;
  }
  throw Error(ErrorCode::config, "\"" + printable(text, 60) + "\" is no reason for a revocation",
              "one of " + revocation_reasons());
}

std::string revocation_reasons() {
  std::string list;
  for (const ReasonName& entry : kReasons) {
    list += (list.empty() ? "" : ", ") + std::string(entry.name);
  }
  return list;
}

}  // namespace autohttps::acme
