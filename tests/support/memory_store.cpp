#include <autohttps/tests/support/memory_store.h>

#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace autohttps::acme {
namespace {

constexpr std::chrono::milliseconds kLockRetry{50};

bool is_below(std::string_view key, std::string_view prefix) {
  return key == prefix || (key.starts_with(prefix) && key.substr(prefix.size()).starts_with("/"));
}

std::string parent_of(std::string_view key) { return std::string(key.substr(0, key.rfind('/'))); }

}  // namespace

class MemoryLock final : public StoreLock {
 public:
  MemoryLock(std::shared_ptr<MemoryDisk> disk, std::string name, std::uint64_t ticket)
      : disk_(std::move(disk)), name_(std::move(name)), ticket_(ticket) {}
  ~MemoryLock() override {
    const std::lock_guard guard(disk_->mutex_);
    if (is_ours()) disk_->locks_.erase(name_);
  }
  std::string_view name() const noexcept override { return name_; }
  bool held() const noexcept override {
    const std::lock_guard guard(disk_->mutex_);
    return is_ours();
  }

 private:
  bool is_ours() const {
    const auto holder = disk_->locks_.find(name_);
    return holder != disk_->locks_.end() && holder->second == ticket_;
  }

  const std::shared_ptr<MemoryDisk> disk_;
  const std::string name_;
  const std::uint64_t ticket_;
};

class MemorySubscription final : public Subscription {
 public:
  MemorySubscription(std::shared_ptr<MemoryDisk> disk, std::shared_ptr<MemoryDisk::Watcher> watcher)
      : disk_(std::move(disk)), watcher_(std::move(watcher)) {}
  ~MemorySubscription() override {
    {
      const std::lock_guard guard(disk_->mutex_);
      disk_->watchers_.erase(watcher_);
    }
    const std::lock_guard guard(watcher_->calling);
    watcher_->ended = true;
  }

 private:
  const std::shared_ptr<MemoryDisk> disk_;
  const std::shared_ptr<MemoryDisk::Watcher> watcher_;
};

void MemoryDisk::restart(Loses loses) {
  const std::lock_guard guard(mutex_);
  locks_.clear();
  if (loses == Loses::nothing) return;
  for (Entries* entries : {&files_, &pointers_}) {
    for (auto& [key, entry] : *entries) {
      const bool torn = loses == Loses::contents && entry.now && entry.now != entry.durable;
      entry.now = torn ? std::optional<std::string>("") : entry.durable;
    }
    std::erase_if(*entries, [](const auto& item) { return !item.second.now; });
  }
}

void MemoryDisk::write(const std::string& key, std::string value) {
  const std::lock_guard guard(mutex_);
  files_[key] = {value, value};
}

void MemoryDisk::erase(const std::string& key) {
  const std::lock_guard guard(mutex_);
  files_.erase(key);
  pointers_.erase(key);
}

void MemoryDisk::take_away_lock(const std::string& name) {
  const std::lock_guard guard(mutex_);
  locks_.erase(name);
}

std::vector<std::string> MemoryDisk::keys() const {
  const std::lock_guard guard(mutex_);
  std::vector<std::string> keys;
  for (const Entries* entries : {&files_, &pointers_}) {
    for (const auto& [key, entry] : *entries) {
      if (entry.now) keys.push_back(key);
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

void MemoryDisk::tell(const std::vector<std::string>& pointers) {
  std::set<std::shared_ptr<Watcher>> watchers;
  {
    const std::lock_guard guard(mutex_);
    watchers = watchers_;
  }
  for (const std::shared_ptr<Watcher>& watcher : watchers) {
    const std::lock_guard guard(watcher->calling);
    for (const std::string& pointer : pointers) {
      if (!watcher->ended) watcher->call(pointer);
    }
  }
}

MemoryStore::MemoryStore(std::shared_ptr<MemoryDisk> disk, Clock& clock)
    : disk_(std::move(disk)), clock_(clock) {}

void MemoryStore::fail_from_to(int first, int last) {
  const std::lock_guard guard(disk_->mutex_);
  first_failure_ = first;
  last_failure_ = last;
}

void MemoryStore::fail_reads(bool fail) {
  const std::lock_guard guard(disk_->mutex_);
  reads_fail_ = fail;
}

void MemoryStore::die_at(int change, When when) {
  const std::lock_guard guard(disk_->mutex_);
  death_ = change;
  death_when_ = when;
}

int MemoryStore::changes() const {
  const std::lock_guard guard(disk_->mutex_);
  return changes_;
}

bool MemoryStore::dead() const {
  const std::lock_guard guard(disk_->mutex_);
  return dead_;
}

// With the disk's mutex held: counts, and has the change take effect, fail, or be the last.
void MemoryStore::change(const char* doing, std::string_view key,
                         const std::function<void()>& effect) {
  check_alive();
  check_key(key);
  ++changes_;
  if (changes_ == death_ && death_when_ == When::before) die();
  if (changes_ >= first_failure_ && changes_ <= last_failure_) {
    throw Error(ErrorCode::storage,
                std::string(doing) + " \"" + std::string(key) + "\": no space left on device",
                "free space");
  }
  effect();
  if (changes_ == death_) die();
}

void MemoryStore::check_readable(std::string_view key) const {
  check_alive();
  check_key(key);
  if (reads_fail_) {
    throw Error(ErrorCode::storage, "reading \"" + std::string(key) + "\": input/output error");
  }
}

void MemoryStore::check_alive() const {
  if (dead_) throw Killed{changes_};
}

// The kernel takes back the locks of a process that ends.
void MemoryStore::die() {
  dead_ = true;
  std::erase_if(disk_->locks_,
                [&](const auto& lock) { return own_tickets_.contains(lock.second); });
  throw Killed{changes_};
}

std::optional<std::string> MemoryStore::get(std::string_view key) const {
  const std::lock_guard guard(disk_->mutex_);
  check_readable(key);
  const auto file = disk_->files_.find(key);
  return file == disk_->files_.end() ? std::nullopt : file->second.now;
}

std::vector<std::string> MemoryStore::list(std::string_view prefix) const {
  const std::lock_guard guard(disk_->mutex_);
  check_readable(prefix);
  std::set<std::string> names;
  for (const MemoryDisk::Entries* entries : {&disk_->files_, &disk_->pointers_}) {
    for (const auto& [key, entry] : *entries) {
      if (!entry.now || key == prefix || !is_below(key, prefix)) continue;
      const std::string_view rest = std::string_view(key).substr(prefix.size() + 1);
      names.emplace(rest.substr(0, rest.find('/')));
    }
  }
  return {names.begin(), names.end()};
}

void MemoryStore::put(std::string_view key, std::string_view value, Survives survives) {
  const std::lock_guard guard(disk_->mutex_);
  change("writing", key, [&] {
    MemoryDisk::Entry& entry = disk_->files_[std::string(key)];
    entry.now = value;
    if (survives == Survives::power_cut) entry.durable = value;
  });
}

void MemoryStore::append(std::string_view key, std::string_view line) {
  const std::lock_guard guard(disk_->mutex_);
  change("appending to", key, [&] {
    MemoryDisk::Entry& entry = disk_->files_[std::string(key)];
    std::string text = entry.now.value_or("");
    text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
    entry.now = text.append(line).append("\n");
    entry.durable = entry.now;
  });
}

void MemoryStore::remove(std::string_view prefix, Survives survives) {
  std::vector<std::string> gone;
  {
    const std::lock_guard guard(disk_->mutex_);
    change("removing", prefix, [&] {
      for (MemoryDisk::Entries* entries : {&disk_->files_, &disk_->pointers_}) {
        for (auto& [key, entry] : *entries) {
          if (!is_below(key, prefix)) continue;
          if (entries == &disk_->pointers_ && entry.now) gone.push_back(key);
          entry.now.reset();
          if (survives == Survives::power_cut) entry.durable.reset();
        }
      }
    });
  }
  disk_->tell(gone);
}

std::optional<std::string> MemoryStore::target(std::string_view pointer) const {
  const std::lock_guard guard(disk_->mutex_);
  check_readable(pointer);
  const auto entry = disk_->pointers_.find(pointer);
  return entry == disk_->pointers_.end() ? std::nullopt : entry->second.now;
}

void MemoryStore::point(const StoreLock& lock, std::string_view pointer, std::string_view target) {
  if (!lock.held()) {
    throw Error(ErrorCode::locked, "the lock on \"" + std::string(lock.name()) + "\" was lost");
  }
  if (!parse_generation_target(target)) {
    throw Error(ErrorCode::internal, "\"" + std::string(target) + "\" cannot be pointed at");
  }
  {
    const std::lock_guard guard(disk_->mutex_);
    change("switching", pointer, [&] {
      const std::string folder = parent_of(pointer) + "/" + std::string(target);
      bool found = false;
      for (auto& [key, entry] : disk_->files_) {
        if (!is_below(key, folder)) continue;
        found = found || entry.now;
        entry.durable = entry.now;
      }
      if (!found) throw Error(ErrorCode::storage, "\"" + folder + "\": no such file or directory");
      disk_->pointers_[std::string(pointer)] = {std::string(target), std::string(target)};
    });
  }
  disk_->tell({std::string(pointer)});
}

std::unique_ptr<StoreLock> MemoryStore::lock(std::string_view name, SteadyTime give_up,
                                             std::stop_token stop) {
  for (;;) {
    {
      const std::lock_guard guard(disk_->mutex_);
      check_alive();
      check_key(name);
      const auto [lock, taken] = disk_->locks_.try_emplace(std::string(name), disk_->tickets_ + 1);
      if (taken) {
        own_tickets_.insert(++disk_->tickets_);
        return std::make_unique<MemoryLock>(disk_, std::string(name), disk_->tickets_);
      }
    }
    const SteadyTime now = clock_.steady();
    if (now >= give_up) {
      throw Error(ErrorCode::locked,
                  "waiting for the lock on \"" + std::string(name) + "\": held by another process");
    }
    if (!clock_.sleep_until(std::min(give_up, now + kLockRetry), stop)) {
      throw Error(ErrorCode::canceled,
                  "stopped while waiting for the lock on \"" + std::string(name) + "\"");
    }
  }
}

std::unique_ptr<Subscription> MemoryStore::watch(
    std::function<void(std::string_view pointer)> call) {
  auto watcher = std::make_shared<MemoryDisk::Watcher>();
  watcher->call = std::move(call);
  const std::lock_guard guard(disk_->mutex_);
  check_alive();
  disk_->watchers_.insert(watcher);
  return std::make_unique<MemorySubscription>(disk_, watcher);
}

void MemoryStore::quarantine(std::string_view key, std::string_view why) {
  std::string time = format_rfc3339(clock_.wall());
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  const std::lock_guard guard(disk_->mutex_);
  change("moving aside", key, [&] {
    // Several entries may move: collected first, for the map must not change under the loop.
    std::vector<std::pair<std::string, std::string>> moved;
    for (auto& [name, entry] : disk_->files_) {
      if (!entry.now || !is_below(name, key)) continue;
      moved.emplace_back(name, *entry.now);
      entry = {};
    }
    if (moved.empty()) return;
    std::string aside;
    for (int n = 1; aside.empty(); ++n) {
      const std::string candidate = "quarantine/" + time + "-" + std::to_string(n);
      if (!disk_->files_.contains(candidate + "/why.txt")) aside = candidate;
    }
    for (const auto& [name, value] : moved) disk_->files_[aside + "/" + name] = {value, value};
    disk_->files_[aside + "/why.txt"] = {std::string(why) + "\n", std::string(why) + "\n"};
  });
}

}  // namespace autohttps::acme
