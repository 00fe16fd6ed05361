#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/common/error.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

CertificateSpec full_spec() {
  CertificateSpec spec;
  spec.id = "mine";
  spec.names = parse_identifiers({"b.test", "*.a.test", "192.0.2.1", "2001:db8::1"});
  spec.cas = {CaSpec{}, CaSpec{.directory_url = "https://ca.test/dir",
                               .ca_bundle = "/etc/ca.pem",
                               .proxy = "http://proxy.test:3128",
                               .limits = "none",
                               .email = "me@a.test",
                               .account_label = "second",
                               .terms_agreed = true}};
  spec.key_types = {KeyType::rsa2048};
  spec.profile = "shortlived";
  spec.webroot = "/var/www";
  spec.challenge = "dns-01";
  spec.dns_hook = "dns-nsupdate /etc/tsig.key";
  spec.dns_resolver = "[2001:db8::53]:5353";
  spec.dns_timeout = std::chrono::seconds(30);
  spec.preferred_chain = "ISRG Root X1";
  spec.reuse_key = true;
  spec.csr = "-----BEGIN CERTIFICATE REQUEST-----";
  spec.hooks = {{"/bin/true"}, {"reload-nginx", "copy \"/etc/my app\""}, {"mail me@a.test"}};
  return spec;
}

TEST(CertificateSpecTest, ReadsWhatItWrote) {
  EXPECT_EQ(parse_certificate_spec("mine", to_json_text(full_spec())), full_spec());
  CertificateSpec least;
  least.id = "a.test";
  least.names = parse_identifiers({"a.test"});
  least.cas = {CaSpec{}};
  EXPECT_EQ(parse_certificate_spec("a.test", to_json_text(least)), least);
}

TEST(CertificateSpecTest, AcceptsMembersOfALaterVersion) {
  const CertificateSpec spec = parse_certificate_spec(
      "a.test", R"({"names": ["a.test"], "cas": [{"directory_url": "https://ca.test/", "new": 1}],
                    "key_type": "ec256", "hooks": {"deploy": "x", "new": 1}})");
  EXPECT_EQ(spec.hooks.deploy, std::vector<std::string>{"x"});
  EXPECT_EQ(spec.names.size(), 1U);
  EXPECT_EQ(spec.cas.at(0).account_label, "default");
}

TEST(CertificateSpecTest, RefusesAnythingOdd) {
  const std::string cas = R"("cas": [{"directory_url": "https://ca.test/"}])";
  const std::vector<std::string> bad = {
      "",
      "{",
      "[]",
      "null",
      "7",
      "{}",
      R"({"names": [], "key_type": "ec256", )" + cas + "}",
      R"({"names": ["a b"], "key_type": "ec256", )" + cas + "}",
      R"({"names": [7], "key_type": "ec256", )" + cas + "}",
      R"({"names": "a.test", "key_type": "ec256", )" + cas + "}",
      R"({"names": ["a.test"], "key_type": "dsa", )" + cas + "}",
      R"({"names": ["a.test"], )" + cas + "}",
      R"({"names": ["a.test"], "key_type": "ec256"})",
      R"({"names": ["a.test"], "key_type": "ec256", "cas": []})",
      R"({"names": ["a.test"], "key_type": "ec256", "cas": [7]})",
      R"({"names": ["a.test"], "key_type": "ec256", "cas": [{}]})",
      R"({"names": ["a.test"], "names": ["b.test"], "key_type": "ec256", )" + cas + "}",
  };
  for (const std::string& text : bad) {
    try {
      parse_certificate_spec("a.test", text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::protocol) << text;
    }
  }
}

TEST(CertificateSpecTest, AnIdIsTheFirstNameAsAFoldersName) {
  EXPECT_EQ(certificate_id(Identifier::parse("a.test")), "a.test");
  EXPECT_EQ(certificate_id(Identifier::parse("*.a.test")), "_.a.test");
  EXPECT_EQ(certificate_id(Identifier::parse("192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(certificate_id(Identifier::parse("2001:db8::1")), "2001-db8--1");
  for (const char* name : {"a.test", "*.a.test", "2001:db8::1"}) {
    EXPECT_NO_THROW(check_certificate_id(certificate_id(Identifier::parse(name)))) << name;
  }
}

TEST(CertificateSpecTest, LongNamesThatBeginAlikeHaveIdsOfTheirOwn) {
  const std::string label(60, 'a');
  const std::string same = label + "." + label + "." + label + ".";
  const std::string one = certificate_id(Identifier::parse(same + label + "b.test"));
  const std::string two = certificate_id(Identifier::parse(same + label + "c.test"));
  EXPECT_NE(one, two);
  EXPECT_NO_THROW(check_certificate_id(one));
}

TEST(CertificateSpecTest, RefusesIdsThatAreNoFoldersName) {
  for (const std::string id : {"", ".", "..", ".a", "a/b", "../a", "a b", "a\n", "*", "a~b", "ä"}) {
    EXPECT_THROW(check_certificate_id(id), Error) << id;
  }
  EXPECT_THROW(check_certificate_id(std::string(201, 'a')), Error);
  EXPECT_NO_THROW(check_certificate_id(std::string(200, 'a')));
  EXPECT_NO_THROW(check_certificate_id("My-site_2.example"));
}

TEST(CertificateSpecTest, APairIsAListBesideTheFirstForOldReaders) {
  CertificateSpec spec;
  spec.id = "a.test";
  spec.names = parse_identifiers({"a.test"});
  spec.cas.emplace_back();
  EXPECT_EQ(to_json_text(spec).find("key_types"), std::string::npos)
      << "as before there were pairs";
  spec.key_types = {KeyType::rsa2048, KeyType::ec256};
  const std::string text = to_json_text(spec);
  EXPECT_NE(text.find("\"key_type\": \"rsa2048\""), std::string::npos) << text;
  EXPECT_EQ(parse_certificate_spec("a.test", text).key_types, spec.key_types);
}

}  // namespace
}  // namespace autohttps::acme
