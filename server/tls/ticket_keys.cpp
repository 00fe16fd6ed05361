#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/tls/owned_data.h>
#include <autohttps/server/tls/ticket_keys.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <utility>

namespace autohttps {
namespace {

using EvpCipherPtr = std::unique_ptr<EVP_CIPHER, OpensslDeleter<EVP_CIPHER_free>>;

// Null: no randomness.
std::shared_ptr<const TicketKeys::Key> make_key(SteadyTime now) {
  auto key = std::make_shared<TicketKeys::Key>();
  key->made = now;
  const auto fill = [](auto& bytes) {
    return RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
  };
  const bool filled = RAND_bytes(key->name.data(), static_cast<int>(key->name.size())) == 1 &&
                      fill(key->cipher) && fill(key->mac);
  return filled ? key : nullptr;
}

// What a context has for its callback.
struct Seal {
  std::shared_ptr<TicketKeys> keys;
  EvpCipherPtr cipher;  // fetched once: OpenSSL would look it up by name for each ticket
};

bool set_mac_key(EVP_MAC_CTX* mac, const TicketKeys::Key& key) {
  std::array<unsigned char, 32> bytes = key.mac;  // OSSL_PARAM wants it writable
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes.data(), bytes.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  const bool good = EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return good;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb's answers.
constexpr int kFailed = -1;
constexpr int kUnknown = 0;
constexpr int kGood = 1;
constexpr int kGoodButRenew = 2;

int seal(const Seal& with, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  const std::shared_ptr<const TicketKeys::Key> key = with.keys->sealing();
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(with.cipher.get())) != 1) return kFailed;
  std::copy(key->name.begin(), key->name.end(), name);
  const bool good =
      EVP_EncryptInit_ex2(cipher, with.cipher.get(), key->cipher.data(), iv, nullptr) == 1 &&
      set_mac_key(mac, *key);
  return good ? kGood : kFailed;
}

int open(const Seal& with, bool single_use, const unsigned char* name, const unsigned char* iv,
         EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const auto [key, old] = with.keys->opening({name, sizeof TicketKeys::Key::name});
  if (!key) return kUnknown;  // a full handshake
  const bool good =
      set_mac_key(mac, *key) &&
      EVP_DecryptInit_ex2(cipher, with.cipher.get(), key->cipher.data(), iv, nullptr) == 1;
  if (!good) return kFailed;
  return old || single_use ? kGoodButRenew : kGood;
}

// No exception crosses this. In TLS 1.3 a client uses a ticket once (RFC 8446 C.4: else whoever
// watches can tell that two connections are of one client), and browsers do: without a new ticket
// in each resumed handshake every second one would be a full one, at more than a ticket's price.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int seals) {
  try {
    const Seal* with = OwnedByContext<Seal>::of(SSL_get_SSL_CTX(ssl));
    if (with == nullptr) return kFailed;
    if (seals != 0) return seal(*with, name, iv, cipher, mac);
    return open(*with, SSL_version(ssl) >= TLS1_3_VERSION, name, iv, cipher, mac);
  } catch (...) {
    return kFailed;
  }
}

}  // namespace

TicketKeys::Key::~Key() {
  OPENSSL_cleanse(cipher.data(), cipher.size());
  OPENSSL_cleanse(mac.data(), mac.size());
}

TicketKeys::TicketKeys(const Clock& clock) : clock_(clock) {
  keys_.push_back(make_key(clock.steady()));
  if (!keys_.front()) throw_openssl("making a key for session tickets");
}

// Without randomness the old key goes on: the next one to ask tries again.
void TicketKeys::rotate() {
  const SteadyTime now = clock_.steady();
  if (now - keys_.front()->made >= kSeals) {
    if (std::shared_ptr<const Key> made = make_key(now)) {
      keys_.insert(keys_.begin(), std::move(made));
    } else {
      ERR_clear_error();
    }
  }
  const auto expired = [&](const auto& key) { return now - key->made >= kOpens; };
  keys_.erase(std::remove_if(keys_.begin() + 1, keys_.end(), expired), keys_.end());
}

std::shared_ptr<const TicketKeys::Key> TicketKeys::sealing() {
  const std::lock_guard lock(mutex_);
  rotate();
  return keys_.front();
}

TicketKeys::Opening TicketKeys::opening(std::span<const unsigned char> name) {
  const std::lock_guard lock(mutex_);
  rotate();
  for (const std::shared_ptr<const Key>& key : keys_) {
    if (std::equal(name.begin(), name.end(), key->name.begin(), key->name.end())) {
      return {key, key != keys_.front()};
    }
  }
  return {};
}

void use_ticket_keys(SSL_CTX* context, std::shared_ptr<TicketKeys> keys) {
  constexpr const char* kDoing = "setting the keys of session tickets";
  auto seal = std::make_unique<Seal>();
  seal->keys = std::move(keys);
  seal->cipher.reset(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr));
  if (!seal->cipher) throw_openssl(kDoing);
  OwnedByContext<Seal>::give(context, std::move(seal), kDoing);
  if (SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) != 1) throw_openssl(kDoing);
  SSL_CTX_set_timeout(context, std::chrono::seconds(TicketKeys::kTicketLifetime).count());
}

}  // namespace autohttps
