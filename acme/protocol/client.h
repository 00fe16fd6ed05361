// RFC 8555, a method per operation. No polling, no policy, no state but the account's URL.
#pragma once

#include <autohttps/acme/protocol/account_key.h>
#include <autohttps/acme/protocol/transport.h>
#include <autohttps/acme/protocol/types.h>
#include <autohttps/common/clock.h>

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

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

  Order new_order(const NewOrder&, std::stop_token);                   // 7.4
  Order order(std::string_view url, std::stop_token);                  // 7.4, POST-as-GET
  Authorization authorization(std::string_view url, std::stop_token);  // 7.5
  Challenge respond(const Challenge&, std::stop_token);                // 7.5.1: body is exactly {}
  Order finalize(const Order&, std::string_view csr_der, std::stop_token);  // 7.4
  IssuedChain certificate(std::string_view url, std::stop_token);           // 7.4.2

  const AccountKey& key() const noexcept { return *key_; }

 private:
  std::string fresh_nonce(std::string_view doing, std::stop_token);
  HttpResponse post(std::string_view url, const std::string& payload, bool with_jwk,
                    std::string_view doing, std::stop_token, std::string_view accept = {});
  HttpResponse post_for_json(std::string_view url, const std::string& payload, bool with_jwk,
                             std::string_view doing, std::stop_token);
  Order read_order(const HttpResponse&, std::string url, std::string_view doing);
  std::string account_url() const;

  const std::shared_ptr<ClientSession> session_;
  Transport& transport_;
  Clock& clock_;
  const std::shared_ptr<const AccountKey> key_;

  mutable std::mutex mutex_;
  std::string account_url_;  // guarded by mutex_
};

}  // namespace autohttps::acme
