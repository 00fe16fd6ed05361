// RFC 8555, a method per operation. No polling, no policy, no state but the account's URL.
#pragma once

#include <autohttps/acme/protocol/account_key.h>
#include <autohttps/acme/protocol/revocation.h>
#include <autohttps/acme/protocol/transport.h>
#include <autohttps/acme/protocol/types.h>
#include <autohttps/common/clock.h>

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// What all clients of one CA share: the directory, fetched once, and a bounded pool of nonces.
// Thread-safe.
class ClientSession {
 public:
  explicit ClientSession(const std::string& directory_url);  // throws Error(config) unless https
  ~ClientSession();
  const std::string& directory_url() const noexcept { return directory_url_; }

 private:
  friend class Client;
  struct Shared;
  std::string directory_url_;
  std::unique_ptr<Shared> shared_;
};

// Thread-safe; cheap to make: one per attempt, with that attempt's BudgetedTransport, on the CA's
// one session. Every method waits for one exchange with the CA: a badNonce is tried again with the
// error's own nonce, up to 16 times (6.5); a 429 or 503 is not. Throws ProblemError (the CA's
// words), Error(protocol) for an answer that RFC 8555 does not allow (other than https URLs among
// them, 6.1), Error(network), Error(canceled).
class Client {
 public:
  Client(std::shared_ptr<ClientSession> session, Transport&, Clock&,
         std::shared_ptr<const AccountKey>);

  Directory directory(std::stop_token);  // 7.1.1
  Account new_account(
      const NewAccount&,
      std::stop_token);               // 7.3; signs with the JWK, then use_account() with the answer
  void use_account(std::string url);  // the kid of all that follows
  Account account(std::stop_token);   // 7.3.2: what the CA has under our URL
  // 7.3.2; the answer says what the CA keeps, which may be none.
  Account update_contact(const std::vector<std::string>& contact, std::stop_token);
  // 7.3.5: the account's key from now on is `key`; this client goes on with the old one and is of
  // no use any more. Throws Error(config) when the CA has no keyChange.
  void change_key(const AccountKey& key, std::stop_token);
  Account deactivate_account(std::stop_token);  // 7.3.6: for ever

  Order new_order(const NewOrder&, std::stop_token);                   // 7.4
  Order order(std::string_view url, std::stop_token);                  // 7.4, POST-as-GET
  Authorization authorization(std::string_view url, std::stop_token);  // 7.5
  Challenge respond(const Challenge&, std::stop_token);                // 7.5.1: body is exactly {}
  Order finalize(const Order&, std::string_view csr_der, std::stop_token);        // 7.4
  IssuedChain certificate(std::string_view url, std::stop_token);                 // 7.4.2
  Authorization deactivate_authorization(std::string_view url, std::stop_token);  // 7.5.2

  // 7.6, by the account that ordered it, or by the certificate's own key. Revoked already is a
  // ProblemError (alreadyRevoked). Throws Error(config) when the CA has no revokeCert.
  void revoke(std::string_view certificate_der, std::optional<RevocationReason>, std::stop_token);
  void revoke(std::string_view certificate_der, std::optional<RevocationReason>,
              const PrivateKey& certificate_key, std::stop_token);

  // RFC 9773 4.1, unsigned. `certificate`: certificate_identifier(). Empty when the CA offers none
  // at all. A window that ends before it starts is Error(protocol): "clients MUST treat" it "as
  // though they had failed to receive any response".
  std::optional<RenewalInfo> renewal_info(std::string_view certificate, std::stop_token);

  const AccountKey& key() const noexcept { return *key_; }
  std::string account_url() const;  // throws Error(internal) before there is one

 private:
  // 6.2: who signs a request, and how the CA is told.
  struct Signer {
    const AccountKey& key;
    std::string account;  // goes as `kid`; empty: the key itself goes as `jwk`
  };

  Signer as_account() const { return {*key_, account_url()}; }
  Signer as_key() const { return {*key_, {}}; }
  std::string fresh_nonce(std::string_view doing, std::stop_token);
  HttpResponse get(const std::string& url, std::string_view doing, std::stop_token);
  HttpResponse post(std::string_view url, const std::string& payload, const Signer&,
                    std::string_view doing, std::stop_token, std::string_view accept = {});
  HttpResponse post_for_json(std::string_view url, const std::string& payload, const Signer&,
                             std::string_view doing, std::stop_token);
  Account change_account(const std::string& payload, std::string_view verb, std::stop_token);
  void revoke(std::string_view certificate_der, std::optional<RevocationReason>, const Signer&,
              std::stop_token);
  Order read_order(const HttpResponse&, std::string url, std::string_view doing);

  const std::shared_ptr<ClientSession> session_;
  Transport& transport_;
  Clock& clock_;
  const std::shared_ptr<const AccountKey> key_;

  mutable std::mutex mutex_;
  std::string account_url_;  // guarded by mutex_
};

}  // namespace autohttps::acme
