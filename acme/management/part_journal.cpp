#include <autohttps/acme/management/part_journal.h>

#include <autohttps/acme/store/key_types.h>
#include <autohttps/common/error.h>

namespace autohttps::acme {

std::optional<Pending> PartJournal::load() {
  return certificates_.pending(id_, further_type(types_, type_));
}

void PartJournal::save(const Pending& pending) {
  for (const KeyType other : types_) {
    if (other == type_) continue;
    const auto further = further_type(types_, other);
    const auto under_way = certificates_.pending(id_, further);
    if (under_way && under_way->order_url == pending.order_url) {
      certificates_.clear_pending(id_, further);
    }
  }
  certificates_.put_pending(id_, pending, further_type(types_, type_));
}

void PartJournal::clear() { certificates_.clear_pending(id_, further_type(types_, type_)); }

bool led_to(const Pending& pending, const GenerationPart& current) {
  try {
    // A key that is used again is no sign by itself: that order began before what it led to was
    // made.
    return PrivateKey::from_pem(pending.key_pem) == current.key->key() &&
           pending.created <= current.meta.created;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace autohttps::acme
