#include <autohttps/acme/protocol/certificate_identifier.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/scripted_ca_issuer.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::acme {
namespace {

// RFC 9773 appendix A: its serial number's first bit is set, so that its DER begins with a zero.
constexpr char kExample[] = R"(-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
)";

TEST(CertificateIdentifierTest, IsThatOfRfc9773) {
  EXPECT_EQ(certificate_identifier(std::string_view(kExample)),
            "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
}

TEST(CertificateIdentifierTest, TheLeafIsTheFirstOfTheChain) {
  const std::string der = leaf_der(kExample);
  EXPECT_EQ(der.size(), 327U);
  EXPECT_EQ(der.substr(0, 3), std::string("\x30\x82\x01", 3));
  EXPECT_EQ(leaf_der(std::string(kExample) + CertificateIssuer(WallTime{}).intermediate()), der);
}

TEST(CertificateIdentifierTest, WhatIsNoChainIsSaidToBeNone) {
  for (const char* text :
       {"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    EXPECT_EQ(thrown_error([&] { leaf_der(text); }).value().code(), ErrorCode::crypto);
    EXPECT_EQ(thrown_error([&] { certificate_identifier(std::string_view(text)); }).value().code(),
              ErrorCode::crypto);
  }
}

}  // namespace
}  // namespace autohttps::acme
