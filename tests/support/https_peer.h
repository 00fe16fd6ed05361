// A tiny HTTPS server on loopback whose every byte is the test's: what CurlTransport meets in the
// wild.
#pragma once

#include <autohttps/tests/support/test_certificates.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace autohttps {

// Thread-safe. One thread per connection; all end with it.
class HttpsPeer {
 public:
  struct Request {
    std::string method, path, head, body;
  };
  // What a handler answers with. write() returns false once the client is gone.
  class Answer {
   public:
    explicit Answer(SSL* ssl) : ssl_(ssl) {}
    bool write(std::string_view bytes);
    void simple(int status, std::string_view headers,
                std::string_view body);  // with its Content-Length
    void reset();                        // RST: the connection breaks
    void wait_for_client();              // until the client is gone
    bool keep = true;                    // another request may follow

   private:
    SSL* ssl_;
  };
  using Handler = std::function<void(const Request&, Answer&)>;

  struct Options {
    int highest_tls = 0;              // TLS1_1_VERSION: nothing newer is offered
    bool reset_in_handshake = false;  // after the client's hello
  };

  HttpsPeer(const TestChain&, Handler);
  HttpsPeer(const TestChain&, Handler, Options);
  ~HttpsPeer();

  std::string url(std::string_view path, std::string_view host = "127.0.0.1") const;
  int connections() const noexcept { return connections_; }
  int requests() const noexcept { return requests_; }

 private:
  void accept_all();
  void serve(int fd);

  const Handler handler_;
  const Options options_;
  std::shared_ptr<SSL_CTX> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;

  std::atomic<int> connections_ = 0;
  std::atomic<int> requests_ = 0;

  std::mutex mutex_;
  std::vector<int> open_;             // guarded by mutex_
  std::vector<std::thread> workers_;  // guarded by mutex_
  std::thread acceptor_;
};

}  // namespace autohttps
