#include <autohttps/acme/issuance/csr.h>
#include <autohttps/common/openssl_owners.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

X509ReqPtr parse(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  X509ReqPtr request(d2i_X509_REQ(nullptr, &bytes, static_cast<long>(der.size())));
  EXPECT_TRUE(request != nullptr);
  EXPECT_EQ(bytes, reinterpret_cast<const unsigned char*>(der.data()) + der.size());
  return request;
}

std::vector<std::string> names_of(X509_REQ* request) {
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
  GeneralNamesPtr general(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  std::vector<std::string> names;
  for (int i = 0; general && i < sk_GENERAL_NAME_num(general.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(general.get(), i);
    const ASN1_STRING* text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return names;
}

TEST(CsrTest, NamesEveryNameInSubjectAltNameAndNoneInTheSubject) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const X509ReqPtr request = parse(certificate_request(
      parse_identifiers({"b.test", "*.a.test", "192.0.2.7", "2001:db8::1"}), key));
  EXPECT_EQ(
      names_of(request.get()),
      (std::vector<std::string>{"b.test", "*.a.test", std::string("\xc0\x00\x02\x07", 4),
                                std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16)}));
  EXPECT_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())), 0);
}

TEST(CsrTest, IsSignedByItsOwnKeyOfEveryType) {
  for (const KeyType type : {KeyType::ec256, KeyType::ec384, KeyType::rsa2048}) {
    const PrivateKey key = PrivateKey::generate(type);
    const X509ReqPtr request = parse(certificate_request(parse_identifiers({"a.test"}), key));
    EXPECT_EQ(X509_REQ_verify(request.get(), key.handle()), 1);
    EXPECT_EQ(X509_REQ_get_version(request.get()), 0);
  }
}

TEST(CsrTest, TakesAHundredNames) {
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back("host" + std::to_string(i) + ".example.test");
  const X509ReqPtr request =
      parse(certificate_request(parse_identifiers(texts), PrivateKey::generate(KeyType::ec256)));
  EXPECT_EQ(names_of(request.get()), texts);
}

}  // namespace
}  // namespace autohttps::acme
