#include <autohttps/acme/management/rollback.h>

#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/management/attempt_plan.h>
#include <autohttps/acme/store/key_types.h>
#include <autohttps/common/error.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <vector>

namespace autohttps::acme {
namespace {

struct Candidate {
  std::uint64_t number = 0;
  std::optional<Generation> generation;  // empty: not whole
  std::string unfit;
};

std::vector<Candidate> candidates_of(const CertificateStore& certificates,
                                     const CertificateSpec& spec, WallTime now) {
  std::vector<Candidate> candidates;
  for (const std::uint64_t number : certificates.generations(spec.id)) {
    Candidate& candidate = candidates.emplace_back();
    candidate.number = number;
    candidate.generation = certificates.generation(spec.id, number);
    candidate.unfit = candidate.generation ? unfit(certificates, spec, *candidate.generation, now)
                                           : "its files are not whole";
  }
  return candidates;
}

std::string hint_for(const std::vector<Candidate>& candidates, std::uint64_t current,
                     const std::string& id) {
  std::string fit;
  for (const Candidate& candidate : candidates) {
    if (!candidate.unfit.empty() || candidate.number == current) continue;
    fit += (fit.empty() ? "" : ", ") + std::to_string(candidate.number);
  }
  if (!fit.empty()) return "these may be: " + fit + "; autohttps history " + id + " shows them";
  return "no other one may be; autohttps renew --force " + id + " issues a new one";
}

std::string undone(const std::string& changed) {
  return "the wish is another by now (" + changed + "), and the next renewal would undo it";
}

std::string unfit_part(const CertificateSpec& spec, const GenerationPart& part, WallTime now) {
  const CertifiedKey& key = *part.key;
  if (key.not_after() <= now) return "it expired " + format_rfc3339(key.not_after());
  if (key.not_before() > now) return "it is not valid before " + format_rfc3339(key.not_before());
  if (std::string trouble = trouble_with(key, spec.names); !trouble.empty()) return trouble;
  const std::string changed = unsatisfied(spec, part);
  if (changed.empty()) return {};
  return undone(changed);
}

[[noreturn]] void refuse(const std::string& id, const std::string& why, const std::string& hint) {
  throw Error(ErrorCode::config, "\"" + id + "\" is not rolled back: " + why, hint);
}

}  // namespace

std::string unfit(const CertificateStore& certificates, const CertificateSpec& spec,
                  const Generation& generation, WallTime now) {
  for (const KeyType type : spec.key_types) {
    const GenerationPart* part = generation.part(type);
    if (part != nullptr &&
        is_revoked(certificates.state(spec.id, further_type(spec.key_types, type)), *part)) {
      return "it was revoked";
    }
    const std::string why =
        part != nullptr
            ? unfit_part(spec, *part, now)
            : undone("key type changed: there is none of type " + std::string(key_type_name(type)));
    if (!why.empty()) return why;
  }
  return {};
}

Generation roll_back(CertificateStore& certificates, const StoreLock& lock, const std::string& id,
                     std::optional<std::uint64_t> number, WallTime now) {
  const auto spec = certificates.spec(id);
  if (!spec) refuse(id, "there is no such certificate", "autohttps list shows those there are");
  const auto current = certificates.current(id);
  const std::uint64_t in_place = current ? current->number : 0;
  std::vector<Candidate> candidates = candidates_of(certificates, *spec, now);
  const std::string hint = hint_for(candidates, in_place, id);
  Candidate* chosen = nullptr;
  for (Candidate& candidate : candidates) {
    const bool meant = number ? candidate.number == *number
                              : candidate.number < in_place && candidate.unfit.empty();
    if (meant) chosen = &candidate;
  }
  if (chosen == nullptr) {
    refuse(id,
           number ? "there is no generation " + std::to_string(*number)
                  : "there is no earlier generation that may be in place",
           hint);
  }
  const std::string what = "generation " + std::to_string(chosen->number);
  if (chosen->number == in_place) refuse(id, what + " is in place already", hint);
  if (!chosen->unfit.empty()) refuse(id, what + " may not be in place: " + chosen->unfit, hint);
  certificates.flip(lock, id, chosen->number);
  return std::move(*chosen->generation);
}

}  // namespace autohttps::acme
