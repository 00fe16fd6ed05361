// A client for servers under test: one new connection, one request, and what was served.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace autohttps {

struct HttpsAnswer {
  std::string failure;           // connect, handshake, request or answer; empty: all went well
  bool verified = false;         // chain and name, by the root given
  std::string serial;            // the leaf's, lower-case hex as in CertifiedKey
  std::string common_name;       // the leaf's issuer's
  std::size_t chain_length = 0;  // certificates the server sent
  int status = 0;
  std::string headers;
  std::string body;
};

struct HttpsRequest {
  std::uint16_t port = 0;
  std::string name;  // SNI, unless it is an address; Host; and what the certificate must be for
  std::string path = "/";
  std::string root_pem = {};  // empty: nothing is verified
  std::string address = "127.0.0.1";
};

// Bounded: 10 s. Thread-safe.
HttpsAnswer https_get(const HttpsRequest&);

// Plain HTTP, the same way; `verified`, `serial` and the like stay empty.
HttpsAnswer http_get(const HttpsRequest&);

}  // namespace autohttps
