// "Renewed but not served" cannot hide: our own port 443 is asked what it serves.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/credentials.h>
#include <autohttps/common/event.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace autohttps {

// The SHA-256 of the leaf that a client gets from there for the name, lower-case hex; empty when it
// gets none in time. It verifies nothing: whoever asks knows what to expect. `protocol`: offered by
// ALPN as the only one; empty: none is.
std::optional<std::string> served_fingerprint(const std::string& address, std::uint16_t port,
                                              const std::string& server_name,
                                              std::chrono::milliseconds most,
                                              std::string_view protocol = {});

// From our own port. `address`: what the server is bound to; empty: all of this machine's, of which
// the first that answers tells.
std::optional<std::string> fingerprint_from_own_port(const std::string& address, std::uint16_t port,
                                                     const std::string& server_name,
                                                     std::chrono::milliseconds most);

// Thread-safe, one thread. A certificate that is not served after a few tries is a warning.
class ServedCheck {
 public:
  // `address`: what the server is bound to; empty: this machine's own.
  ServedCheck(std::string address, std::uint16_t port, Clock&, EventSink);
  ~ServedCheck();  // stop()

  // Returns at once. A later one of the same certificate takes its place.
  void expect(const Credentials&);
  void stop() noexcept;

 private:
  struct Expected {
    std::uint64_t generation = 0;
    std::string server_name;
    std::vector<std::string> fingerprints;
  };
  void run(const std::stop_token&);
  bool is_outdated(const std::string& certificate);  // something newer of it is waiting
  bool is_served(const Expected&) const;
  void report(const std::string& certificate, const Expected&, bool served) const;

  const std::string address_;
  const std::uint16_t port_;
  Clock& clock_;
  const EventSink events_;

  std::mutex mutex_;  // guards expected_
  std::condition_variable_any changed_;
  std::map<std::string, Expected> expected_;  // by certificate

  std::jthread thread_;
};

}  // namespace autohttps
