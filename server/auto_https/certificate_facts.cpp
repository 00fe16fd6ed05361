#include <autohttps/server/auto_https/certificate_facts.h>

#include <chrono>
#include <utility>

namespace autohttps {
namespace {

constexpr std::chrono::minutes kReadAgain{1};  // its plan is a matter of time as well
constexpr std::chrono::minutes kAskAgain{10};
constexpr std::chrono::seconds kAskAgainWhereWrong{5};

bool is_wrong(Served served) {
  return served == Served::other || served == Served::placeholder || served == Served::no_answer;
}

// Clocks jump: what lies ahead is over too.
bool is_over(WallTime since, std::chrono::seconds span, WallTime now) {
  return now - since >= span || since > now;
}

}  // namespace

CertificateFacts::CertificateFacts(acme::CertificateStore& certificates, const Clock& clock,
                                   std::function<AskServed()> ask)
    : certificates_(certificates), clock_(clock), ask_(std::move(ask)) {}

std::vector<CertificateFact> CertificateFacts::look() {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> ids = certificates_.ids();
  const WallTime now = clock_.wall();
  const AskServed ask = ids.size() <= kMostAskedFor && ask_ ? ask_() : AskServed();
  std::map<std::string, Known> known;
  std::vector<CertificateFact> facts;
  for (const std::string& id : ids) {
    const std::size_t stamp = certificates_.stamp(id);
    auto before = known_.extract(id);
    Known one = before.empty() ? Known() : std::move(before.mapped());
    const bool changed = before.empty() || one.stamp != stamp;
    if (changed || is_over(one.read, kReadAgain, now)) {
      one.fact.outlook = acme::look_at(certificates_, id, now);
      one.stamp = stamp;
      one.read = now;
      if (changed) one.asked.reset();
    }
    ask_for(one, ask, now);
    facts.push_back(one.fact);
    known.emplace(id, std::move(one));
  }
  known_ = std::move(known);
  return facts;
}

void CertificateFacts::ask_for(Known& known, const AskServed& ask, WallTime now) {
  CertificateFact& fact = known.fact;
  const std::chrono::seconds span = is_wrong(fact.served.served) ? kAskAgainWhereWrong : kAskAgain;
  if (known.asked && !is_over(*known.asked, span, now)) return;
  fact.served = look_at_served(fact.outlook, ask);
  known.asked = now;
  if (fact.served.served != Served::other) {
    fact.differs_since.reset();
  } else if (!fact.differs_since || *fact.differs_since > now) {
    fact.differs_since = now;
  }
}

std::vector<Problem> problems_of(const std::vector<CertificateFact>& facts, WallTime now) {
  std::vector<Problem> problems;
  for (const CertificateFact& fact : facts) {
    const std::string& id = fact.outlook.id;
    std::string text = what_is_critical(fact.outlook, kCriticalPercent, now);
    if (text.empty() && fact.differs_since && now - *fact.differs_since >= kDifferenceLasts) {
      text = id + " is not what is served";
    }
    if (!text.empty()) problems.push_back({id, std::move(text)});
  }
  return problems;
}

}  // namespace autohttps
