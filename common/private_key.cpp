#include <autohttps/common/private_key.h>

#include <autohttps/common/error.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/strings.h>

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace autohttps {
namespace {

struct TypeName {
  KeyType type;
  std::string_view name;
};
constexpr std::array<TypeName, 5> kTypes = {{{KeyType::ec256, "ec256"},
                                             {KeyType::ec384, "ec384"},
                                             {KeyType::rsa2048, "rsa2048"},
                                             {KeyType::rsa3072, "rsa3072"},
                                             {KeyType::rsa4096, "rsa4096"}}};
constexpr std::size_t kMostPemBytes =
    std::size_t{64} * 1024;  // an RSA key of 4096 bits needs 3.3 KiB

[[noreturn]] void refuse(const std::string& cause, std::string hint = {}) {
  ERR_clear_error();
  throw Error(ErrorCode::crypto, "reading a private key: " + cause, std::move(hint));
}

std::string type_list() {
  std::string list;
  for (const TypeName& entry : kTypes) list += (list.empty() ? "" : ", ") + std::string(entry.name);
  return list;
}

std::optional<KeyType> type_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    switch (EVP_PKEY_get_bits(key)) {
      case 2048:
        return KeyType::rsa2048;
      case 3072:
        return KeyType::rsa3072;
      case 4096:
        return KeyType::rsa4096;
      default:
        return std::nullopt;
    }
  }
  if (EVP_PKEY_is_a(key, "EC") != 1) return std::nullopt;
  std::array<char, 64> group{};  // empty for a curve given by its parameters: no CA takes those
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1) return std::nullopt;
  const std::string_view name = group.data();
  if (name == "prime256v1") return KeyType::ec256;
  if (name == "secp384r1") return KeyType::ec384;
  return std::nullopt;
}

EVP_PKEY* generate_key(KeyType type) {
  switch (type) {
    case KeyType::ec256:
      return EVP_EC_gen("P-256");
    case KeyType::ec384:
      return EVP_EC_gen("P-384");
    case KeyType::rsa2048:
      return EVP_RSA_gen(2048U);
    case KeyType::rsa3072:
      return EVP_RSA_gen(3072U);
    case KeyType::rsa4096:
      return EVP_RSA_gen(4096U);
  }
  return nullptr;
}

void check_label(std::string_view label) {
  if (label == "PRIVATE KEY" || label == "EC PRIVATE KEY" || label == "RSA PRIVATE KEY") return;
  if (label == "ENCRYPTED PRIVATE KEY") {
    refuse("it is encrypted with a passphrase", "decrypt it with `openssl pkey -in OLD -out NEW`");
  }
  if (label == "EC PARAMETERS") {
    refuse("it begins with EC PARAMETERS", "rewrite it with `openssl pkey -in OLD -out NEW`");
  }
  if (label.ends_with("PUBLIC KEY")) refuse("this is a public key, not a private one");
  if (label == "CERTIFICATE") refuse("this is a certificate, not a private key");
  refuse("a block \"" + printable(label, 40) + "\" is not a private key we know");
}

// OpenSSL forgives text around a key, takes the first of several and asks a terminal for
// passphrases: looked at before.
void check_frame(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kBlank = " \t\r\n";
  if (pem.size() > kMostPemBytes) refuse("more than 64 KiB");
  const auto first = pem.find_first_not_of(kBlank);
  if (first == std::string_view::npos) refuse("it is empty");
  pem = pem.substr(first, pem.find_last_not_of(kBlank) - first + 1);
  const auto label_end = pem.find("-----", kBegin.size());
  if (!pem.starts_with(kBegin) || label_end == std::string_view::npos) {
    refuse("it does not begin with \"-----BEGIN PRIVATE KEY-----\"");
  }
  const std::string label(pem.substr(kBegin.size(), label_end - kBegin.size()));
  check_label(label);
  const std::string end = "-----END " + label + "-----";
  const auto end_at = pem.find("-----", label_end + 5);
  if (end_at == std::string_view::npos || !pem.substr(end_at).starts_with(end)) {
    refuse("it has no \"" + end + "\"");
  }
  if (end_at + end.size() != pem.size())
    refuse("something follows the key: one key and nothing else is wanted");
  if (pem.find("Proc-Type:") != std::string_view::npos) {
    refuse("it is encrypted with a passphrase", "decrypt it with `openssl pkey -in OLD -out NEW`");
  }
}

struct OpensslFree {
  void operator()(void* memory) const noexcept { OPENSSL_free(memory); }
};
using OpensslText = std::unique_ptr<char, OpensslFree>;
struct ClearedFree {
  std::size_t length = 0;
  void operator()(unsigned char* bytes) const noexcept { OPENSSL_clear_free(bytes, length); }
};
using SecretBytes = std::unique_ptr<unsigned char, ClearedFree>;
using DecoderPtr = std::unique_ptr<OSSL_DECODER_CTX, OpensslDeleter<OSSL_DECODER_CTX_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslDeleter<PKCS8_PRIV_KEY_INFO_free>>;

[[noreturn]] void refuse_damaged() {
  refuse("its contents are damaged (" + openssl_reason() + ")");
}

// What the DER is, in the words of OpenSSL's decoders (provider-decoder(7)).
struct Encoding {
  std::string_view structure, key_type;  // of literals
  bool operator==(const Encoding&) const = default;
};

Encoding encoding_of(std::string_view label, const unsigned char* der, std::size_t length) {
  if (label == "EC PRIVATE KEY") return {"type-specific", "EC"};
  if (label == "RSA PRIVATE KEY") return {"type-specific", "RSA"};
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &der, static_cast<long>(length)));
  const ASN1_OBJECT* algorithm = nullptr;
  if (!info || PKCS8_pkey_get0(&algorithm, nullptr, nullptr, nullptr, info.get()) != 1) {
    refuse_damaged();
  }
  const int nid = OBJ_obj2nid(algorithm);
  if (nid == NID_X9_62_id_ecPublicKey) return {"PrivateKeyInfo", "EC"};
  if (nid == NID_rsaEncryption) return {"PrivateKeyInfo", "RSA"};
  refuse("its type is none of " + type_list());
}

// PEM_read_bio_PrivateKey tries every decoder there is: on OpenSSL 3.0 four times the work of the
// one that is right, and finding that one is three times what it does. So each thread keeps the one
// that it used last.
class KeyDecoder {
 public:
  explicit KeyDecoder(const Encoding& encoding)
      : encoding_(encoding),
        context_(OSSL_DECODER_CTX_new_for_pkey(&key_, "DER", encoding.structure.data(),
                                               encoding.key_type.data(), EVP_PKEY_KEYPAIR, nullptr,
                                               nullptr)) {}
  KeyDecoder(const KeyDecoder&) = delete;  // the context holds the place of key_
  KeyDecoder& operator=(const KeyDecoder&) = delete;

  const Encoding& encoding() const noexcept { return encoding_; }
  // `length`: left behind the key.
  EvpKeyPtr decode(const unsigned char* der, std::size_t& length) {
    key_ = nullptr;
    const bool decoded = context_ && OSSL_DECODER_from_data(context_.get(), &der, &length) == 1;
    EvpKeyPtr key(std::exchange(key_, nullptr));
    return decoded ? std::move(key) : nullptr;
  }

 private:
  const Encoding encoding_;
  EVP_PKEY* key_ = nullptr;
  DecoderPtr context_;
};

KeyDecoder& decoder_for(const Encoding& encoding) {
  thread_local std::optional<KeyDecoder> last;
  if (!last || last->encoding() != encoding) last.emplace(encoding);
  return *last;
}

EvpKeyPtr decode(std::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* der = nullptr;
  long signed_length = 0;
  if (!bio || PEM_read_bio(bio.get(), &label, &header, &der, &signed_length) != 1) refuse_damaged();
  auto length = static_cast<std::size_t>(signed_length);
  const OpensslText label_owner(label);
  const OpensslText header_owner(header);
  const SecretBytes der_owner(der, ClearedFree{length});

  EvpKeyPtr key = decoder_for(encoding_of(label, der, length)).decode(der, length);
  if (!key) refuse_damaged();
  if (length != 0) refuse("bytes follow inside its block");
  return key;
}

// The public half is stored beside the private one and OpenSSL believes it: a damaged key would
// pass every comparison and fail in the handshake. One signature tells.
bool halves_match(EVP_PKEY* key) {
  static constexpr std::array<unsigned char, 9> kText = {'a', 'u', 't', 'o', 'h',
                                                         't', 't', 'p', 's'};
  std::array<unsigned char, 1024> signature{};
  std::size_t length = signature.size();
  const EvpMdContextPtr signer(EVP_MD_CTX_new());
  const EvpMdContextPtr verifier(EVP_MD_CTX_new());
  return signer && verifier &&
         EVP_DigestSignInit(signer.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestSign(signer.get(), signature.data(), &length, kText.data(), kText.size()) == 1 &&
         EVP_DigestVerifyInit(verifier.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(verifier.get(), signature.data(), length, kText.data(), kText.size()) ==
             1;
}

// The public half of the key that a request is for (see key_elsewhere.h).
EvpKeyPtr key_of_request(std::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const X509ReqPtr request(bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr)
                               : nullptr);
  if (!request) refuse_damaged();
  EvpKeyPtr key(X509_REQ_get_pubkey(request.get()));
  if (!key || !type_of(key.get())) refuse("its type is none of " + type_list());
  if (X509_REQ_verify(request.get(), key.get()) != 1) {
    refuse("the request that it is for was signed by another one");
  }
  return key;
}

}  // namespace

std::string_view key_type_name(KeyType type) noexcept {
  for (const TypeName& entry : kTypes) {
    if (entry.type == type) return entry.name;
  }
  return "unknown";
}

KeyType parse_key_type(std::string_view name) {
  for (const TypeName& entry : kTypes) {
    if (entry.name == name) return entry.type;
  }
  throw Error(ErrorCode::config, "unknown key type \"" + printable(name, 40) + "\"",
              "one of " + type_list());
}

PrivateKey PrivateKey::generate(KeyType type) {
  EvpKeyPtr key(generate_key(type));
  if (!key) throw_openssl("generating a key of type " + std::string(key_type_name(type)));
  return PrivateKey(std::shared_ptr<EVP_PKEY>(std::move(key)));
}

PrivateKey PrivateKey::from_pem(std::string_view pem) {
  if (is_request(pem)) {
    if (pem.size() > kMostPemBytes) refuse("more than 64 KiB");
    EvpKeyPtr key = key_of_request(pem);
    ERR_clear_error();
    return PrivateKey(std::shared_ptr<EVP_PKEY>(std::move(key)));
  }
  check_frame(pem);
  EvpKeyPtr key = decode(pem);
  if (!type_of(key.get())) refuse("its type is none of " + type_list());
  if (!halves_match(key.get()))
    refuse("its contents are damaged (it does not sign what its public half verifies)");
  ERR_clear_error();  // a decoder that was tried in vain leaves its complaint
  return PrivateKey(std::shared_ptr<EVP_PKEY>(std::move(key)));
}

std::string PrivateKey::to_pem() const {
  if (is_elsewhere(*this)) throw Error(ErrorCode::crypto, "writing a private key: it is not here");
  // OpenSSL's EC encoder sets a flag in the key while it writes and takes it back afterwards: two
  // threads that write the same key would see each other's, and one text in some thousands names
  // its curve twice. Each writes a copy of its own.
  const EvpKeyPtr own(EVP_PKEY_dup(key_.get()));
  const BioPtr bio(BIO_new(BIO_s_secmem()));  // cleansed when freed
  if (!own || !bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), own.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    throw_openssl("writing a private key");
  }
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

KeyType PrivateKey::type() const {
  const auto type = type_of(key_.get());
  if (!type) throw Error(ErrorCode::internal, "a private key of a type we never make");
  return *type;
}

bool PrivateKey::operator==(const PrivateKey& other) const {
  return EVP_PKEY_eq(key_.get(), other.key_.get()) == 1;
}

}  // namespace autohttps
