// Reading requests that users bring.
#include <autohttps/acme/issuance/csr.h>

#include <autohttps/common/error.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/strings.h>

#include <openssl/pem.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <memory>

namespace autohttps::acme {
namespace {

constexpr std::size_t kMostBytes = 64 * 1024;  // 100 names need 10
constexpr const char* kHowTo =
    "openssl req -new -key KEY -subj / -addext subjectAltName=DNS:NAME -out FILE makes one";

[[noreturn]] void refuse(const std::string& cause) {
  openssl_reason();  // the queue is emptied: foreign bytes are no error of OpenSSL's
  throw Error(ErrorCode::config, "the certificate request: " + cause, kHowTo);
}

struct ExtensionsFree {
  void operator()(STACK_OF(X509_EXTENSION) * list) const noexcept {
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
  }
};

X509ReqPtr parse_der(std::string_view der) {
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = position + der.size();
  X509ReqPtr request(d2i_X509_REQ(nullptr, &position, static_cast<long>(der.size())));
  if (!request || position != end) return nullptr;
  return request;
}

X509ReqPtr parse_pem(std::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return X509ReqPtr(bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

std::string pem_of(X509_REQ* request) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509_REQ(bio.get(), request) != 1) {
    throw_openssl("writing a certificate request");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

X509ReqPtr read(std::string_view text) {
  if (text.size() > kMostBytes) refuse("it is larger than any of 100 names");
  if (text.find("PRIVATE KEY-----") != std::string_view::npos) {
    refuse("there is a private key in it, which is nobody else's to see");
  }
  X509ReqPtr request = parse_der(text);
  if (!request) request = parse_pem(text);
  if (!request) refuse("it is neither PEM nor DER of one");
  try {
    PrivateKey::from_pem(pem_of(request.get()));
  } catch (const Error& error) {
    refuse(error.what());
  }
  return request;
}

std::string text_of_address(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int length = ASN1_STRING_length(bytes);
  if (length != 4 && length != 16) refuse("it has an IP address of odd length");
  inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text.data(),
            text.size());
  return text.data();
}

std::string text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

Identifier identifier_of(const std::string& text) {
  try {
    return Identifier::parse(text);
  } catch (const Error& error) {
    refuse(error.what());
  }
}

std::vector<Identifier> alternative_names(X509_REQ* request) {
  const std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionsFree> extensions(
      X509_REQ_get_extensions(request));
  const GeneralNamesPtr list(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<Identifier> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
    if (name->type == GEN_DNS) {
      names.push_back(identifier_of(text_of(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      names.push_back(identifier_of(text_of_address(name->d.iPAddress)));
    } else {
      refuse("it asks for a name that is neither a host's nor an IP address");
    }
  }
  return names;
}

// Empty: it has none.
std::string common_name(const X509_REQ* request) {
  const X509_NAME* subject = X509_REQ_get_subject_name(request);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::string der_of(X509_REQ* request) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request, &der);
  if (size <= 0) throw_openssl("encoding a certificate request");
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::vector<Identifier> without(const std::vector<Identifier>& names,
                                const std::vector<Identifier>& others) {
  std::vector<Identifier> left;
  for (const Identifier& name : names) {
    if (std::find(others.begin(), others.end(), name) == others.end()) left.push_back(name);
  }
  return left;
}

}  // namespace

std::string request_der(std::string_view pem_or_der) { return der_of(read(pem_or_der).get()); }

std::string request_pem(std::string_view pem_or_der) { return pem_of(read(pem_or_der).get()); }

KeyType key_type_of_request(std::string_view pem_or_der) {
  return PrivateKey::from_pem(request_pem(pem_or_der)).type();
}

std::vector<Identifier> names_of_request(std::string_view der) {
  const X509ReqPtr request = read(der);
  std::vector<Identifier> names = alternative_names(request.get());
  if (const std::string common = common_name(request.get()); !common.empty()) {
    const Identifier name = identifier_of(common);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (names.empty()) refuse("it asks for no name");
  return names;
}

void check_request(std::string_view der, const std::vector<Identifier>& names) {
  const std::vector<Identifier> asked = names_of_request(der);
  const auto missing = without(names, asked), more = without(asked, names);
  if (!missing.empty()) refuse("it does not ask for " + describe(missing));
  if (!more.empty()) {
    throw Error(ErrorCode::config,
                "the certificate request asks for " + describe(more) + " as well",
                "name all of its names, or none: then they are taken from it");
  }
}

}  // namespace autohttps::acme
