#include <autohttps/common/pem.h>
#include <autohttps/tests/support/test_certificates.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

const std::string kBegin = "-----BEGIN CERTIFICATE-----\n";
const std::string kEnd = "-----END CERTIFICATE-----\n";

std::string block(const std::string& body) { return kBegin + body + kEnd; }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

void expect_refused(const std::string& pem, const std::string& cause) {
  const auto error = thrown_error([&] { split_certificates(pem); });
  ASSERT_TRUE(error) << pem.substr(0, 200);
  EXPECT_EQ(error->code(), ErrorCode::crypto);
  const std::string what = error->what();
  EXPECT_NE(what.find(cause), std::string::npos) << what;
  EXPECT_LT(what.size(), 300U);
  for (const char c : what) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20) << what;
}

TEST(PemTest, SplitsAChainIntoItsCertificates) {
  const TestCa ca(2);
  const TestChain leaf = ca.leaf({"a.test"});
  const auto blocks = split_certificates(leaf.chain);
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0] + blocks[1] + blocks[2], leaf.chain);  // OpenSSL writes them normalised
}

TEST(PemTest, NormalisesLineEndsLineLengthsAndBlankLines) {
  const std::string line(64, 'A');
  const std::string normal = block(line + "\nAAAA\n");
  EXPECT_EQ(split_certificates(normal + normal), (std::vector<std::string>{normal, normal}));
  for (const std::string& pem :
       {"\n\n" + normal + " \t\n\r\n", replaced(normal, "\n", "\r\n"), block(line + "AAAA\n"),
        block("AAAA\n" + line + "\n"), normal.substr(0, normal.size() - 1)}) {
    EXPECT_EQ(split_certificates(pem), std::vector<std::string>{normal}) << pem;
  }
}

TEST(F17_HostileChains, AreRefused) {
  const std::string good = block("AAAA\n");
  expect_refused("", "empty");
  expect_refused("\n \n", "empty");
  expect_refused("\xef\xbb\xbf" + good, "byte order mark");
  expect_refused("<html>", "outside its blocks");
  expect_refused("leaf:\n" + good, "outside its blocks");
  expect_refused(good + "junk", "outside its blocks");
  expect_refused(good + std::string(1, '\0'), "outside its blocks: \"\\x00\"");
  expect_refused(good + "\x1b[2J\x1b]0;owned\x07\n", "\\x1b[2J");
  expect_refused(" " + good, "outside its blocks");
  expect_refused(replaced(good, "\n", "\r"), "only plain certificates");
  expect_refused(good + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                 "\"PRIVATE KEY\" where only plain certificates may be");
  expect_refused("-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n",
                 "\"TRUSTED CERTIFICATE\"");
  expect_refused("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "\"X509 CRL\"");
  expect_refused(kEnd + good, "outside its blocks");
}

TEST(F17_HostileChains, HaveWholeBase64InTheirBlocks) {
  for (const char* body : {"", "A\n", "AA\n", "AAA\n", "AAAAA\n", "AAA=\nAAAA\n", "A===\n",
                           "====\n", "AB==\n", "AAB=\n", "AA=A\n"}) {
    expect_refused(block(body), "not whole base64");
  }
  EXPECT_NO_THROW(split_certificates(block("AAA=\n")));
  EXPECT_NO_THROW(split_certificates(block("Ag==\n")));
  for (const char* body : {"AAAA \n", "AA-_\n", "AA\tAA\n", "\x1b[2J\n", "AAA\xc3\xa4\n",
                           "X-Header: 1\n\nAAAA\n", "-----BEGIN CERTIFICATE-----\nAAAA\n"}) {
    expect_refused(block(body), "not base64");
  }
  expect_refused(block(std::string("AA\0A\n", 5)), "not base64");
  expect_refused(kBegin + "AAAA\n", "no end");
  expect_refused(kBegin, "no end");
  expect_refused(kBegin + "AAAA\n-----END CERTIFICATE----\n", "not base64");
}

TEST(F17_HostileChains, NeverShowAKeyInTheMessage) {
  const std::string key = PrivateKey::generate(KeyType::ec256).to_pem();
  const std::string secret = key.substr(28, 20);
  for (const std::string& pem : {key, block("AAAA\n") + key, kBegin + key + kEnd, key.substr(28),
                                 replaced(key, "\n", "\r")}) {
    const auto error = thrown_error([&] { split_certificates(pem); });
    ASSERT_TRUE(error);
    EXPECT_EQ(std::string(error->what()).find(secret), std::string::npos) << error->what();
  }
}

TEST(F17_HostileChains, AreBoundedInCountAndSize) {
  std::string chain;
  for (int i = 0; i < 10; ++i) chain += block("AAAA\n");
  EXPECT_EQ(split_certificates(chain).size(), 10U);
  expect_refused(chain + block("AAAA\n"), "more than 10 certificates");
  for (int i = 0; i < 90; ++i) chain += block("AAAA\n");
  expect_refused(chain, "more than 10 certificates");
  EXPECT_EQ(split_certificates(chain, 100).size(), 100U);
  const std::string huge = block(std::string(300 * 1024, 'A') + "\n");
  expect_refused(huge, "more than 256 KiB");
  expect_refused(block("AAAA\n") + std::string(300 * 1024, '\n'), "more than 256 KiB");
}

}  // namespace
}  // namespace autohttps
