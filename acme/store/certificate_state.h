// Plan and history: certificates/<id>/state.json, and state-<type>.json for further key types.
// Written by the manager under the certificate's lock.
#pragma once

#include <autohttps/common/clock.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

struct Failure {
  WallTime at;
  std::string code;  // code_name(), or the CA's problem type where there is one: "rateLimited"
  std::string text;
  std::string hint;
};

// What the CA last suggested for a certificate (RFC 9773). Kept across runs and restarts.
struct RenewalAdvice {
  std::string certificate;             // CertID: of any other certificate it says nothing
  std::optional<WallTime> start, end;  // the window; empty: nothing that makes sense was suggested
  std::optional<WallTime> pick;        // the moment in it, kept while the window is the same
  std::string explanation;             // a URL for people; empty: none
  std::optional<WallTime> next_poll;   // not asked again before
  int failures = 0;                    // polls in a row that brought nothing
  std::string trouble;                 // why the last of these did
};

// A certificate that we had revoked.
struct RevokedCertificate {
  std::string fingerprint;      // SHA-256
  bool key_compromise = false;  // its key is in other hands: no certificate has it again
  bool operator==(const RevokedCertificate&) const = default;
};

// Of one key type of a certificate.
struct CertificateState {
  int failures = 0;  // in a row; a success makes it 0
  std::optional<WallTime> last_attempt;
  std::optional<WallTime> last_success;
  std::optional<WallTime> next_attempt;  // not before; empty: as the lifetime rule says
  std::string
      next_reason;  // "2/3 of its life", "back-off after 3 failures", "the CA asked to wait"
  bool binding =
      false;  // next_attempt is the CA's Retry-After or a limit: not even a person skips it
  std::optional<Failure> last_failure;
  std::optional<RenewalAdvice> advice;
  std::vector<RevokedCertificate> revoked;  // the last ten: due if in place, and not put back there
  std::optional<double> jitter;  // 0..1, drawn once per generation: renewal moments of many spread
};

// Once; the oldest gives way.
void note_revoked(CertificateState&, const RevokedCertificate&);

std::string to_json_text(const CertificateState&);
CertificateState parse_certificate_state(std::string_view json);  // throws Error(protocol)

}  // namespace autohttps::acme
