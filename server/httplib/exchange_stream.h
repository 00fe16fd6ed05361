// A request and its answer as cpp-httplib reads and writes them: HTTP/1.1 text (not installed).
#pragma once

#include <httplib.h>

#include <autohttps/server/engine/exchange.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace autohttps {

// Of one thread. The union of what Stream asks for in all versions of cpp-httplib, hence no
// `override`.
// NOLINTBEGIN(modernize-use-override)
class ExchangeStream final : public httplib::Stream {
 public:
  // `expect_is_kept`: the library answers "Expect: 100-continue" itself.
  ExchangeStream(Exchange&, bool expect_is_kept);
  // For the answer alone: the request is known, and has no body.
  explicit ExchangeStream(Exchange& exchange) noexcept : exchange_(exchange), body_is_over_(true) {}

  bool answered() const noexcept { return head_is_out_; }

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
  time_t duration() const;  // milliseconds
  void set_read_timeout(time_t seconds, time_t microseconds);

 private:
  void take_chunk();

  Exchange& exchange_;
  std::string written_anew_;  // the head, where it could not be handed as it came
  std::string_view unread_;   // of the head, or of chunk_
  std::string chunk_;         // a piece of the body with the framing that the head announces
  bool body_is_over_ = false;
  bool head_is_out_ = false;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};
// NOLINTEND(modernize-use-override)

}  // namespace autohttps
