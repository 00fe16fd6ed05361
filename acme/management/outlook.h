// One certificate as a person wants to see it: what is, how good, what comes next. Read from the
// store alone.
#pragma once

#include <autohttps/acme/management/attempt_plan.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/clock.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Worst first: the order of `status`.
enum class Standing { expired, blocked, retrying, none_yet, renewing, due, ok };

std::string_view standing_name(Standing) noexcept;  // "ok" ... "none yet"; stable: --json has them

// Of one key type.
struct OutlookPart {
  KeyType key_type = KeyType::ec256;
  CertificateState state;
  AttemptPlan plan;  // of a run without wishes of its own
};

struct Outlook {
  std::string id;
  Standing standing = Standing::none_yet;
  std::optional<CertificateSpec> spec;  // empty: unreadable, see trouble
  CertificateState state;               // of the key type that there is most to say about
  std::vector<OutlookPart> parts;       // one for each key type of the wish, in its order
  std::optional<Generation> current;
  std::string trouble;           // what is wrong with the files, for people
  std::optional<WallTime> next;  // when something is next attempted
  std::string reason;            // why then
};

// A person has to look: it expired, attempts fail, there is none, or its files are damaged.
bool needs_a_person(const Outlook&) noexcept;

// What is in place of this key type; null: nothing.
const GenerationPart* part_in_place(const Outlook&, const OutlookPart&);

// What is in place was revoked: of this key type, of any.
bool is_revoked(const Outlook&, const OutlookPart&);
bool is_revoked(const Outlook&);

Outlook look_at(CertificateStore&, const std::string& id, WallTime now);

// What a run with this wish would do about it: of its key types, about that which needs it most.
AttemptPlan plan_of(const Outlook&, const AttemptWish&, WallTime now);

// A run would ask its CA what it suggests.
bool is_poll_due(const Outlook&, WallTime now);

// How much of its life is left, 0..1: of the key type with the least.
double life_left(const Generation&, WallTime now) noexcept;

}  // namespace autohttps::acme
