// A CertificateSink that remembers what it was given.
#pragma once

#include <autohttps/common/certificate_sink.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

// Thread-safe.
class RecordingSink final : public CertificateSink {
 public:
  void install(std::shared_ptr<const Credentials> credentials) override {
    const std::lock_guard lock(mutex_);
    history_.push_back(credentials->certificate + " " + std::to_string(credentials->generation));
    served_[credentials->certificate] = std::move(credentials);
    changed_.notify_all();
  }
  void withdraw(std::string_view certificate) override {
    const std::lock_guard lock(mutex_);
    history_.push_back("-" + std::string(certificate));
    served_.erase(std::string(certificate));
    changed_.notify_all();
  }

  std::shared_ptr<const Credentials> find(const std::string& certificate) const {
    const std::lock_guard lock(mutex_);
    const auto found = served_.find(certificate);
    return found == served_.end() ? nullptr : found->second;
  }
  // "a.test 1", "-a.test": in order.
  std::vector<std::string> history() const {
    const std::lock_guard lock(mutex_);
    return history_;
  }
  // For the publisher's thread; the bound is there so that a failing test ends.
  bool wait_for_history(std::size_t entries) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return history_.size() >= entries; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<const Credentials>> served_;  // guarded by mutex_
  std::vector<std::string> history_;                                  // guarded by mutex_
};

}  // namespace autohttps
