// A server under test, ours or an example, and the continuous new connections it has to bear.
#pragma once

#include <autohttps/tests/integration/program_on_pebble.h>
#include <autohttps/tests/support/https_client.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace autohttps {

// New connections from several threads, one after the other, until stopped.
class Load {
 public:
  Load(const HttpsRequest& request, int threads) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, request](const std::stop_token& stop) {
        while (!stop.stop_requested()) note(https_get(request));
      });
    }
  }
  void stop() { threads_.clear(); }

  int connections() const { return connections_; }
  std::size_t serials() const {  // how many certificates were seen
    const std::lock_guard lock(mutex_);
    return serials_.size();
  }
  // Empty: every handshake and request went well, with a full chain that verifies.
  std::string failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  void note(const HttpsAnswer& answer) {
    ++connections_;
    std::string wrong = answer.failure;
    if (wrong.empty() && !answer.verified) wrong = "not verified, serial " + answer.serial;
    if (wrong.empty() && answer.chain_length < 2) wrong = "no full chain";
    if (wrong.empty() && answer.status != 200) wrong = "status " + std::to_string(answer.status);
    const std::lock_guard lock(mutex_);
    if (!answer.serial.empty()) serials_.insert(answer.serial);
    if (wrong.empty()) return;
    failures_ += wrong + "\n";
  }

  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::string failures_;               // guarded by mutex_
  std::set<std::string> serials_;      // guarded by mutex_
  std::vector<std::jthread> threads_;  // last: gone before what they use
};

// `renew --force` from another process, `times` times, while `load` goes on: each certificate must
// be served, whole, soon after the flip.
inline void renew_under_load(const ProgramOnPebble& here, const HttpsRequest& request,
                             const Load& load, int times) {
  constexpr std::chrono::seconds kSoon{5};
  for (int i = 0; i < times; ++i) {
    const std::string before = here.stored(request.name)->serial();
    const ChildResult renewed = here.renew({"--force"});
    ASSERT_EQ(renewed.exit_code, 0) << said(renewed);
    const std::string after = here.stored(request.name)->serial();
    ASSERT_NE(after, before);
    HttpsAnswer answer;
    ASSERT_TRUE(eventually(
        [&] {
          answer = https_get(request);
          return answer.serial == after;
        },
        kSoon))
        << "renewal " << i << ": still " << answer.serial << answer.failure;
    EXPECT_TRUE(answer.verified);
    EXPECT_GE(answer.chain_length, 2u);
  }
  EXPECT_EQ(load.failures(), "");
}

}  // namespace autohttps
