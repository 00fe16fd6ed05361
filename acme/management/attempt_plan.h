// What is to be done about one key type of one certificate, and when. Pure: a function of what is
// on disk and of the time.
#pragma once

#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/clock.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace autohttps::acme {

struct AttemptPlan {
  enum class Step { nothing, wait, issue } step = Step::issue;
  std::string cause;             // issue: for meta.json: "first issue", "due", "names changed" ...
  std::string text;              // for a person: "valid for 59 more days, due in 29 days"
  std::optional<WallTime> next;  // nothing: when it is due; wait: when to try again
  bool binding = false;          // wait: a limit or the CA's wish
  std::string reason{};          // nothing: why then
  // nothing: when the CA is to be asked what it suggests; empty: never.
  std::optional<WallTime> poll{};
};

struct AttemptWish {
  bool person = false;  // skips back-off, never what binds
  bool force = false;   // issues although not due
  // Nobody looks again before: see would_be_missed().
  std::chrono::seconds until_next_look{0};
};

inline constexpr std::string_view kRevokedCause = "revoked";
inline constexpr std::string_view kSuggestedCause = "the CA suggests it";

// Why a part is not what the spec wishes for ("names changed"); empty: it is. More names than
// wished for are fine.
std::string unsatisfied(const CertificateSpec&, const GenerationPart&);

// "valid until 2027-02-01 (in 59 days)", "expired 2026-11-20 (4 days ago)".
std::string validity(const GenerationPart&, WallTime now);

// Its certificate was revoked (by `autohttps revoke`).
bool is_revoked(const CertificateState&, const GenerationPart&);
bool is_compromised(const CertificateState&, const GenerationPart&);  // because its key leaked

// When a part is due that is what is wished for: as the CA suggests, else by its lifetime.
Due due_of(const GenerationPart&, const CertificateState&, WallTime now);

// `current`: null when there is none. A next attempt further ahead than any rule of ours sets it
// was written by a clock that was wrong: it counts as now (RELIABILITY F37).
AttemptPlan plan_attempt(const CertificateSpec&, KeyType, const Generation* current,
                         const CertificateState&, const AttemptWish&, WallTime now);

}  // namespace autohttps::acme
