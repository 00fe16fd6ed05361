// The order under way of one key type, in the store (not installed).
#pragma once

#include <autohttps/acme/issuance/issuer.h>
#include <autohttps/acme/store/certificate_store.h>

#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {

class PartJournal final : public OrderJournal {
 public:
  PartJournal(CertificateStore& certificates, std::string id, std::vector<KeyType> types,
              KeyType type)
      : certificates_(certificates), id_(std::move(id)), types_(std::move(types)), type_(type) {}

  std::optional<Pending> load() override;
  // Let's Encrypt gives the same pending order to whoever asks for the same names: one that another
  // key type had under way is this one's from now on, and no longer the other's. Gone from there
  // first: an order of nobody's is found again by asking for it, one of two's is finished with one
  // key and wanted with another.
  void save(const Pending&) override;
  void clear() override;

 private:
  CertificateStore& certificates_;
  const std::string id_;
  const std::vector<KeyType> types_;
  const KeyType type_;
};

// A crash after the flip leaves the order that led to the part in place: it must not count as the
// next one, which would bring the same certificate again.
bool led_to(const Pending&, const GenerationPart& current);

}  // namespace autohttps::acme
