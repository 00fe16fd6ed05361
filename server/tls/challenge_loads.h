// Answers to TLS-ALPN-01, read from the store while the CA's handshake is suspended (RFC 8737).
#pragma once

#include <autohttps/common/challenge_answers.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace autohttps {

// Thread-safe. On threads of its own, none before somebody asks; a bounded number at a time and
// waiting, since anybody may send such hellos.
class ChallengeLoads {
 public:
  using Ready = std::function<void(std::shared_ptr<const CertifiedKey>)>;

  explicit ChallengeLoads(const ChallengeAnswers& answers) : answers_(answers) {}
  ~ChallengeLoads();  // ends what is under way; who waits is answered with nothing
  ChallengeLoads(const ChallengeLoads&) = delete;
  ChallengeLoads& operator=(const ChallengeLoads&) = delete;

  // True: `ready` runs exactly once, on another thread; null: no such challenge. False: too many
  // wait.
  bool load(std::string_view name, Ready ready);

  static constexpr std::size_t kMostAtOnce = 4;  // a CA asks from a handful of places
  static constexpr std::size_t kMostWaiting = 64;

 private:
  struct Load {
    std::string name;
    Ready ready;
  };
  void run();

  const ChallengeAnswers& answers_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Load> waiting_;
  std::size_t idle_ = 0;  // threads
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace autohttps
