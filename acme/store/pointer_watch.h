// Tells of flips that any process made: inotify on changes/, and a slow look at all pointers behind
// it (not installed).
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/owned_fd.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace autohttps::acme {

// Owns one thread, on which `call` runs; `call` must not throw and not destroy this.
class PointerWatch final : public Subscription {
 public:
  struct Timing {
    std::chrono::milliseconds scan{60'000};  // DESIGN: a minute late at worst
    std::chrono::milliseconds poll{5'000};   // instead, while inotify is not to be had
  };

  // `changes`: the path of the folder that is watched; it may be missing for a while. The flips
  // after the constructor returns are told. In a large store every pointer is told once at the
  // beginning: reading them all would hold up the start, and what is flipped meanwhile must not be
  // missed.
  PointerWatch(const Store& store, Clock& clock, std::string changes,
               std::function<void(std::string_view pointer)> call, Timing timing);
  ~PointerWatch() override;

 private:
  void run(const std::stop_token& stop);
  bool arm() noexcept;
  void wait(SteadyTime until) noexcept;
  bool read_marks();
  void tell(const std::string& pointer);
  void scan();
  std::map<std::string, std::string> pointers(const std::vector<std::string>& ids) const;

  // Constant after construction.
  const Store& store_;
  Clock& clock_;
  const std::string changes_;
  const std::function<void(std::string_view)> call_;
  const Timing timing_;
  const OwnedFd inotify_;  // empty: the limit on instances is reached
  const OwnedFd wake_;

  // The thread's own.
  int watched_ = -1;
  bool is_known_ = false;                     // known_ was read by the constructor
  std::map<std::string, std::string> known_;  // pointer -> target

  std::jthread thread_;  // last: begins when all else is there
};

}  // namespace autohttps::acme
