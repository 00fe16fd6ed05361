#include <autohttps/server/tls/certificate_fetch.h>

#include <utility>

namespace autohttps {

void CertificateFetch::finish() {
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    calls.swap(calls_);
    changed_.notify_all();
  }
  for (const std::function<void()>& call : calls) call();
}

bool CertificateFetch::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

bool CertificateFetch::wait_for(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [this] { return finished_; });
}

void CertificateFetch::when_finished(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    if (!finished_) {
      calls_.push_back(std::move(call));
      return;
    }
  }
  call();
}

}  // namespace autohttps
