#include <autohttps/acme/issuance/authorizations.h>

#include <autohttps/acme/issuance/authorization_polls.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace autohttps::acme {
namespace {

constexpr std::size_t kMostNamesTold = 10;  // one by one; beyond, as one line (RELIABILITY I7)
constexpr const char* kWhatIsNeeded =
    "one way must be possible here: http-01 needs port 80, tls-alpn-01 port 443, dns-01 a command "
    "that sets records (--dns-hook)";

// One name that is still to be proven.
struct Proof {
  Authorization authorization;
  Challenge challenge;
  ChallengeSolver* solver = nullptr;
  std::string passed_over{};             // what would have been preferred, and why not: for people
  bool answered_valid = false;           // the CA said so in its answer to our response
  std::optional<SteadyTime> earliest{};  // the CA does not want to be asked before
};

Identifier name_of(const Authorization& authorization) {
  Identifier name = authorization.identifier;
  if (authorization.wildcard && !name.is_wildcard()) name.value.insert(0, "*.");
  return name;
}

Problem problem_of(const Authorization& authorization) {
  Problem problem;
  problem.type = "about:blank";
  problem.detail = authorization.status == AuthorizationStatus::invalid
                       ? "the CA gave no reason"
                       : "the authorization expired or was withdrawn";
  for (const Challenge& challenge : authorization.challenges) {
    if (challenge.error) problem = *challenge.error;
    if (challenge.error && !challenge.tried.empty()) {
      problem.detail += " (the CA tried " + challenge.tried + ")";
    }
    if (challenge.error && challenge.status == ChallengeStatus::invalid) break;
  }
  problem.identifier = name_of(authorization);
  return problem;
}

// Why solvers do not come into question, in their order.
class Reasons {
 public:
  void add(const ChallengeSolver& solver, const std::string& why) {
    const std::string type(solver.type());
    if (why == last_why_) {
      text_.insert(text_.size() - why.size() - 2, ", " + type);
    } else {
      text_ += (text_.empty() ? "" : "; ") + type + ": " + why;
    }
    last_why_ = why;
  }
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_, last_why_;
};

// RFC 8555 7.5.1: one of them is enough. Types that are not known, and challenges without the token
// that their type has (8.3; dns-persist-01 alone has none), are somebody else's.
const Challenge* offered_for(const ChallengeSolver& solver, const Authorization& authorization) {
  for (const Challenge& challenge : authorization.challenges) {
    const bool answerable = !challenge.token.empty() || !challenge.issuer_domain_names.empty();
    if (challenge.type == solver.type() && answerable) return &challenge;
  }
  return nullptr;
}

Proof choose(const Authorization& authorization, const std::vector<ChallengeSolver*>& solvers) {
  const Identifier name = name_of(authorization);
  Reasons reasons;
  for (ChallengeSolver* solver : solvers) {
    if (const auto obstacle = solver->obstacle(name)) {
      reasons.add(*solver, *obstacle);
    } else if (const Challenge* challenge = offered_for(*solver, authorization)) {
      return {authorization, *challenge, solver, reasons.text()};
    } else {
      reasons.add(*solver, "not offered");
    }
  }
  std::string offered;
  for (const Challenge& challenge : authorization.challenges) {
    offered += (offered.empty() ? "" : ", ") + printable(challenge.type, 40);
  }
  throw Error(ErrorCode::config,
              "\"" + name.value + "\" cannot be validated: the CA offers " +
                  (offered.empty() ? "no challenge" : offered) + "; " + reasons.text(),
              kWhatIsNeeded);
}

// "answering tls-alpn-01 (http-01: port 80 is held by nginx)"
std::string description(const Proof& proof) {
  return "answering " + proof.challenge.type +
         (proof.passed_over.empty() ? "" : " (" + proof.passed_over + ")");
}

std::unique_ptr<Presentation> present(const Proof& proof, const Client& client,
                                      std::stop_token stop) {
  const Challenge& challenge = proof.challenge;
  ChallengeContext context{name_of(proof.authorization), challenge.token, {}};
  if (!challenge.token.empty()) {
    context.key_authorization = client.key().key_authorization(challenge.token);
  }
  context.issuer_domain_names = challenge.issuer_domain_names;
  context.account_uri =
      challenge.account_uri.empty() ? client.account_url() : challenge.account_uri;
  return proof.solver->present(context, stop);
}

// RFC 8555 7.5.1. A challenge that is processing was responded to before a crash.
void respond(Proof& proof, Client& client, const Deadline& deadline) {
  const auto wait = [&](std::optional<std::chrono::milliseconds> retry_after) {
    if (retry_after) proof.earliest = deadline.now() + *retry_after;
  };
  if (proof.challenge.status != ChallengeStatus::pending) {
    return wait(proof.authorization.retry_after);
  }
  try {
    const Challenge answer = client.respond(proof.challenge, deadline.stop());
    proof.answered_valid = answer.status == ChallengeStatus::valid;
    if (!proof.answered_valid) wait(answer.retry_after);
  } catch (const ProblemError& error) {
    // Decided meanwhile, by another order that shares the authorization: the poll will say how.
    if (error.problem().short_type() != "malformed") throw;
  }
}

std::vector<Problem> poll_all(const std::vector<Proof>& proofs, Client& client, Deadline& deadline,
                              const std::function<void(const std::string&)>& step) {
  std::vector<AwaitedAuthorization> awaited;
  awaited.reserve(proofs.size());
  for (const Proof& proof : proofs) {
    awaited.push_back({proof.authorization.url, name_of(proof.authorization).value,
                       proof.answered_valid, proof.earliest});
  }
  std::vector<Problem> failed;
  await_authorizations(std::move(awaited), client, deadline, [&](const Authorization& decided) {
    if (decided.status != AuthorizationStatus::valid) {
      failed.push_back(problem_of(decided));
    } else if (proofs.size() <= kMostNamesTold) {
      step(name_of(decided).value + ": validated");
    }
  });
  if (failed.empty() && proofs.size() > kMostNamesTold) {
    step(std::to_string(proofs.size()) + " names: validated");
  }
  return failed;
}

}  // namespace

void check_provable(const std::vector<Identifier>& names,
                    const std::vector<ChallengeSolver*>& solvers) {
  for (const Identifier& name : names) {
    Reasons reasons;
    bool provable = false;
    for (ChallengeSolver* solver : solvers) {
      const auto obstacle = solver->obstacle(name);
      provable = provable || !obstacle;
      if (obstacle) reasons.add(*solver, *obstacle);
    }
    if (!provable) {
      throw Error(ErrorCode::config,
                  "\"" + name.value + "\" cannot be validated: " + reasons.text(),
                  name.is_wildcard() ? "give a command that sets DNS records (--dns-hook), or list "
                                       "the names themselves instead of the wildcard"
                                     : kWhatIsNeeded);
    }
  }
}

std::vector<Problem> prove_names(const Order& order, Client& client,
                                 const std::vector<ChallengeSolver*>& solvers, Deadline& deadline,
                                 const std::function<void(const std::string&)>& step) {
  const std::stop_token& stop = deadline.stop();
  std::vector<Proof> proofs;
  std::vector<Problem> failed;
  for (const std::string& url : order.authorizations) {
    const Authorization authorization = client.authorization(url, stop);
    if (authorization.status == AuthorizationStatus::valid) continue;
    if (authorization.status == AuthorizationStatus::pending) {
      proofs.push_back(choose(authorization, solvers));
    } else {
      failed.push_back(problem_of(authorization));
    }
  }
  if (!failed.empty() || proofs.empty()) return failed;
  // In one order everywhere: answers that exclude each other (one certificate a name on port 443)
  // are waited for by name, and no two orders wait for each other.
  std::ranges::sort(proofs, {}, [](const Proof& proof) { return name_of(proof.authorization); });

  std::vector<std::unique_ptr<Presentation>> answers;  // taken down however this ends
  for (const Proof& proof : proofs) {
    // A hundred slow hooks take longer than an attempt may.
    deadline.check("answers are still being put up");
    answers.push_back(present(proof, client, stop));
    if (proofs.size() <= kMostNamesTold) {
      step(name_of(proof.authorization).value + ": " + description(proof));
    }
  }
  if (proofs.size() > kMostNamesTold) {
    step(std::to_string(proofs.size()) + " names: " + description(proofs.front()));
  }
  for (const auto& answer : answers) answer->wait_until_visible(deadline.end(), stop);
  for (Proof& proof : proofs) respond(proof, client, deadline);
  return poll_all(proofs, client, deadline, step);
}

}  // namespace autohttps::acme
