// The scripted CA's reading of a signed request: written against RFC 7515, 7517 and 7638, not
// against our signing code.
#pragma once

#include <autohttps/common/json.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

typedef struct evp_pkey_st EVP_PKEY;

namespace autohttps {

// A problem for the client: type of RFC 8555 6.7, HTTP status.
struct CaProblem : std::runtime_error {
  CaProblem(std::string problem_type, int http_status, const std::string& detail)
      : std::runtime_error(detail), type(std::move(problem_type)), status(http_status) {}
  std::string type;
  int status;
  std::string retry_after{};  // the header; empty: none
};

struct SignedRequest {
  Json header;          // protected
  std::string payload;  // decoded
  std::string signed_text, signature;
};

// Shape only: flattened JSON, alg we know, exactly one of jwk and kid. Throws CaProblem.
SignedRequest read_jws(std::string_view body);

// A JWS inside a request, of any alg (RFC 8555 7.3.4, 7.3.5). Throws CaProblem.
SignedRequest read_inner_jws(const Json&);

// Throws CaProblem unless the signature is a MAC by this key: HS256, HS384, HS512 (RFC 7518 3.2).
void verify_mac(const SignedRequest&, const std::string& key);

// Throws CaProblem unless the signature is the JWK's.
void verify_jws(const SignedRequest&, const Json& jwk);

std::shared_ptr<EVP_PKEY> public_key_of(const Json& jwk);  // throws CaProblem

// RFC 7638, from the members themselves.
std::string thumbprint_of(const Json& jwk);

}  // namespace autohttps
