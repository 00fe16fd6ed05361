#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/tls/attach.h>
#include <autohttps/server/tls/certificate_fetch.h>
#include <autohttps/server/tls/challenge_handshake.h>
#include <autohttps/server/tls/hello_extensions.h>
#include <autohttps/server/tls/local_address.h>
#include <autohttps/server/tls/owned_data.h>

#include <openssl/err.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

struct ChallengeFetch : CertificateFetch {
  std::shared_ptr<const CertifiedKey> key;  // once it has finished; null: no such challenge
};

// What an SSL carries from its client hello to its certificate callback.
struct Handshake {
  std::shared_ptr<const Credentials> credentials;
  std::shared_ptr<CertificateFetch> fetch;
  std::shared_ptr<ChallengeFetch> challenge;  // the fetch, where it is one
};

// A hello whose parts outlive the ClientHello made of them.
struct ParsedHello {
  std::string server_name;
  std::vector<std::string_view> alpn;
  std::string local_ip;
  bool has_server_name = false;

  ClientHello view() const { return {server_name, alpn, local_ip}; }
};

// What an attached context has.
struct Source {
  std::shared_ptr<CertificateSource> certificates;
  SslContextPtr challenges;
};

// SSL_dup copies the pointer: the copy begins its handshake anew, without it.
int forget_data(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** data, int, long, void*) {
  *data = nullptr;
  return 1;
}

int handshake_index() {
  static const int index =
      SSL_get_ex_new_index(0, nullptr, nullptr, forget_data, free_owned_data<Handshake>);
  return index;
}

Handshake* handshake_of(SSL* ssl) {
  return static_cast<Handshake*>(SSL_get_ex_data(ssl, handshake_index()));
}

Handshake* begin_handshake(SSL* ssl) {
  if (Handshake* known = handshake_of(ssl)) {
    // Suspended before; or decided before: a second hello (RFC 8446 4.1.4), or SSL_clear.
    if (known->credentials) *known = {};
    return known;
  }
  auto made = std::make_unique<Handshake>();
  if (SSL_set_ex_data(ssl, handshake_index(), made.get()) != 1) return nullptr;
  return made.release();
}

std::optional<std::string_view> raw_extension(SSL* ssl, unsigned type) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &size) != 1) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(data), size);
}

// No value: malformed. ALPN is read here since in TLS 1.2 OpenSSL asks for the certificate before
// it has chosen a protocol.
std::optional<ParsedHello> parse_hello(SSL* ssl) {
  ParsedHello hello;
  if (const auto raw = raw_extension(ssl, TLSEXT_TYPE_server_name)) {
    std::optional<std::string> name = parse_server_name(*raw);
    if (!name) return std::nullopt;
    hello.server_name = std::move(*name);
    hello.has_server_name = true;
  }
  if (const auto raw = raw_extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation)) {
    std::optional<std::vector<std::string_view>> protocols = parse_alpn(*raw);
    if (!protocols) return std::nullopt;
    hello.alpn = std::move(*protocols);
  }
  if (!hello.has_server_name) hello.local_ip = local_address(SSL_get_fd(ssl));
  return hello;
}

// The session id context is inside every ticket and compared before one is taken (OpenSSL): so a
// session resumes under the certificate it was made with, whichever generation that has by now.
// An id that fits is taken as it is; a longer one by its digest, marked as such.
bool bind_sessions(SSL* ssl, const Credentials& credentials) {
  std::array<unsigned char, SSL_MAX_SID_CTX_LENGTH> owner;
  const std::string& id = credentials.certificate;
  std::size_t size = 1 + id.size();
  if (size <= owner.size()) {
    owner[0] = credentials.placeholder ? 'p' : 'c';
    std::copy(id.begin(), id.end(), owner.begin() + 1);
  } else {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
    SHA256(reinterpret_cast<const unsigned char*>(id.data()), id.size(), digest.data());
    static_assert(digest.size() == owner.size());
    owner[0] = credentials.placeholder ? 'P' : 'C';
    std::copy(digest.begin(), digest.end() - 1, owner.begin() + 1);
    size = owner.size();
  }
  return SSL_set_session_id_context(ssl, owner.data(), static_cast<unsigned>(size)) == 1;
}

// Null: the source has no way to it.
std::shared_ptr<CertificateFetch> begin_fetch(CertificateSource& source, const ClientHello& hello) {
  auto fetch = std::make_shared<CertificateFetch>();
  // Who drops `ready` instead of calling it (a source that is shut down) has answered too.
  const std::shared_ptr<CertificateFetch> answer(
      fetch.get(), [fetch](CertificateFetch* dropped) { dropped->finish(); });
  return source.fetch(hello, [answer] { answer->finish(); }) ? fetch : nullptr;
}

std::shared_ptr<ChallengeFetch> begin_challenge(CertificateSource& source,
                                                const ClientHello& hello) {
  auto fetch = std::make_shared<ChallengeFetch>();
  const std::shared_ptr<ChallengeFetch> answer(
      fetch.get(), [fetch](ChallengeFetch* dropped) { dropped->finish(); });
  const bool begun =
      source.fetch_challenge(hello, [answer](std::shared_ptr<const CertifiedKey> key) {
        answer->key = std::move(key);
        answer->finish();
      });
  return begun ? fetch : nullptr;
}

int refuse(int* alert, int description) {
  *alert = description;
  return SSL_CLIENT_HELLO_ERROR;
}

// No ordinary certificate answers acme-tls/1, and what answers it answers nothing else.
int take_challenge(SSL* ssl, int* alert, Handshake& handshake, const ClientHello& hello,
                   const Source& source) {
  if (!handshake.challenge) {
    handshake.challenge = begin_challenge(*source.certificates, hello);
    handshake.fetch = handshake.challenge;
    if (handshake.challenge) return SSL_CLIENT_HELLO_RETRY;
  }
  if (!handshake.challenge || !handshake.challenge->key) {
    return refuse(alert, SSL_AD_NO_APPLICATION_PROTOCOL);
  }
  if (!answer_challenge(ssl, source.challenges.get(), *handshake.challenge->key)) {
    return refuse(alert, SSL_AD_INTERNAL_ERROR);
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

int take_client_hello(SSL* ssl, int* alert, const Source& attached) {
  CertificateSource& source = *attached.certificates;
  Handshake* handshake = begin_handshake(ssl);
  if (handshake == nullptr) return refuse(alert, SSL_AD_INTERNAL_ERROR);
  if (handshake->fetch && !handshake->fetch->finished()) return SSL_CLIENT_HELLO_RETRY;

  const std::optional<ParsedHello> hello = parse_hello(ssl);
  if (!hello) return refuse(alert, SSL_AD_DECODE_ERROR);
  if (hello->has_server_name && hello->server_name.empty()) {
    return refuse(alert, SSL_AD_UNRECOGNIZED_NAME);
  }
  if (is_challenge(hello->view())) {
    return take_challenge(ssl, alert, *handshake, hello->view(), attached);
  }
  handshake->credentials = source.find(hello->view());
  if (!handshake->credentials && !handshake->fetch) {
    handshake->fetch = begin_fetch(source, hello->view());
    if (handshake->fetch) return SSL_CLIENT_HELLO_RETRY;
  }
  if (!handshake->credentials) handshake->credentials = source.fallback();
  if (!handshake->credentials) return refuse(alert, SSL_AD_UNRECOGNIZED_NAME);
  if (!bind_sessions(ssl, *handshake->credentials)) return refuse(alert, SSL_AD_INTERNAL_ERROR);
  return SSL_CLIENT_HELLO_SUCCESS;
}

bool use_key(SSL* ssl, const CertifiedKey& key) {
  STACK_OF(X509)* chain = sk_X509_new_reserve(nullptr, static_cast<int>(key.chain_length()));
  if (chain == nullptr) return false;
  bool good = true;
  for (std::size_t i = 1; i < key.chain_length(); ++i) {
    good = good && sk_X509_push(chain, key.certificate(i)) > 0;
  }
  // Takes references of its own.
  good = good && SSL_use_cert_and_key(ssl, key.certificate(0), key.key().handle(), chain, 1) == 1;
  sk_X509_free(chain);
  return good;
}

bool is_fit(SSL* ssl, const CertifiedKey& key) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  return (name == nullptr || key.serves(name)) &&
         std::chrono::system_clock::now() < key.not_after();
}

// Can this client take it, by what its hello says?
bool is_taken(SSL* ssl, const CertifiedKey& key) {
  const int flags = SSL_check_chain(ssl, key.certificate(0), key.key().handle(), nullptr);
  return (flags & CERT_PKEY_SIGN) != 0;
}

// Of a pair, one that has not got a new name yet, or whose renewal failed until it ran out, is not
// shown to a client that takes the other as well; to one that does not it is better than nothing.
bool shows_fit_only(SSL* ssl, const std::vector<std::shared_ptr<const CertifiedKey>>& keys) {
  if (keys.size() < 2) return false;
  bool unfit = false, taken = false;
  for (const auto& key : keys) {
    if (!is_fit(ssl, *key)) {
      unfit = true;
    } else {
      taken = taken || is_taken(ssl, *key);
    }
  }
  ERR_clear_error();
  return unfit && taken;
}

// No exception crosses these two.
int on_client_hello(SSL* ssl, int* alert, void* source) {
  try {
    return take_client_hello(ssl, alert, *static_cast<const Source*>(source));
  } catch (...) {
    return refuse(alert, SSL_AD_INTERNAL_ERROR);
  }
}

int on_certificate(SSL* ssl, void*) {
  const Handshake* handshake = handshake_of(ssl);
  if (handshake == nullptr || !handshake->credentials) return 0;
  SSL_certs_clear(ssl);  // what the context may have had
  const auto& keys = handshake->credentials->keys;
  const bool fit_only = shows_fit_only(ssl, keys);
  for (const auto& key : keys) {
    if (fit_only && !is_fit(ssl, *key)) continue;
    if (!use_key(ssl, *key)) return 0;
  }
  return 1;
}

}  // namespace

void attach(SSL_CTX* context, std::shared_ptr<CertificateSource> source) {
  if (!source) throw Error(ErrorCode::internal, "attaching certificates: no source");
  auto attached = std::make_unique<Source>(Source{std::move(source), make_challenge_context()});
  Source* const borrowed = attached.get();
  const auto previous = OwnedByContext<Source>::give(context, std::move(attached),
                                                     "attaching certificates to a TLS context");
  SSL_CTX_set_client_hello_cb(context, on_client_hello, borrowed);
  SSL_CTX_set_cert_cb(context, on_certificate, nullptr);
}

bool wait_for_certificate(SSL* handshake, std::chrono::milliseconds most) {
  const Handshake* state = handshake_of(handshake);
  return state == nullptr || !state->fetch || state->fetch->wait_for(most);
}

void when_certificate_is_ready(SSL* handshake, std::function<void()> ready) {
  const Handshake* state = handshake_of(handshake);
  if (state == nullptr || !state->fetch) return ready();
  // A copy: `ready` may end the connection in this call.
  const std::shared_ptr<CertificateFetch> fetch = state->fetch;
  fetch->when_finished(std::move(ready));
}

void forget_handshake(SSL* finished) noexcept {
  const Handshake* state = handshake_of(finished);
  if (state != nullptr && SSL_set_ex_data(finished, handshake_index(), nullptr) == 1) delete state;
}

}  // namespace autohttps
