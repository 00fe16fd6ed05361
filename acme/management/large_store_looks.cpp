#include <autohttps/acme/management/large_store_looks.h>

#include <autohttps/common/error.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

constexpr std::chrono::hours kBetweenReadings{1};  // wishes of other processes are noticed by then
constexpr std::chrono::minutes kSoon{1};           // after trouble that has no time of its own
// Reading goes on beside handshakes: some milliseconds of work, then several times that of rest,
// however slow the machine is.
constexpr std::size_t kAtOnce = 16;
constexpr std::chrono::milliseconds kLeastRest{25};
constexpr int kRest = 5;  // times the work
// So many that are due are not kept waiting until all are read.
constexpr std::size_t kMostWaiting = 64;
// Of what is no certificate, or not any more: until its files are others.
constexpr std::chrono::hours kNever{24 * 365};

}  // namespace

WallTime LargeStoreLooks::look(bool whole, const std::stop_token& stop) {
  const WallTime now = clock_.wall();
  // A clock that was set back: what was planned by the wrong one may be far ahead.
  if (last_look_ && now < *last_look_) {
    plan_.forget_all();
    last_read_.reset();
  }
  last_look_ = now;
  if (whole || !last_read_ || clock_.steady() - *last_read_ >= kBetweenReadings) {
    last_read_ = clock_.steady();
    read_all(stop);
  }
  std::vector<std::string> due = plan_.due(clock_.wall());
  attempt(due);
  const WallTime next_reading = clock_.wall() + (*last_read_ + kBetweenReadings - clock_.steady());
  return std::min(plan_.next().value_or(next_reading), next_reading);
}

void LargeStoreLooks::read_all(const std::stop_token& stop) {
  const std::vector<std::string> ids = certificates_.listed();
  plan_.keep_only(ids);
  std::vector<std::string> due;
  SteadyTime began = clock_.steady();
  for (std::size_t i = 0; i < ids.size() && !stop.stop_requested(); ++i) {
    if (look_at(ids[i])) due.push_back(ids[i]);
    if (i % kAtOnce == kAtOnce - 1) {
      const auto worked = clock_.steady() - began;
      clock_.sleep_for(std::max<SteadyTime::duration>(kLeastRest, kRest * worked), stop);
      began = clock_.steady();
    }
    if (due.size() >= kMostWaiting) {
      attempt(due);
      began = clock_.steady();  // waiting for a CA is no work
    }
  }
  attempt(due);
}

// True: something is to be done.
bool LargeStoreLooks::look_at(const std::string& id) {
  try {
    const std::size_t stamp = certificates_.stamp(id);
    if (!plan_.is_outdated(id, stamp)) return false;
    if (!certificates_.has_wish(id)) {
      plan_.note(id, stamp, clock_.wall() + kNever);
      return false;
    }
    if (const auto spec = certificates_.spec(id)) certificates_.index_names(*spec);
    const std::optional<WallTime> next = look_(id);
    if (next) plan_.note(id, stamp, *next);
    return !next;
  } catch (const Error&) {
    return true;  // the attempt tells what is wrong with it
  }
}

void LargeStoreLooks::attempt(std::vector<std::string>& ids) {
  if (ids.empty()) return;
  attempt_(ids);
  ids.clear();
}

void LargeStoreLooks::note(const std::string& id, WallTime next) {
  std::size_t stamp = 0;
  try {
    stamp = certificates_.stamp(id);
  } catch (const Error&) {
    next = std::min(next, clock_.wall() + kSoon);
  }
  plan_.note(id, stamp, next);
}

}  // namespace autohttps::acme
