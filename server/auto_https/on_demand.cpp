#include <autohttps/server/auto_https/on_demand.h>

#include <autohttps/common/error.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/host.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace autohttps {
namespace {

constexpr std::chrono::hours kHour{1};

OnDemandOptions checked(OnDemandOptions options) {
  for (std::string& name : options.names) {
    const Identifier parsed = Identifier::parse(name);
    if (parsed.type != Identifier::Type::dns) {
      throw Error(ErrorCode::config, "\"" + printable(name, 300) + "\" cannot be had on demand",
                  "a handshake asks for DNS names only; obtain certificates of addresses before");
    }
    name = parsed.value;
  }
  return options;
}

// In canonical form; empty: no DNS name that a CA would certify.
std::string name_of(std::string_view server_name) {
  const std::string host = parse_host(server_name);
  if (host.empty() || is_address(host)) return {};
  try {
    const Identifier parsed = Identifier::parse(host);
    return parsed.type == Identifier::Type::dns && !parsed.is_wildcard() ? parsed.value
                                                                         : std::string();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

OnDemand::OnDemand(OnDemandOptions options, Obtain obtain, const Clock& clock, EventSink events)
    : options_(checked(std::move(options))),
      obtain_(std::move(obtain)),
      clock_(clock),
      events_(std::move(events)) {}

OnDemand::~OnDemand() { stop(); }

void OnDemand::stop() noexcept {
  std::vector<std::thread> threads;
  std::map<std::string, std::vector<std::function<void()>>> left;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
  {
    const std::lock_guard lock(mutex_);
    left.swap(waiting_);
  }
  for (const auto& [name, waiters] : left) {
    for (const auto& ready : waiters) ready();
  }
}

bool OnDemand::matches(const std::string& name) const {
  if (options_.names.empty()) return true;
  const std::size_t dot = name.find('.');
  return std::any_of(options_.names.begin(), options_.names.end(), [&](const std::string& pattern) {
    if (!pattern.starts_with("*.")) return pattern == name;
    return dot != std::string::npos && name.compare(dot, std::string::npos, pattern, 1) == 0;
  });
}

bool OnDemand::is_permitted(const std::string& name) const {
  return matches(name) && (!options_.permits || options_.permits(name));
}

bool OnDemand::want(std::string_view server_name, std::function<void()> ready) {
  if (!options_.is_on()) return false;
  const std::string name = name_of(server_name);
  if (name.empty() || !matches(name)) return false;
  const std::lock_guard lock(mutex_);
  if (ending_ || waiters_ >= kMostWaiters) return false;
  const auto known = no_more_.find(name);
  if (known != no_more_.end() && clock_.steady() < known->second) return false;
  const auto under_way = waiting_.find(name);
  if (under_way != waiting_.end() && under_way->second.size() >= kMostWaitersOfOne) return false;
  if (under_way == waiting_.end()) {
    if (waiting_.size() >= kMostNames) return false;
    if (idle_ < queue_.size() + 1 && threads_.size() < kMostAtOnce) {
      threads_.emplace_back([this] { run(); });
    }
    queue_.push_back(name);
  }
  waiting_[name].push_back(std::move(ready));
  ++waiters_;
  changed_.notify_one();
  return true;
}

void OnDemand::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    --idle_;
    if (ending_) return;
    const std::string name = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    std::chrono::minutes span{0};
    const std::string why = get(name, span);
    if (!why.empty() && events_) {
      events_({Event::Level::warning, name, "not had on demand: " + why,
               "asked again by a client, it is tried again in " + std::to_string(span.count()) +
                   " minutes at the earliest"});
    }
    lock.lock();
    if (span.count() > 0) remember(name, span);
    auto waiters = waiting_.extract(name);
    if (waiters.empty()) continue;
    waiters_ -= waiters.mapped().size();
    lock.unlock();
    for (const auto& ready : waiters.mapped()) ready();
    lock.lock();
  }
}

// Empty, or why there is none: not a word where somebody asked for what is not ours, since anybody
// can do that as often as he likes.
std::string OnDemand::get(const std::string& name, std::chrono::minutes& remembered) {
  try {
    if (!is_permitted(name)) {
      remembered = kRefusedFor;
      return {};
    }
    {
      const std::lock_guard lock(mutex_);
      if (!may_begin(clock_.steady())) {
        remembered = kRefusedFor;
        if (std::exchange(told_budget_, true)) return {};
        return "more than " + std::to_string(options_.most_per_hour) + " new names in an hour";
      }
    }
    std::string why = obtain_(name);
    if (!why.empty()) remembered = kFailedFor;
    return why;
  } catch (const std::exception& error) {
    remembered = kRefusedFor;
    return error.what();
  }
}

bool OnDemand::may_begin(SteadyTime now) {
  while (!begun_.empty() && now - begun_.front() >= kHour) begun_.pop_front();
  if (begun_.size() >= options_.most_per_hour) return false;
  told_budget_ = false;
  begun_.push_back(now);
  return true;
}

void OnDemand::remember(const std::string& name, std::chrono::minutes span) {
  const SteadyTime now = clock_.steady();
  if (no_more_.size() >= kMostRemembered) {
    std::erase_if(no_more_, [&](const auto& entry) { return entry.second <= now; });
  }
  // Full of names that are not to be tried: those that come next cost an inquiry each time.
  if (no_more_.size() < kMostRemembered) no_more_[name] = now + span;
}

}  // namespace autohttps
