// One non-blocking TLS connection of the bench's load clients, and its HTTP/1.1 answers.
#pragma once

#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/owned_fd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace autohttps::bench {

using Time = std::chrono::steady_clock::time_point;

// TLS 1.2 and 1.3, X25519, AES-128-GCM: the same for every server. Nothing is verified: that would
// be the client's time, not the server's. New sessions of TLS 1.3 reach TlsClient::session().
SslContextPtr make_client_context();

struct SessionFree {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, SessionFree>;

struct ConnectPlan {
  std::uint16_t port = 0;
  const char* name = "a.test";  // SNI
  std::uint32_t source = 0;     // host order; 0: the kernel's choice
  bool tiny_window = false;     // so that a big answer cannot go into kernel buffers
  bool resume = false;          // with the session this client has, if it has one
};

// Not thread-safe. Level-triggered in one epoll: call advance() when epoll names it, and again
// while it returns something and pending().
class TlsClient {
 public:
  enum class Event {
    nothing,
    handshaken,
    answered,  // a whole answer: see status()
    ended,     // by the server, between answers
    failed     // see failure()
  };

  void connect(const ConnectPlan&, SSL_CTX*, int epoll, std::uint64_t tag);
  Event advance();
  bool pending() const noexcept { return ssl_ && SSL_has_pending(ssl_.get()) == 1; }
  // False: the connection takes no more. Only short texts: the kernel's buffer is never full.
  bool send(std::string_view text);
  void stop_reading();  // from now on epoll names it only when the connection breaks
  void close();         // without a farewell

  const char* name() const noexcept { return name_; }
  bool is_open() const noexcept { return bool(fd_); }
  bool was_resumed() const noexcept { return ssl_ && SSL_session_reused(ssl_.get()) == 1; }
  bool has_session() const noexcept { return bool(session_); }
  int status() const noexcept { return status_; }
  bool last_answer() const noexcept { return last_answer_; }  // it said "Connection: close"
  const std::string& failure() const noexcept { return failure_; }
  std::string leaf_serial() const;
  int tickets() const noexcept { return tickets_; }  // of this connection
  void take_session(SSL_SESSION*);                   // from the context's callback

  Time started{};  // the driver's: when the operation under way was due
  bool is_slow = false;

 private:
  enum class State { closed, connecting, handshaking, open };
  Event handshake();
  Event read();
  Event take(std::string_view bytes);
  bool take_head();
  Event fail(const std::string& what);

  State state_ = State::closed;
  int epoll_ = -1;
  std::uint64_t tag_ = 0;
  const char* name_ = "";
  OwnedFd fd_;
  SslPtr ssl_;
  SessionPtr session_;
  int tickets_ = 0;
  std::string failure_;

  bool in_answer_ = false;  // something is asked and not wholly answered
  std::string head_;        // of the answer, as far as it has come
  bool head_done_ = false;
  bool chunked_ = false;  // then head_ has all of it
  std::size_t body_left_ = 0;
  int status_ = 0;
  bool last_answer_ = false;
};

const char* get_request(bool close);           // of /1k
std::string get_front_page(const char* host);  // of /, "Connection: close"

}  // namespace autohttps::bench
