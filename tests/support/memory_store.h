// A Store in memory that fails, or whose process dies, at its k-th change, and that forgets what
// was not durable.
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/clock.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// What the end of a process looks like from inside. Not a std::exception, so that nobody takes it
// for an error to deal with.
struct Killed {
  int change;
};

// What several processes share: a MemoryStore is one process. Thread-safe.
class MemoryDisk {
 public:
  // nothing: the processes ended, the machine went on. unsynced: power was cut; what was put with
  // process_end is as it was before. contents: power was cut in the way of delayed allocation; such
  // files are there and empty.
  enum class Loses { nothing, unsynced, contents };
  // After this the processes of before hold no locks.
  void restart(Loses);

  // As another process that does not keep to the rules would: no lock, no counting.
  void write(const std::string& key, std::string value);
  void erase(const std::string& key);
  void take_away_lock(const std::string& name);
  std::vector<std::string> keys() const;  // all, pointers included

 private:
  friend class MemoryStore;
  friend class MemoryLock;
  friend class MemorySubscription;

  struct Entry {
    std::optional<std::string> now, durable;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  struct Watcher {
    std::recursive_mutex calling;  // held around a call: the subscription's end waits for it
    std::function<void(std::string_view)> call;
    bool ended = false;  // guarded by calling
  };

  void tell(const std::vector<std::string>& pointers);

  mutable std::mutex mutex_;  // guards all below
  Entries files_, pointers_;
  std::map<std::string, std::uint64_t, std::less<>> locks_;  // name -> ticket of the holder
  std::uint64_t tickets_ = 0;
  std::set<std::shared_ptr<Watcher>> watchers_;
};

// Thread-safe. watch() calls on the thread that flips, before point() returns.
class MemoryStore final : public Store {
 public:
  // A disk of its own.
  explicit MemoryStore(Clock& clock) : MemoryStore(std::make_shared<MemoryDisk>(), clock) {}
  MemoryStore(std::shared_ptr<MemoryDisk> disk, Clock& clock);

  // Changes are put, append, remove, point and quarantine, counted from 1.
  enum class When { before, after };  // does the change still take effect?
  void fail_at(int change) { fail_from_to(change, change); }
  void fail_from_to(int first, int last);  // a full disk: Error(storage), the old value kept
  // Throws Killed there; so does every later call of this process.
  void die_at(int change, When);
  void fail_reads(bool fail);  // get, list and target: Error(storage)
  int changes() const;
  bool dead() const;

  std::shared_ptr<MemoryDisk> disk() const { return disk_; }

  std::optional<std::string> get(std::string_view key) const override;
  std::vector<std::string> list(std::string_view prefix) const override;
  void put(std::string_view key, std::string_view value, Survives) override;
  void append(std::string_view key, std::string_view line) override;
  void remove(std::string_view prefix, Survives = Survives::power_cut) override;
  std::optional<std::string> target(std::string_view pointer) const override;
  void point(const StoreLock&, std::string_view pointer, std::string_view target) override;
  std::unique_ptr<StoreLock> lock(std::string_view name, SteadyTime give_up,
                                  std::stop_token) override;
  std::unique_ptr<Subscription> watch(std::function<void(std::string_view pointer)>) override;
  void quarantine(std::string_view key, std::string_view why) override;
  std::string describe() const override { return "memory"; }

 private:
  void change(const char* doing, std::string_view key, const std::function<void()>& effect);
  void check_alive() const;
  void check_readable(std::string_view key) const;
  void die();

  const std::shared_ptr<MemoryDisk> disk_;
  Clock& clock_;

  // Guarded by the disk's mutex.
  int changes_ = 0;
  int first_failure_ = 0, last_failure_ = 0;
  bool reads_fail_ = false;
  int death_ = 0;
  When death_when_ = When::before;
  bool dead_ = false;
  std::set<std::uint64_t> own_tickets_;
};

}  // namespace autohttps::acme
