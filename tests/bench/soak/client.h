// A blocking client of the soak, plain or TLS, from an address of its own.
#pragma once

#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/tests/bench/servers/tls_client.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace autohttps::bench {

SslContextPtr soak_context(const std::string& root_pem, int highest_version);

// What its calls return: true, or false and why() says it.
class SoakClient {
 public:
  enum class Why {
    nothing,
    refused,  // closed before a handshake, or a first answer, was done
    lost,     // closed between or within answers
    late,     // no answer in time
    broken    // an answer that is not one
  };

  // `context` null: plain. Resumes with the session it has, if told to.
  bool connect(std::uint16_t port, std::uint32_t source, SSL_CTX* context, bool resume);
  bool send(std::string_view);
  bool send_raw(std::string_view);  // past TLS
  // A whole answer. False also where its end is not the end of what has come, unless more answers
  // are expected.
  bool read_answer(bool head_only, bool more_expected);
  void read_to_end();  // bounded in bytes and time

  void close_notify();
  void reset();           // RST
  void finish_sending();  // FIN
  void close();           // keeps the session

  int status() const noexcept { return status_; }
  const std::string& body() const noexcept { return body_; }
  const std::string& unread() const noexcept { return in_; }
  bool last_answer() const noexcept { return last_; }
  bool is_open() const noexcept { return bool(fd_); }
  bool was_resumed() const noexcept { return ssl_ && SSL_session_reused(ssl_.get()) == 1; }
  Why why() const noexcept { return why_; }
  SSL* ssl() const noexcept { return ssl_.get(); }

 private:
  bool fill();
  bool take_head();
  bool take_length(std::size_t size);
  bool take_chunks();
  bool fail(Why why) {
    why_ = why;
    return false;
  }

  OwnedFd fd_;
  SslPtr ssl_;
  SessionPtr session_;
  std::string in_, head_, body_;
  int status_ = 0;
  bool answered_ = false;  // ever
  bool last_ = false;
  Why why_ = Why::nothing;
};

}  // namespace autohttps::bench
