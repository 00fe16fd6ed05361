// What session tickets are sealed with: a new key every day, whatever becomes of certificates.
#pragma once

#include <autohttps/common/clock.h>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

typedef struct ssl_ctx_st SSL_CTX;

namespace autohttps {

// Thread-safe. Who has a key can open what was sealed with it (RFC 5077 5.5), and in TLS 1.2 read
// the connection: so it lives for days, in memory only, not as long as the process.
class TicketKeys {
 public:
  static constexpr std::chrono::hours kSeals{24};
  static constexpr std::chrono::hours kOpens{3 * 24};  // counted from its making, too
  static constexpr std::chrono::hours kTicketLifetime{24};

  struct Key {
    std::array<unsigned char, 16> name;  // in clear in the ticket
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    SteadyTime made;

    Key() = default;
    ~Key();  // leaves nothing in memory
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
  };
  struct Opening {
    std::shared_ptr<const Key> key;  // null: unknown or too old
    bool old = false;                // not the one that seals: a new ticket is due
  };

  // Keys change as they are asked for, by `clock`'s steady time: no jump of the wall clock matters.
  // Throws Error(crypto).
  explicit TicketKeys(const Clock& clock);

  std::shared_ptr<const Key> sealing();
  Opening opening(std::span<const unsigned char> name);

 private:
  void rotate();  // under mutex_

  const Clock& clock_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const Key>> keys_;  // newest first, never empty; guarded by mutex_
};

// Tickets of `context` are sealed by `keys` (AES-256-CBC, HMAC-SHA256: OpenSSL's own format), and
// good for kTicketLifetime. Keeps `keys` as long as the context lives. Throws Error(crypto).
void use_ticket_keys(SSL_CTX* context, std::shared_ptr<TicketKeys> keys);

}  // namespace autohttps
