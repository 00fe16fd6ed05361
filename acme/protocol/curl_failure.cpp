#include <autohttps/acme/protocol/curl_failure.h>

#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/strings.h>

#include <openssl/x509_vfy.h>

#include <system_error>

namespace autohttps::acme {
namespace {

struct Words {
  std::string cause;
  std::string hint;
  ErrorCode code = ErrorCode::network;
};

std::string detail_of(const CurlFailure& failure) {
  if (!failure.detail.empty()) return printable(failure.detail, 300);
  return curl_easy_strerror(failure.code);
}

std::string errno_text(long number) {
  return std::generic_category().message(static_cast<int>(number));
}

Words certificate_words(const CurlFailure& failure) {
  switch (failure.verify_result) {
    case X509_V_OK:               // the chain is right, so it is the name
    case X509_V_ERR_UNSPECIFIED:  // curl looks at the name first, and has no result of the chain
                                  // yet
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {"its certificate is for another name: " + detail_of(failure),
              "check --server: the host there must be one that the CA's certificate names"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {
          "its certificate has expired",
          "this machine's clock may be ahead: check it with `date`; if it is right, the CA has to "
          "renew its certificate"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {"its certificate is not valid yet",
              "this machine's clock is probably behind: check it with `date`"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return {"its certificate is from an issuer this machine does not trust",
              failure.own_bundle
                  ? "the file given with --ca-bundle does not hold this CA's root"
                  : "for a private CA give its root with --ca-bundle FILE; for a public one "
                    "install the package ca-certificates"};
    default:
      return {"its certificate is not acceptable: " +
                  std::string(X509_verify_cert_error_string(failure.verify_result)),
              {}};
  }
}

Words connection_words(const CurlFailure& failure) {
  const std::string cause =
      failure.os_errno != 0 ? errno_text(failure.os_errno) : detail_of(failure);
  return {
      "no connection: " + to_lower(cause.substr(0, 1)) + cause.substr(1),
      "the CA may be down: then try again later; else check --server, and whether a firewall or "
      "proxy stands between (--ca-proxy)"};
}

Words tls_words(const CurlFailure& failure) {
  const std::string detail = detail_of(failure);
  if (detail.find("unsupported protocol") != std::string::npos ||
      detail.find("protocol version") != std::string::npos) {
    return {"it offers no TLS 1.2 or newer",
            "older versions are not safe to use; the CA has to be updated"};
  }
  return {"the TLS handshake failed: " + detail,
          "check --server: is it an HTTPS port, and is nothing intercepting the connection?"};
}

Words words_for(const CurlFailure& failure) {
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {"its name could not be resolved",
              "check --server for a typing error, and this machine's DNS"};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {"the proxy's name could not be resolved", "check --ca-proxy"};
    case CURLE_COULDNT_CONNECT:
      return connection_words(failure);
    case CURLE_OPERATION_TIMEDOUT:
      return {"no complete answer within " + std::to_string(failure.timeout.count()) + " s",
              "the CA or the network in between is slow or silent: try again later"};
    case CURLE_PEER_FAILED_VERIFICATION:
      return certificate_words(failure);
    case CURLE_SSL_CACERT_BADFILE:
      return {"the file with the trusted roots cannot be read: " + detail_of(failure),
              "check --ca-bundle"};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
      return tls_words(failure);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return {"the connection broke before the answer was complete (" + detail_of(failure) + ")",
              "try again; if it stays, check what stands between this machine and the CA"};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {"the answer is not HTTP/1.1: " + detail_of(failure),
              "check --server: it must be the URL of an ACME directory", ErrorCode::protocol};
    default:
      return {detail_of(failure), {}};
  }
}

}  // namespace

Error describe_failure(const CurlFailure& failure) {
  Words words = words_for(failure);
  return Error(words.code, "asking \"" + host_of(failure.url) + "\": " + words.cause,
               std::move(words.hint));
}

}  // namespace autohttps::acme
