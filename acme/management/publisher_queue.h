// What the publisher's thread has to do, and in which order (not installed).
#pragma once

#include <autohttps/common/clock.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

struct PublisherJob {
  enum class Why {
    start,  // publish(): nobody is served yet, nothing to prove
    flip,   // the store's watch
    asked,  // supply(): `text` is a name, else a certificate's id
  } why = Why::flip;
  std::string text;
  std::vector<std::function<void(bool served)>> done{};
};

// Thread-safe. Flips go before names that are asked for: a flood of handshakes holds up no renewal.
// Everything that clients can make grow has a bound: names that wait, and names remembered to lead
// nowhere.
class PublisherQueue {
 public:
  static constexpr std::size_t kMostNames = 1024;
  static constexpr std::chrono::seconds kRemembered{10};  // a names/ mended by hand is no change

  explicit PublisherQueue(const Clock& clock) : clock_(clock) {}

  void add(PublisherJob);  // start and flip
  // One job for a name, however many handshakes ask for it. False: it led nowhere a moment ago, and
  // the store has not changed since; or too many names wait.
  bool ask(std::string_view name, std::function<void(bool served)> done);
  std::optional<PublisherJob> next(const std::stop_token&);  // waits; empty: stop
  std::vector<PublisherJob> rest();                          // of those that nobody will do

  void leads_nowhere(const std::string& name);
  void store_changed();  // names that led nowhere may lead somewhere by now

 private:
  const Clock& clock_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::deque<PublisherJob> flips_;  // and the start
  std::deque<std::string> names_;   // in the order of asking
  std::map<std::string, std::vector<std::function<void(bool)>>, std::less<>> asking_;
  std::map<std::string, SteadyTime, std::less<>> nowhere_;  // until when that is believed
  std::size_t changes_ = 0;                                 // of the store
  std::size_t changes_seen_ = 0;                            // when the job under way began
};

}  // namespace autohttps::acme
