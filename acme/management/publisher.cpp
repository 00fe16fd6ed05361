#include <autohttps/acme/management/publisher.h>

#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/management/publisher_queue.h>
#include <autohttps/common/error.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps::acme {
namespace {

using Why = PublisherJob::Why;

// What the sink has of a certificate.
struct Held {
  std::uint64_t generation = 0;  // 0: there was none when it was asked for
  std::string fingerprint;       // of all its parts
  bool loads_again = false;
};

bool serves(const Generation& generation, const std::string_view name) {
  const std::vector<const GenerationPart*> parts = generation.parts();
  return std::any_of(parts.begin(), parts.end(),
                     [&](const GenerationPart* part) { return part->key->serves(name); });
}

}  // namespace

struct Publisher::Work {
  Work(CertificateStore& certificates_in, CertificateSink& sink_in, EventSink events_in,
       PublisherOptions options_in)
      : certificates(certificates_in),
        sink(sink_in),
        events(std::move(events_in)),
        options(std::move(options_in)),
        queue(options.clock == nullptr ? system_clock : *options.clock),
        lazy(certificates.listed().size() > options.most_whole),
        thread([this](const std::stop_token& stop) { run(stop); }) {}

  void run(const std::stop_token& stop);
  void flipped(std::string_view id);
  bool perform(const PublisherJob&);
  bool look_up(const std::string& name);
  bool refresh(const std::string& id, Why, std::string_view name = {});
  bool load(const std::string& id, Why, std::string_view name);
  std::size_t publish(const std::vector<std::string>& ids, Why);
  void show_none(const std::string& id);
  void withdraw(const std::string& id);
  std::optional<Generation> good_parts(const std::string& id, const Generation&) const;
  void install(const std::string& id, Why, const Generation&);
  std::optional<Held> held(std::string_view id) const;
  bool is_served(std::string_view id) const;
  bool is_lazy() const;
  void event(Event::Level, const std::string& id, const std::string& text,
             const std::string& hint = {}) const;

  // Constant after construction, thread-safe themselves.
  CertificateStore& certificates;
  CertificateSink& sink;
  const EventSink events;
  const PublisherOptions options;
  const SystemClock system_clock{};
  PublisherQueue queue;

  // Guarded by mutex.
  mutable std::mutex mutex;
  std::function<void(const Credentials&)> installed_callback;
  std::map<std::string, Held, std::less<>> in_sink;
  std::string loading;  // the certificate that is being read: a flip of it must not be missed
  bool lazy;
  bool began = false;  // publish_all() was called before

  std::unique_ptr<Subscription> subscription;  // ends first: it enqueues
  std::jthread thread;
};

void Publisher::Work::run(const std::stop_token& stop) {
  while (const auto job = queue.next(stop)) {
    const bool served = perform(*job);
    for (const auto& done : job->done) done(served);
  }
}

// On the store's thread. In a large store most flips are of certificates that nobody has asked for.
void Publisher::Work::flipped(std::string_view id) {
  queue.store_changed();
  {
    const std::lock_guard lock(mutex);
    if (lazy && id != loading && !in_sink.contains(id)) return;
  }
  queue.add({Why::flip, std::string(id)});
}

bool Publisher::Work::perform(const PublisherJob& job) {
  if (job.why != Why::asked) return refresh(job.text, job.why);
  try {
    return look_up(job.text);
  } catch (const Error& error) {
    event(Event::Level::error, {}, std::string("looking up a name to serve it: ") + error.what(),
          error.hint());
  } catch (const std::exception& error) {
    event(Event::Level::error, {}, std::string("looking up a name to serve it: ") + error.what());
  }
  return false;
}

// The name's own certificate; where there is none, or none with the name as yet, its wildcard's.
bool Publisher::Work::look_up(const std::string& name) {
  const std::vector<std::string> ids = certificates.ids_for_name(name);
  bool served = false;
  for (const std::string& id : ids) {
    served = refresh(id, Why::asked, name);
    if (served) break;
  }
  if (ids.empty()) queue.leads_nowhere(name);
  return served;
}

bool Publisher::Work::refresh(const std::string& id, Why why, std::string_view name) {
  {
    const std::lock_guard lock(mutex);
    loading = id;
  }
  bool served = false;
  try {
    served = load(id, why, name);
  } catch (const Error& error) {
    served = is_served(id);
    event(Event::Level::error, id, std::string("reading it to serve it: ") + error.what(),
          error.hint());
  } catch (const std::exception& error) {
    served = is_served(id);
    event(Event::Level::error, id, std::string("reading it to serve it: ") + error.what());
  }
  if (!is_served(id)) show_none(id);
  const std::lock_guard lock(mutex);
  loading.clear();
  return served;
}

// `name`: what a handshake asked for, else empty.
bool Publisher::Work::load(const std::string& id, Why why, std::string_view name) {
  std::string trouble;
  const auto generation = certificates.current(id, &trouble);
  if (!trouble.empty()) event(Event::Level::warning, id, trouble);
  if (!generation) {
    if (!certificates.spec(id)) withdraw(id);
    return is_served(id);
  }
  // A damaged `current` falls back to an older generation: right for a start, but no reason to give
  // up what is in memory (RELIABILITY I3).
  const auto before = held(id);
  if (!trouble.empty() && before && generation->number < before->generation) return true;
  // Against the names it was issued for, not those wished for by now: what has not got its new name
  // yet is served meanwhile.
  if (!generation->damage.empty()) event(Event::Level::warning, id, generation->damage);
  const std::optional<Generation> good = good_parts(id, *generation);
  if (!good) return is_served(id);
  install(id, why, *good);
  if (name.empty() || serves(*good, name)) return true;
  queue.leads_nowhere(std::string(name));  // wished for, and not yet in the certificate
  return false;
}

// Of a pair, one that is no good does not take the other with it.
std::optional<Generation> Publisher::Work::good_parts(const std::string& id,
                                                      const Generation& generation) const {
  std::vector<GenerationPart> good;
  for (const GenerationPart* part : generation.parts()) {
    if (is_elsewhere(part->key->key())) continue;  // of the user's own request: others serve it
    const std::string why_not = trouble_with(*part->key, part->meta.names);
    if (why_not.empty()) {
      good.push_back(*part);
      continue;
    }
    event(Event::Level::error, id,
          "generation " + std::to_string(generation.number) + " is not served: " + why_not,
          "the one before stays in place; autohttps obtain --force gets a new one");
  }
  if (good.empty()) return std::nullopt;
  Generation served;
  static_cast<GenerationPart&>(served) = good.front();
  served.number = generation.number;
  served.further.assign(good.begin() + 1, good.end());
  return served;
}

// Nothing good is there to be served: a placeholder, where somebody makes one.
void Publisher::Work::show_none(const std::string& id) {
  if (!options.on_none) return;
  try {
    const auto spec = certificates.spec(id);
    if (!spec || !spec->csr.empty()) return;
    const bool loads_again = is_lazy();
    {
      // Before the sink has it: whatever is dropped from there is forgotten here.
      const std::lock_guard lock(mutex);
      in_sink[id] = {0, {}, loads_again};
    }
    options.on_none(*spec, loads_again);
  } catch (const Error&) {
    // The manager tells of a wish that cannot be read at each look; the other certificates go on.
  }
}

void Publisher::Work::install(const std::string& id, Why why, const Generation& generation) {
  const auto before = held(id);
  Held now{generation.number, {}, false};
  for (const GenerationPart* part : generation.parts()) now.fingerprint += part->key->fingerprint();
  if (before && before->generation == now.generation && before->fingerprint == now.fingerprint) {
    return;
  }
  now.loads_again = before ? before->loads_again : is_lazy();
  const auto credentials = CertificateStore::credentials(id, generation, now.loads_again);
  std::function<void(const Credentials&)> callback;
  {
    const std::lock_guard lock(mutex);
    in_sink[id] = now;
    lazy = lazy || in_sink.size() > options.most_whole;  // it has grown too large to be held whole
    callback = installed_callback;
  }
  sink.install(credentials);
  event(why == Why::flip ? Event::Level::done : Event::Level::debug, id,
        "serving generation " + std::to_string(generation.number) + ", valid until " +
            format_rfc3339(generation.key->not_after()).substr(0, 10));
  if (why == Why::flip && callback) callback(*credentials);
}

std::size_t Publisher::Work::publish(const std::vector<std::string>& ids, Why why) {
  std::mutex waiting;
  std::condition_variable all_done;
  std::size_t left = ids.size(), count = 0;  // guarded by waiting
  for (const std::string& id : ids) {
    queue.add({why, id, {[&](bool served) {
                 const std::lock_guard lock(waiting);
                 if (served) ++count;
                 if (--left == 0) all_done.notify_one();
               }}});
  }
  std::unique_lock lock(waiting);
  all_done.wait(lock, [&] { return left == 0; });
  return count;
}

void Publisher::Work::withdraw(const std::string& id) {
  const auto before = held(id);
  if (!before) return;
  {
    const std::lock_guard lock(mutex);
    in_sink.erase(id);
  }
  sink.withdraw(id);
  if (before->generation == 0) return;  // nobody was told that it is served
  event(Event::Level::done, id, "no longer served: it was deleted");
}

std::optional<Held> Publisher::Work::held(std::string_view id) const {
  const std::lock_guard lock(mutex);
  const auto found = in_sink.find(id);
  return found == in_sink.end() ? std::nullopt : std::optional(found->second);
}

bool Publisher::Work::is_served(std::string_view id) const {
  const auto now = held(id);
  return now && now->generation != 0;
}

bool Publisher::Work::is_lazy() const {
  const std::lock_guard lock(mutex);
  return lazy;
}

void Publisher::Work::event(Event::Level level, const std::string& id, const std::string& text,
                            const std::string& hint) const {
  if (events) events({level, id, text, hint});
}

Publisher::Publisher(CertificateStore& certificates, CertificateSink& sink, EventSink events,
                     PublisherOptions options)
    : work_(std::make_unique<Work>(certificates, sink, std::move(events), std::move(options))) {
  Work* work = work_.get();
  work->subscription = certificates.watch([work](std::string_view id) { work->flipped(id); });
}

Publisher::~Publisher() {
  work_->subscription.reset();
  work_->thread.request_stop();
  work_->thread.join();
  // Each promised call runs once, also for what will not be looked at any more.
  for (const PublisherJob& job : work_->queue.rest()) {
    for (const auto& done : job.done) done(work_->is_served(job.text));
  }
}

std::size_t Publisher::publish(const std::vector<std::string>& ids) {
  return work_->publish(ids, Why::start);
}

std::size_t Publisher::publish_all() {
  work_->queue.store_changed();
  if (loads_lazily()) return 0;
  Why why = Why::flip;
  {
    const std::lock_guard lock(work_->mutex);
    if (!std::exchange(work_->began, true)) why = Why::start;
  }
  return work_->publish(work_->certificates.ids(), why);
}

bool Publisher::loads_lazily() const { return work_->is_lazy(); }

bool Publisher::supply(std::string_view name, std::function<void()> done) {
  return work_->queue.ask(name, [done = std::move(done)](bool) { done(); });
}

void Publisher::dropped(std::string_view certificate) {
  const std::lock_guard lock(work_->mutex);
  const auto found = work_->in_sink.find(certificate);
  if (found != work_->in_sink.end()) work_->in_sink.erase(found);
}

void Publisher::on_installed(std::function<void(const Credentials&)> callback) {
  const std::lock_guard lock(work_->mutex);
  work_->installed_callback = std::move(callback);
}

}  // namespace autohttps::acme
