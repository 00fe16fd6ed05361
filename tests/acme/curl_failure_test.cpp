#include <autohttps/acme/protocol/curl_failure.h>

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <string>

namespace autohttps::acme {
namespace {

CurlFailure failure(CURLcode code) {
  CurlFailure failure;
  failure.code = code;
  failure.url = "https://ca.test:14000/dir";
  failure.timeout = std::chrono::seconds(60);
  return failure;
}

std::string text_of(const CurlFailure& failure) { return describe_failure(failure).what(); }

TEST(CurlFailureTest, NamesHostAndCause) {
  EXPECT_EQ(text_of(failure(CURLE_COULDNT_RESOLVE_HOST)),
            "asking \"ca.test:14000\": its name could not be resolved");
  EXPECT_EQ(text_of(failure(CURLE_OPERATION_TIMEDOUT)),
            "asking \"ca.test:14000\": no complete answer within 60 s");
  CurlFailure refused = failure(CURLE_COULDNT_CONNECT);
  refused.os_errno = ECONNREFUSED;
  EXPECT_EQ(text_of(refused), "asking \"ca.test:14000\": no connection: connection refused");
}

TEST(CurlFailureTest, ForeignTextIsMadeSafe) {
  CurlFailure odd = failure(CURLE_SSL_CONNECT_ERROR);
  odd.detail = "\x1b[31mred\n";
  EXPECT_EQ(text_of(odd), "asking \"ca.test:14000\": the TLS handshake failed: \\x1b[31mred\\x0a");
}

TEST(CurlFailureTest, AnUntrustedIssuerLeadsToTheBundle) {
  CurlFailure untrusted = failure(CURLE_PEER_FAILED_VERIFICATION);
  untrusted.verify_result = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
  EXPECT_NE(describe_failure(untrusted).hint().find("--ca-bundle FILE"), std::string::npos);
  untrusted.own_bundle = true;
  EXPECT_NE(describe_failure(untrusted).hint().find("does not hold this CA's root"),
            std::string::npos);
}

TEST(CurlFailureTest, AllFailuresHaveWords) {
  for (int code = 1; code < CURL_LAST; ++code) {
    const Error error = describe_failure(failure(static_cast<CURLcode>(code)));
    EXPECT_GT(std::string(error.what()).size(), std::string("asking \"ca.test:14000\": ").size())
        << code;
    EXPECT_TRUE(error.code() == ErrorCode::network || error.code() == ErrorCode::protocol);
  }
}

}  // namespace
}  // namespace autohttps::acme
