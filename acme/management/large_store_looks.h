// The manager's looks at a store with so many certificates that parsing them all each time would be
// what the machine does (not installed).
#pragma once

#include <autohttps/acme/management/due_plan.h>
#include <autohttps/acme/store/certificate_store.h>

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {

// Each certificate is read and parsed once, slowly; from then on when it is due, or when one of its
// small files (a wish, a plan, the pointer) is not what it was, for which they are read once an
// hour. Used by one thread.
class LargeStoreLooks {
 public:
  // Next time to look at it again; empty: something is to be done now. Throws what the store
  // throws: then something is to be done, and says what.
  using Look = std::function<std::optional<WallTime>(const std::string& id)>;
  // Does it, several at a time; called with some of them, and again with others.
  using Attempt = std::function<void(const std::vector<std::string>& ids)>;

  LargeStoreLooks(CertificateStore& certificates, Clock& clock, Look look, Attempt attempt)
      : certificates_(certificates),
        clock_(clock),
        look_(std::move(look)),
        attempt_(std::move(attempt)) {}

  // All that is due now, and what has changed where `whole` or an hour has passed. When to call
  // again. Throws Error(storage) when the store cannot be listed.
  WallTime look(bool whole, const std::stop_token&);

  // What came of an attempt; called by Attempt's function.
  void note(const std::string& id, WallTime next);

 private:
  void read_all(const std::stop_token&);
  bool look_at(const std::string& id);
  void attempt(std::vector<std::string>& ids);

  CertificateStore& certificates_;
  Clock& clock_;
  const Look look_;
  const Attempt attempt_;

  DuePlan plan_;
  std::optional<WallTime> last_look_;
  std::optional<SteadyTime> last_read_;  // of all
};

}  // namespace autohttps::acme
