#include <autohttps/acme/management/publisher_queue.h>

#include <utility>

namespace autohttps::acme {

void PublisherQueue::add(PublisherJob job) {
  {
    const std::lock_guard lock(mutex_);
    // The store may tell of one flip several times; one look covers all that wait.
    for (const PublisherJob& waiting : flips_) {
      if (job.done.empty() && waiting.text == job.text && waiting.why == job.why) return;
    }
    flips_.push_back(std::move(job));
  }
  changed_.notify_one();
}

bool PublisherQueue::ask(std::string_view name, std::function<void(bool served)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = nowhere_.find(name); known != nowhere_.end()) {
      if (clock_.steady() < known->second) return false;
      nowhere_.erase(known);
    }
    const auto asked = asking_.find(name);
    if (asked != asking_.end()) {
      asked->second.push_back(std::move(done));
      return true;
    }
    if (asking_.size() >= kMostNames) return false;
    asking_[std::string(name)].push_back(std::move(done));
    names_.emplace_back(name);
  }
  changed_.notify_one();
  return true;
}

std::optional<PublisherJob> PublisherQueue::next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return !flips_.empty() || !names_.empty(); });
  if (stop.stop_requested()) return std::nullopt;
  changes_seen_ = changes_;
  PublisherJob job;
  if (!flips_.empty()) {
    job = std::move(flips_.front());
    flips_.pop_front();
    return job;
  }
  // Who asks for it from now on asks anew: what is done now may not be what is there then.
  job.why = PublisherJob::Why::asked;
  job.text = std::move(names_.front());
  names_.pop_front();
  job.done = std::move(asking_.extract(job.text).mapped());
  return job;
}

std::vector<PublisherJob> PublisherQueue::rest() {
  const std::lock_guard lock(mutex_);
  std::vector<PublisherJob> rest;
  for (PublisherJob& job : flips_) rest.push_back(std::move(job));
  for (auto& [name, done] : asking_) {
    rest.push_back({PublisherJob::Why::asked, name, std::move(done)});
  }
  flips_.clear();
  names_.clear();
  asking_.clear();
  return rest;
}

void PublisherQueue::leads_nowhere(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (changes_ != changes_seen_) return;  // it may have been looked up just before
  if (nowhere_.size() >= kMostNames) nowhere_.clear();
  nowhere_[name] = clock_.steady() + kRemembered;
}

void PublisherQueue::store_changed() {
  const std::lock_guard lock(mutex_);
  ++changes_;
  nowhere_.clear();
}

}  // namespace autohttps::acme
