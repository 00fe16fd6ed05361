#include <autohttps/acme/management/publisher.h>

#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/common/error.h>
#include <autohttps/common/timestamps.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

namespace autohttps::acme {
namespace {

struct Job {
  std::string id;
  bool at_start = false;                    // publish(): nobody serves yet, nothing to prove
  std::function<void(bool served)> done{};  // may be empty
};

}  // namespace

struct Publisher::Work {
  Work(CertificateStore& certificates_in, CertificateSink& sink_in, EventSink events_in)
      : certificates(certificates_in),
        sink(sink_in),
        events(std::move(events_in)),
        thread([this](const std::stop_token& stop) { run(stop); }) {}

  void run(const std::stop_token& stop);
  void enqueue(Job);
  bool refresh(const Job&);
  bool load(const Job&);
  void withdraw(const std::string& id);
  void install(const Job&, const Generation&);
  void event(Event::Level, const std::string& id, const std::string& text,
             const std::string& hint = {}) const;

  // Constant after construction, thread-safe themselves.
  CertificateStore& certificates;
  CertificateSink& sink;
  const EventSink events;

  // Guarded by mutex.
  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Job> jobs;
  std::function<void(const Credentials&)> installed_callback;

  // The thread's own: what is served now, by generation and fingerprint.
  std::map<std::string, std::pair<std::uint64_t, std::string>> served;

  std::unique_ptr<Subscription> subscription;  // ends first: it enqueues
  std::jthread thread;
};

void Publisher::Work::run(const std::stop_token& stop) {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex);
      if (!changed.wait(lock, stop, [&] { return !jobs.empty(); }) || stop.stop_requested()) return;
      job = std::move(jobs.front());
      jobs.pop_front();
    }
    const bool is_served = refresh(job);
    if (job.done) job.done(is_served);
  }
}

void Publisher::Work::enqueue(Job job) {
  {
    const std::lock_guard lock(mutex);
    // The store may tell of one flip several times; one look covers all that wait.
    for (const Job& waiting : jobs) {
      if (!job.done && waiting.id == job.id && !waiting.at_start) return;
    }
    jobs.push_back(std::move(job));
  }
  changed.notify_one();
}

bool Publisher::Work::refresh(const Job& job) {
  try {
    return load(job);
  } catch (const Error& error) {
    event(Event::Level::error, job.id, std::string("reading it to serve it: ") + error.what(),
          error.hint());
  } catch (const std::exception& error) {
    event(Event::Level::error, job.id, std::string("reading it to serve it: ") + error.what());
  }
  return served.contains(job.id);
}

bool Publisher::Work::load(const Job& job) {
  std::string trouble;
  const auto generation = certificates.current(job.id, &trouble);
  if (!trouble.empty()) event(Event::Level::warning, job.id, trouble);
  if (!generation) {
    if (!certificates.spec(job.id)) withdraw(job.id);
    return served.contains(job.id);
  }
  // A damaged `current` falls back to an older generation: right for a start, but no reason to give
  // up what is in memory (RELIABILITY I3).
  const auto before = served.find(job.id);
  if (!trouble.empty() && before != served.end() && generation->number < before->second.first) {
    return true;
  }
  // Against the names it was issued for, not those wished for by now: what has not got its new name
  // yet is served meanwhile.
  const std::string why = trouble_with(*generation->key, generation->meta.names);
  if (!why.empty()) {
    event(Event::Level::error, job.id,
          "generation " + std::to_string(generation->number) + " is not served: " + why,
          "the one before stays in place; autohttps obtain --force gets a new one");
    return served.contains(job.id);
  }
  install(job, *generation);
  return true;
}

void Publisher::Work::install(const Job& job, const Generation& generation) {
  const std::pair identity(generation.number, generation.key->fingerprint());
  const auto before = served.find(job.id);
  if (before != served.end() && before->second == identity) return;
  const auto credentials = CertificateStore::credentials(job.id, generation);
  sink.install(credentials);
  served[job.id] = identity;
  event(job.at_start ? Event::Level::debug : Event::Level::done, job.id,
        "serving generation " + std::to_string(generation.number) + ", valid until " +
            format_rfc3339(generation.key->not_after()).substr(0, 10));
  if (job.at_start) return;
  std::function<void(const Credentials&)> callback;
  {
    const std::lock_guard lock(mutex);
    callback = installed_callback;
  }
  if (callback) callback(*credentials);
}

void Publisher::Work::withdraw(const std::string& id) {
  if (served.erase(id) == 0) return;
  sink.withdraw(id);
  event(Event::Level::done, id, "no longer served: it was deleted");
}

void Publisher::Work::event(Event::Level level, const std::string& id, const std::string& text,
                            const std::string& hint) const {
  if (events) events({level, id, text, hint});
}

Publisher::Publisher(CertificateStore& certificates, CertificateSink& sink, EventSink events)
    : work_(std::make_unique<Work>(certificates, sink, std::move(events))) {
  Work* work = work_.get();
  work->subscription =
      certificates.watch([work](std::string_view id) { work->enqueue({std::string(id)}); });
}

Publisher::~Publisher() {
  work_->subscription.reset();
  work_->thread.request_stop();
  work_->thread.join();
  // Each promised call runs once, also for what will not be looked at any more.
  for (const Job& job : work_->jobs) {
    if (job.done) job.done(work_->served.contains(job.id));
  }
}

std::size_t Publisher::publish(const std::vector<std::string>& ids) {
  std::mutex mutex;
  std::condition_variable all_done;
  std::size_t left = ids.size(), count = 0;  // guarded by mutex
  for (const std::string& id : ids) {
    work_->enqueue({id, true, [&](bool served) {
                      const std::lock_guard lock(mutex);
                      if (served) ++count;
                      if (--left == 0) all_done.notify_one();
                    }});
  }
  std::unique_lock lock(mutex);
  all_done.wait(lock, [&] { return left == 0; });
  return count;
}

bool Publisher::supply(std::string_view name, std::function<void()> done) {
  const auto id = work_->certificates.id_for_name(name);
  if (!id) return false;
  work_->enqueue({*id, false, [done = std::move(done)](bool) { done(); }});
  return true;
}

void Publisher::on_installed(std::function<void(const Credentials&)> callback) {
  const std::lock_guard lock(work_->mutex);
  work_->installed_callback = std::move(callback);
}

}  // namespace autohttps::acme
