// A connection as cpp-httplib reads and writes it: buffered, with time limits, TLS or plain.
#pragma once

#include <httplib.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

typedef struct ssl_st SSL;

namespace autohttps {

struct StreamLimits {
  std::chrono::milliseconds idle;   // for the next request's first byte
  std::chrono::milliseconds read;   // without a byte of a body
  std::chrono::milliseconds write;  // without the client taking a byte
  std::size_t payload;              // bytes of a body
};

// Of one connection's thread. The union of what Stream asks for in all versions of cpp-httplib,
// hence no `override`. The descriptor is non-blocking and the caller's.
class SocketStream final : public httplib::Stream {
 public:
  // `stopping`: the server is; what is under way then has 5 s more.
  SocketStream(int fd, SSL* ssl, StreamLimits, std::function<bool()> stopping);

  bool accept_tls();  // the whole handshake within 10 s; waits while a certificate is fetched
  // Until the next request's first byte is here. False: the client is gone, the time is up, the
  // server stops, or `wanted_elsewhere`.
  bool wait_for_request(const std::function<bool()>& wanted_elsewhere);
  void begin_request();  // its head within 10 s and 32 KiB
  // What was read of it, byte for byte: cpp-httplib changes values on their way (%XX is decoded).
  const std::string& head() const noexcept { return head_; }
  struct Body {
    std::uint64_t length = 0;
    bool chunked = false;
  };
  void begin_body(Body);  // none: read() is at the end
  // Has the body been read to its end? If not, what follows is no request (CVE-2026-34441).
  bool body_was_read() const noexcept;
  bool flush();
  // close_notify and FIN; `discard`: takes in what the client still sends for a while, since
  // closing over unread bytes resets the connection and our answer with it.
  void close(bool discard);

  ssize_t read(char* data, std::size_t size);
  ssize_t write(const char* data, std::size_t size);
  bool is_readable() const;
  bool is_writable() const;
  bool wait_readable() const;
  bool wait_writable() const;
  bool is_peer_alive() const;
  void get_remote_ip_and_port(std::string& ip, int& port) const;
  void get_local_ip_and_port(std::string& ip, int& port) const;
  socket_t socket() const;
  time_t duration() const;
  void set_read_timeout(time_t seconds, time_t microseconds);

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class Need { nothing, readable, writable, certificate };

  bool wait(short events, Time until) const;
  bool wait_for(Need, Time until) const;
  bool out_of_time(Time until) const;
  Need after_tls_failure(int result) const;
  ssize_t read_some(char* data, std::size_t size, Need&);
  ssize_t write_some(const char* data, std::size_t size, Need&);
  ssize_t fill(Time until);
  bool write_all(const char* data, std::size_t size);

  const int fd_;
  SSL* const ssl_;
  StreamLimits limits_;
  const std::function<bool()> stopping_;
  const Time born_ = std::chrono::steady_clock::now();

  std::vector<char> in_;
  std::size_t in_begin_ = 0, in_end_ = 0;
  std::string held_;  // a head that waits for its body, to leave in one packet
  bool head_passed_ = false;
  bool in_head_ = false;      // of the request
  std::string head_;          // no more than its budget
  bool chunked_ = false;      // the body's end is cpp-httplib's to find
  std::uint64_t left_ = 0;    // of a body that is not chunked
  std::uint64_t budget_ = 0;  // bytes that may still be read for this request
  std::string tail_;          // the last four bytes read of a chunked body
  Time head_until_{};
  mutable Time cut_off_ = Time::max();  // once the server stops
};

}  // namespace autohttps
