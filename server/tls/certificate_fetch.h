// A certificate on its way, and who waits for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace autohttps {

// One answer of CertificateSource::fetch. Thread-safe; shared with its `ready`, which may come
// after the connection is gone.
class CertificateFetch {
 public:
  void finish();  // what waits runs here, once however often this is called
  bool finished() const;
  bool wait_for(std::chrono::milliseconds most);
  void when_finished(std::function<void()> call);  // at once, if it has

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;                     // guarded by mutex_
  std::vector<std::function<void()>> calls_;  // guarded by mutex_
};

}  // namespace autohttps
