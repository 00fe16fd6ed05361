// Back to a certificate that was in place before.
#pragma once

#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/clock.h>

#include <cstdint>
#include <optional>
#include <string>

namespace autohttps::acme {

// Why this generation may not be in place: it expired, was revoked, or is not what the
// certificate's wish asks for (names, CA, key type), which the next renewal would at once undo.
// Empty: it may.
std::string unfit(const CertificateStore&, const CertificateSpec&, const Generation&, WallTime now);

// Points `current` there and returns it. Without a number: the newest one before the current one
// that may be. Throws Error(config) that says why not and which ones may.
Generation roll_back(CertificateStore&, const StoreLock&, const std::string& id,
                     std::optional<std::uint64_t> number, WallTime now);

}  // namespace autohttps::acme
