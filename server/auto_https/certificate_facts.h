// The certificates of a store as monitoring wants to see them, again and again.
#pragma once

#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/clock.h>
#include <autohttps/server/auto_https/certificate_health.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace autohttps {

struct CertificateFact {
  acme::Outlook outlook;
  ServedLook served;
  std::optional<WallTime> differs_since;  // another one is served than the store has
};

// Thread-safe. What has not changed since the last look is not read again; our port is asked for
// what is new, for what was not right, and for the rest now and then.
class CertificateFacts {
 public:
  // `ask` is called once a look, for its questions.
  CertificateFacts(acme::CertificateStore&, const Clock&, std::function<AskServed()> ask);

  // By id. Throws Error(storage) for a store that cannot be listed.
  std::vector<CertificateFact> look();

  // In a larger store our port is asked for none: each question would load a certificate.
  static constexpr std::size_t kMostAskedFor = 100;

 private:
  struct Known {
    CertificateFact fact;
    std::size_t stamp = 0;
    WallTime read;
    std::optional<WallTime> asked;
  };
  void ask_for(Known&, const AskServed&, WallTime now);

  acme::CertificateStore& certificates_;
  const Clock& clock_;
  const std::function<AskServed()> ask_;
  // Guards known_; held over a look, for whoever comes meanwhile finds what this one has read.
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

// What makes a server unhealthy: for people, a line each. A certificate that has just been renewed
// is served in a moment: that another one is served counts once it has lasted.
struct Problem {
  std::string certificate;
  std::string text;
};
std::vector<Problem> problems_of(const std::vector<CertificateFact>&, WallTime now);
inline constexpr std::chrono::seconds kDifferenceLasts{30};

}  // namespace autohttps
