// The server under the soak: a process of its own, so that its memory and descriptors are nobody
// else's.
#pragma once

#include <autohttps/common/owned_fd.h>
#include <autohttps/tests/bench/soak/report.h>
#include <autohttps/tests/support/test_certificates.h>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace autohttps::bench {

// Small enough to be met by what the soak does, large enough for ordinary clients beside it.
inline constexpr std::size_t kSoakConnections = 100;
inline constexpr std::size_t kSoakPerAddress = 80;
inline constexpr std::size_t kSoakRequests = 50;         // of a connection
inline constexpr std::size_t kSoakBody = 256 << 10;      // bytes
inline constexpr std::chrono::seconds kSoakDeadline{3};  // each of them; what drips, drips from 2 s
inline constexpr std::size_t kSoakLeaders = 2;           // of each of the two servers

// What is answered: `tag` again and again.
std::string soak_body(std::string_view tag, std::size_t size);
inline constexpr std::size_t kSoakSmall = 1'024;   // /small, and /slow after 20 ms
inline constexpr std::size_t kSoakLong = 300'000;  // /known: a provider with a length
inline constexpr std::size_t kSoakChunks = 10;     // of /chunks, kSoakSmall each

class SoakServer {
 public:
  // Forks: before there are threads. a.test over TLS, with two certificates in turn; and plain.
  explicit SoakServer(const TestCa&);
  ~SoakServer();  // kills it, unless it was told to end

  std::uint16_t tls_port() const noexcept { return tls_port_; }
  std::uint16_t plain_port() const noexcept { return plain_port_; }
  ServerReport report();  // throws std::runtime_error: it has died
  void swap_no_more();
  int end();  // its wait status

 private:
  void say(char);
  OwnedFd line_;
  pid_t pid_ = -1;
  std::uint16_t tls_port_ = 0;
  std::uint16_t plain_port_ = 0;
};

}  // namespace autohttps::bench
