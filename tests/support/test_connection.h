// A blocking client on loopback, plain or TLS, that sends what it is told, byte for byte.
#pragma once

#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/owned_fd.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace autohttps {

struct TestResponse {
  int status = 0;                              // 0: the connection ended without one
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string raw_head;
};

void read_head_of(TestResponse&, std::string raw_head);  // status, headers, raw_head

// Verifies nothing. Throws std::runtime_error when it cannot connect; reads give up after 10 s.
class TestConnection {
 public:
  static TestConnection plain(std::uint16_t port, const std::string& host = "127.0.0.1");
  static TestConnection tls(std::uint16_t port, const std::string& server_name,
                            const std::string& host = "127.0.0.1",
                            int newest_version = 0,             // TLS1_2_VERSION; 0: what there is
                            const std::string& protocol = {});  // by ALPN, the only one

  bool send(std::string_view bytes);
  std::string read_to_end();
  std::string read_some();                 // what there is, at least a byte; empty: the end
  bool read_until(std::string_view text);  // what arrives contains it; taken in up to its end
  TestResponse read_response(bool head_only = false);  // by Content-Length, else to the end
  // "GET /x HTTP/1.1, Host: name" and its answer.
  TestResponse get(const std::string& target, const std::string& host,
                   const std::string& more_headers = {});
  void finish_sending();  // FIN
  bool ended();           // has the server closed? Waits for it, up to 10 s

  const std::string& fingerprint() const noexcept { return fingerprint_; }  // of the leaf
  int fd() const noexcept { return fd_.get(); }

 private:
  explicit TestConnection(OwnedFd fd) : fd_(std::move(fd)) {}
  bool fill();

  OwnedFd fd_;
  SslContextPtr context_;
  SslPtr ssl_;
  std::string fingerprint_;
  std::string in_;
};

}  // namespace autohttps
