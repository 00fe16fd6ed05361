#include <autohttps/common/certified_key.h>

#include <autohttps/common/error.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/pem.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <mutex>

namespace autohttps {
namespace {

[[noreturn]] void refuse(const std::string& cause) {
  ERR_clear_error();
  throw Error(ErrorCode::crypto, "reading a certificate: " + cause);
}

struct OpensslFree {
  void operator()(void* memory) const noexcept { OPENSSL_free(memory); }
};
template <typename T>
using OpensslMemory = std::unique_ptr<T, OpensslFree>;

X509Ptr parse_certificate(const std::string& block, std::size_t index) {
  const std::string which = "certificate " + std::to_string(index + 1) + " of the chain";
  const BioPtr bio(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* der = nullptr;
  long length = 0;
  if (!bio || PEM_read_bio(bio.get(), &name, &header, &der, &length) != 1) {
    refuse(which + " is damaged (" + openssl_reason() + ")");
  }
  const OpensslMemory<char> name_owner(name), header_owner(header);
  const OpensslMemory<unsigned char> der_owner(der);
  const unsigned char* end = der;
  X509Ptr certificate(d2i_X509(nullptr, &end, length));
  if (!certificate) refuse(which + " is damaged (" + openssl_reason() + ")");
  if (end != der + length) refuse("bytes follow inside " + which);
  if (X509_get0_pubkey(certificate.get()) == nullptr) {
    refuse(which + " has no readable public key (" + openssl_reason() + ")");
  }
  return certificate;
}

// The certificates above the leaves are the same few for thousands of leaves, and reading one costs
// OpenSSL 3.0 a quarter of a millisecond and some KiB: one that was read lately is shared.
// Thread-safe; X509s are counted and, once read, not written to.
class KnownIssuers {
 public:
  X509Ptr find(const std::string& block) {
    const std::lock_guard lock(mutex_);
    const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& known) { return known.block == block; });
    if (entry == entries_.end()) return nullptr;
    X509_up_ref(entry->certificate.get());
    return X509Ptr(entry->certificate.get());
  }
  void add(const std::string& block, X509* certificate) {
    const std::lock_guard lock(mutex_);
    X509_up_ref(certificate);
    entries_[next_] = {block, X509Ptr(certificate)};
    next_ = (next_ + 1) % entries_.size();
  }

 private:
  struct Entry {
    std::string block;
    X509Ptr certificate;
  };
  std::mutex mutex_;              // guards what follows
  std::array<Entry, 8> entries_;  // a CA's two intermediates, its roots, and another CA's
  std::size_t next_ = 0;          // the oldest
};

std::vector<X509Ptr> parse_chain(std::string_view pem) {
  static KnownIssuers issuers;
  std::vector<X509Ptr> chain;
  for (const std::string& block : split_certificates(pem)) {
    const bool is_leaf = chain.empty();
    X509Ptr certificate = is_leaf ? nullptr : issuers.find(block);
    if (!certificate) {
      certificate = parse_certificate(block, chain.size());
      if (!is_leaf) issuers.add(block, certificate.get());
    }
    chain.push_back(std::move(certificate));
  }
  return chain;
}

void check_links(const std::vector<X509Ptr>& chain) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    X509* lower = chain[i].get();
    X509* upper = chain[i + 1].get();
    const bool named =
        X509_NAME_cmp(X509_get_issuer_name(lower), X509_get_subject_name(upper)) == 0;
    if (named && X509_verify(lower, X509_get0_pubkey(upper)) == 1) continue;
    refuse("certificate " + std::to_string(i + 1) +
           " of the chain is not issued by the one after it");
  }
}

std::string utf8(const ASN1_STRING* string) {
  unsigned char* text = nullptr;
  const int length = ASN1_STRING_to_UTF8(&text, string);
  if (length < 0) {
    ERR_clear_error();
    return {};
  }
  const OpensslMemory<unsigned char> owner(text);
  return std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
}

std::string whole_name(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
    return {};
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

std::string issuer_of(const X509* certificate) {
  constexpr std::size_t kMost = 200;
  const X509_NAME* name = X509_get_issuer_name(certificate);
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return printable(whole_name(name), kMost);
  return printable(utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))), kMost);
}

std::string serial_of(const X509* certificate) {
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  const OpensslMemory<char> hex(number ? BN_bn2hex(number.get()) : nullptr);
  if (!hex) throw_openssl("reading a certificate's serial number");
  return to_lower(hex.get());
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) {
    throw_openssl("computing a certificate's fingerprint");
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < length; ++i) (text += kHex[digest[i] >> 4]) += kHex[digest[i] & 15];
  return text;
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1)
    refuse("its validity is not a time (" + openssl_reason() + ")");
  return from_unix_seconds(::timegm(&parts));
}

Identifier dns_name(const ASN1_STRING* string) {
  const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                              static_cast<std::size_t>(ASN1_STRING_length(string)));
  const bool clean = !name.empty() && std::all_of(name.begin(), name.end(),
                                                  [](char c) { return c > ' ' && c < 0x7f; });
  if (!clean) refuse("it names \"" + printable(name, 100) + "\", which is no host name");
  return {Identifier::Type::dns, to_lower(name)};
}

Identifier ip_address(const ASN1_STRING* string) {
  const int length = ASN1_STRING_length(string);
  if (length != 4 && length != 16)
    refuse("it names an IP address of " + std::to_string(length) + " bytes");
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(string), text.data(),
              text.size());
  return {Identifier::Type::ip, text.data()};
}

std::vector<Identifier> names_of(const X509* certificate) {
  int state = 0;
  const GeneralNamesPtr general(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, &state, nullptr)));
  if (!general && state != -1) refuse("its list of names is damaged or there twice");
  std::vector<Identifier> names;
  for (int i = 0; general && i < sk_GENERAL_NAME_num(general.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(general.get(), i);
    if (name->type == GEN_DNS) names.push_back(dns_name(name->d.dNSName));
    if (name->type == GEN_IPADD) names.push_back(ip_address(name->d.iPAddress));
  }
  return names;
}

bool says_ca(X509* certificate) {
  const std::uint32_t flags = X509_get_extension_flags(certificate);
  if ((flags & EXFLAG_INVALID) != 0) refuse("its extensions are damaged");
  return (flags & EXFLAG_CA) != 0;
}

}  // namespace

struct CertifiedKey::Parts {
  PrivateKey key;
  std::vector<X509Ptr> chain;
  std::vector<Identifier> names;
  WallTime not_before;
  WallTime not_after;
  bool is_ca;
  std::string serial;
  std::string fingerprint;
  std::string issuer;
};

std::shared_ptr<const CertifiedKey> CertifiedKey::from_pem(std::string_view chain_pem,
                                                           std::string_view key_pem) {
  PrivateKey key = PrivateKey::from_pem(key_pem);
  std::vector<X509Ptr> chain = parse_chain(chain_pem);
  X509* leaf = chain.front().get();
  if (X509_check_private_key(leaf, key.handle()) != 1) refuse("it is for another private key");
  check_links(chain);
  auto parts = std::make_unique<Parts>(Parts{.key = std::move(key),
                                             .chain = std::move(chain),
                                             .names = names_of(leaf),
                                             .not_before = time_of(X509_get0_notBefore(leaf)),
                                             .not_after = time_of(X509_get0_notAfter(leaf)),
                                             .is_ca = says_ca(leaf),
                                             .serial = serial_of(leaf),
                                             .fingerprint = fingerprint_of(leaf),
                                             .issuer = issuer_of(leaf)});
  ERR_clear_error();  // what was tried and not needed shall not show up in the next TLS error
  return std::shared_ptr<const CertifiedKey>(new CertifiedKey(std::move(parts)));
}

CertifiedKey::CertifiedKey(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
CertifiedKey::~CertifiedKey() = default;

const std::vector<Identifier>& CertifiedKey::names() const noexcept { return parts_->names; }
WallTime CertifiedKey::not_before() const noexcept { return parts_->not_before; }
WallTime CertifiedKey::not_after() const noexcept { return parts_->not_after; }
bool CertifiedKey::is_ca() const noexcept { return parts_->is_ca; }
const std::string& CertifiedKey::serial() const noexcept { return parts_->serial; }
const std::string& CertifiedKey::fingerprint() const noexcept { return parts_->fingerprint; }
const std::string& CertifiedKey::issuer() const noexcept { return parts_->issuer; }
const PrivateKey& CertifiedKey::key() const noexcept { return parts_->key; }
std::size_t CertifiedKey::chain_length() const noexcept { return parts_->chain.size(); }

bool CertifiedKey::serves(std::string_view host) const noexcept {
  return std::any_of(parts_->names.begin(), parts_->names.end(),
                     [&](const Identifier& name) { return name_matches(name, host); });
}

X509* CertifiedKey::certificate(std::size_t index) const noexcept {
  return index < parts_->chain.size() ? parts_->chain[index].get() : nullptr;
}

}  // namespace autohttps
