// From names to a bundle.
#pragma once

#include <autohttps/acme/protocol/types.h>
#include <autohttps/acme/store/bundle.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/identifier.h>

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace autohttps::acme {

struct IssueRequest {
  std::string certificate;  // id, for messages
  std::vector<Identifier> names;
  KeyType key_type = KeyType::ec256;
  std::optional<std::string> profile;
  std::optional<std::string>
      replaces{};                        // RFC 9773 4.1: CertID of the certificate that this renews
  std::optional<std::string> key_pem{};  // the key to use again; empty: a new one. A secret
  std::optional<std::string> csr_der{};  // the user's own; empty: made from key and names
  std::string preferred_chain{};         // an issuer's common name; empty: the CA's own choice
};

// The order under way with its key, on disk before finalize: a crash costs no second certificate
// (RELIABILITY F14, F28, I4).
struct OrderJournal {
  virtual ~OrderJournal() = default;
  virtual std::optional<Pending> load() = 0;
  virtual void save(const Pending&) = 0;
  virtual void clear() = 0;
};

// What an attempt may still ask of a CA. Called before each request that costs; throws
// Error(rate_limited) with retry_at() and the rule in words when it would go over, Error(storage)
// when it cannot be written down.
struct Budget {
  virtual ~Budget() = default;
  // Those that replace a certificate are the order and its certificate of an order that names what
  // it replaces and that the CA took as such (RFC 9773 5): beyond the usual limits.
  enum class Spend {
    new_account,
    new_order,
    certificate,
    failed_validation,
    replacing_order,
    replacing_certificate
  };
  virtual void spend(Spend, const std::vector<Identifier>& names, std::stop_token) = 0;
};

// Thread-safe, waits minutes (at most 15, RELIABILITY I7). Takes up the journal's order when it is
// for the same CA, account, names and key type and still alive at the CA; leaves no challenge
// answer up; the bundle is as the CA sent it, not yet checked. The journal is left for the caller
// to clear once the bundle is saved, and cleared here when the order is dead. Throws ProblemError
// (the CA's words) or Error.
struct Issuer {
  virtual ~Issuer() = default;
  virtual Bundle issue(const IssueRequest&, OrderJournal&, std::stop_token) = 0;
  // RFC 9773 4.1: one question, unsigned; no account, no order, no budget. `certificate`: its
  // CertID. Empty: the CA gives no renewal information. Throws ProblemError or Error, also for a
  // window that makes no sense.
  virtual std::optional<RenewalInfo> renewal_info(const std::string& certificate, std::stop_token) {
    (void)certificate;
    return std::nullopt;
  }
};

}  // namespace autohttps::acme
