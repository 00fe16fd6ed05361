#include <autohttps/acme/issuance/order_issuer.h>

#include <autohttps/acme/issuance/authorizations.h>
#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/issuance/chain_choice.h>
#include <autohttps/acme/issuance/csr.h>
#include <autohttps/acme/issuance/deadline.h>
#include <autohttps/acme/issuance/poll_schedule.h>
#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/acme/protocol/url.h>
#include <autohttps/acme/store/ledger.h>
#include <autohttps/common/error.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <map>

namespace autohttps::acme {
namespace {

constexpr std::chrono::minutes kLongestAttempt{15};  // RELIABILITY I7
// A lost answer or an order that was not ready yet is worth another finalize; a CA that says ready
// for ever is not.
constexpr int kMostFinalizes = 3;
constexpr int kMostUnreached = 3;

// The CA knows the order no longer, or will never do anything with it.
bool is_order_gone(const ProblemError& error) {
  const int status = error.problem().status;
  return status == 404 || status == 410 || error.problem().short_type() == "malformed" ||
         error.problem().short_type() == "unauthorized";
}

// RELIABILITY F7, F8: some CAs that lost their accounts say so, others fall over.
bool may_be_lost_account(const ProblemError& error) {
  return error.problem().short_type() == "accountDoesNotExist" || error.problem().status == 500;
}

// Any other refusal would be the same without. RFC 9773 5 names no error for a certificate that the
// CA does not find, and Pebble answers with an internal one.
bool refuses_replacement(const Problem& problem) {
  const std::string_view type = problem.short_type();
  return problem.status == 409 || problem.status == 404 || problem.status == 500 ||
         type == "alreadyReplaced" || type == "malformed" || type == "unauthorized";
}

// draft-ietf-acme-profiles: the directory says which there are.
std::string list_of(const std::map<std::string, std::string>& profiles) {
  std::string list;
  for (const auto& [name, description] : profiles) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "none at all" : list;
}

constexpr const char* kShortLived = "shortlived";  // Let's Encrypt's only one for IP addresses

ProblemError failed_validation(std::vector<Problem> failed, const IssueRequest& request) {
  std::vector<Identifier> names;
  names.reserve(failed.size());
  for (const Problem& problem : failed) names.push_back(*problem.identifier);
  const std::string doing = "validating " + describe(names, 100);
  if (failed.size() == 1) return {ErrorCode::validation, doing, std::move(failed.front())};

  Problem all;
  const bool alike = std::all_of(failed.begin(), failed.end(), [&](const Problem& problem) {
    return problem.type == failed.front().type;
  });
  // RFC 8555 6.7: "compound: specific error conditions are indicated in the subproblems array".
  all.type = alike ? failed.front().type : "urn:ietf:params:acme:error:compound";
  all.detail = std::to_string(failed.size()) + " of " + std::to_string(request.names.size()) +
               " names failed";
  all.subproblems = std::move(failed);
  return {ErrorCode::validation, doing, std::move(all)};
}

// One order from where it is to its certificate.
class OrderRun {
 public:
  OrderRun(Client& client, const CaSpec& ca, Budget& budget, const IssueRequest& request,
           OrderJournal& journal, Deadline& deadline, std::function<void(const std::string&)> step,
           std::function<void(const std::string&)> warn)
      : client_(client),
        ca_(ca),
        budget_(budget),
        request_(request),
        journal_(journal),
        deadline_(deadline),
        step_(std::move(step)),
        warn_(std::move(warn)) {}

  Bundle run(const std::string& account, const std::vector<ChallengeSolver*>& solvers,
             WallTime now) {
    const bool known = take_up(account);
    if (!known) begin(account, now);
    Bundle bundle = finish(solvers);
    if (!known || !is_for_another_key(bundle)) return bundle;
    // CAs give the same pending order to whoever asks for the same names: the other key type of a
    // pair has taken this one to its end before it could be written down.
    step_("the order under way was finished with another key; ordering again");
    journal_.clear();
    begin(account, now);
    return finish(solvers);
  }

 private:
  Bundle finish(const std::vector<ChallengeSolver*>& solvers) {
    if (order_.status == OrderStatus::pending) prove(solvers);
    complete();
    return download();
  }

  // The journal's order, if it is the one that is wanted and still alive.
  bool take_up(const std::string& account) {
    auto pending = journal_.load();
    if (!pending) return false;
    const bool wanted = pending->ca == ca_.directory_url && pending->account == account &&
                        exact_set(pending->names) == exact_set(request_.names) &&
                        pending->key_type == request_.key_type && has_wanted_key(*pending);
    if (!wanted || !look_up(pending->order_url)) {
      journal_.clear();
      return false;
    }
    pending_ = std::move(*pending);
    step_("taking up the order under way at " + host_of(ca_.directory_url));
    return true;
  }

  // Another request, or a key that is to be used again, is another order.
  bool has_wanted_key(const Pending& pending) const {
    if (request_.csr_der) return pending.key_pem == request_pem(*request_.csr_der);
    const PrivateKey key = PrivateKey::from_pem(pending.key_pem);
    if (is_elsewhere(key)) return false;
    return !request_.key_pem || key == PrivateKey::from_pem(*request_.key_pem);
  }

  bool look_up(const std::string& url) {
    try {
      order_ = client_.order(url, deadline_.stop());
    } catch (const ProblemError& error) {
      if (!is_order_gone(error)) throw;
      return false;
    }
    if (order_.status != OrderStatus::invalid) return true;
    // It failed after we died or were stopped: that counts as well (RELIABILITY I4).
    budget_.spend(Budget::Spend::failed_validation, request_.names, deadline_.stop());
    return false;
  }

  void begin(const std::string& account, WallTime now) {
    NewOrder order;
    order.identifiers = request_.names;
    order.profile = wanted_profile();
    const bool replaces = may_replace();
    if (!replaces) budget_.spend(Budget::Spend::new_order, request_.names, deadline_.stop());
    const std::string key = new_key();
    step_("ordering " + describe(request_.names) + " from " + host_of(ca_.directory_url));
    if (replaces) order.replaces = request_.replaces;
    if (!replaces || !replace(order)) order_ = client_.new_order(order, deadline_.stop());
    pending_ = {ca_.directory_url, account, order_.url, request_.names,
                request_.key_type, key,     now};
    pending_.replaces = order.replaces;
    journal_.save(pending_);
  }

  // What the certificate is for: a new key, one to be used again, or the user's own request, whose
  // key is elsewhere.
  std::string new_key() const {
    if (request_.csr_der) return request_pem(*request_.csr_der);
    if (request_.key_pem) return *request_.key_pem;
    return PrivateKey::generate(request_.key_type).to_pem();
  }

  // Before an order is made: one of another profile than those there are would be refused.
  std::optional<std::string> wanted_profile() {
    const Directory directory = client_.directory(deadline_.stop());
    if (request_.profile) {
      if (directory.profiles.contains(*request_.profile)) return request_.profile;
      throw Error(ErrorCode::config,
                  "\"" + host_of(ca_.directory_url) + "\" has no profile \"" +
                      printable(*request_.profile, 100) + "\": there are " +
                      list_of(directory.profiles),
                  "give one of those by --profile, or none for the CA's default");
    }
    const bool has_address =
        std::any_of(request_.names.begin(), request_.names.end(),
                    [](const Identifier& name) { return name.type == Identifier::Type::ip; });
    if (!has_address || !directory.profiles.contains(kShortLived)) return std::nullopt;
    step_("an IP address is certified for days only: taking the profile \"shortlived\"");
    return kShortLived;
  }

  // RFC 9773 5. Beyond what our own limits allow of these it is an order as any other.
  bool may_replace() {
    if (!request_.replaces || !client_.directory(deadline_.stop()).renewal_info) return false;
    try {
      budget_.spend(Budget::Spend::replacing_order, request_.names, deadline_.stop());
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::rate_limited) throw;
      return false;
    }
  }

  // A `replaces` that the CA does not like makes it refuse the whole order: false, and once more
  // without (alreadyReplaced, another account's certificate, one it knows nothing of).
  bool replace(NewOrder& order) {
    try {
      order_ = client_.new_order(order, deadline_.stop());
      return true;
    } catch (const ProblemError& error) {
      if (!refuses_replacement(error.problem())) throw;
      step_("the CA does not take it as the replacement of the certificate in place (" +
            std::string(error.what()) + "); ordering without");
      order.replaces.reset();
      budget_.spend(Budget::Spend::new_order, request_.names, deadline_.stop());
      return false;
    }
  }

  void prove(const std::vector<ChallengeSolver*>& solvers) {
    std::vector<Problem> failed = prove_names(order_, client_, solvers, deadline_, step_);
    if (failed.empty()) return;
    budget_.spend(Budget::Spend::failed_validation, request_.names, deadline_.stop());
    journal_.clear();
    throw failed_validation(std::move(failed), request_);
  }

  // RFC 8555 7.4: finalize what is ready, then wait while the CA issues.
  void complete() {
    PollSchedule schedule;
    // With every authorization valid the order is ready; asking first would cost a request.
    bool ready = order_.status == OrderStatus::pending || order_.status == OrderStatus::ready;
    for (int finalizes = 0; order_.status != OrderStatus::valid;) {
      if (order_.status == OrderStatus::invalid) fail_order();
      if (ready && finalizes < kMostFinalizes) {
        finalize(finalizes++ == 0);
      } else {
        deadline_.wait(schedule.next(order_.retry_after), order_.retry_after.has_value(),
                       "the order for " + describe(request_.names) + " is still " +
                           (order_.status == OrderStatus::processing ? "processing" : "not ready"));
        poll();
      }
      ready = order_.status == OrderStatus::ready;
    }
  }

  void finalize(bool first) {
    if (first) {
      budget_.spend(
          pending_.replaces ? Budget::Spend::replacing_certificate : Budget::Spend::certificate,
          request_.names, deadline_.stop());
    }
    const std::string csr =
        request_.csr_der
            ? *request_.csr_der
            : certificate_request(request_.names, PrivateKey::from_pem(pending_.key_pem));
    try {
      order_ = client_.finalize(order_, csr, deadline_.stop());
    } catch (const ProblemError& error) {
      if (error.problem().short_type() == "orderNotReady") {
        order_.status = OrderStatus::pending;
        order_.retry_after.reset();
        return;
      }
      if (is_order_gone(error)) journal_.clear();
      throw;
    } catch (const Error& error) {
      // The answer was lost, the certificate perhaps issued: look before anything is asked for
      // again (RELIABILITY F14).
      if (error.code() != ErrorCode::network) throw;
      poll();
    }
  }

  void poll() {
    for (int unreached = 1;; ++unreached) {
      try {
        order_ = client_.order(pending_.order_url, deadline_.stop());
        return;
      } catch (const ProblemError& error) {
        if (is_order_gone(error)) journal_.clear();
        throw;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::network || unreached == kMostUnreached) throw;
        deadline_.wait(std::chrono::seconds(1), false, "the CA is not reached");
      }
    }
  }

  [[noreturn]] void fail_order() {
    journal_.clear();
    throw refusal();
  }

  ProblemError refusal() const {
    Problem problem;
    problem.type = "about:blank";
    problem.detail = "the CA gave no reason";
    if (order_.error) problem = *order_.error;
    ProblemError error(
        problem.short_type() == "rateLimited" ? ErrorCode::rate_limited : ErrorCode::refused,
        "the order for " + describe(request_.names) + " failed", problem);
    if (const auto when = retry_time_in(problem, deadline_.wall())) error.with_retry_at(*when);
    return error;
  }

  Bundle download() {
    if (!order_.certificate) {
      throw Error(ErrorCode::protocol, "the order for " + describe(request_.names) +
                                           " is valid, but the CA names no certificate");
    }
    IssuedChain chain = fetch(*order_.certificate);
    if (!request_.preferred_chain.empty()) chain = preferred(std::move(chain));
    return bundle_of(chain);
  }

  Bundle bundle_of(const IssuedChain& chain) const {
    return {chain.pem,        pending_.key_pem, request_.key_type, pending_.ca,
            pending_.account, request_.names,   chain.ca_time};
  }

  IssuedChain preferred(IssuedChain standard) {
    const WallTime now = standard.ca_time.value_or(deadline_.wall());
    return choose_chain(
        std::move(standard), request_.preferred_chain,
        [&](const std::string& url) { return client_.certificate(url, deadline_.stop()); },
        [&](const IssuedChain& chain) { check_bundle(bundle_of(chain), request_.names, now); },
        warn_);
  }

  IssuedChain fetch(const std::string& url) {
    try {
      return client_.certificate(url, deadline_.stop());
    } catch (const Error& error) {
      // What is no chain now will be none the next time: the order must not be taken up for ever.
      if (error.code() == ErrorCode::protocol) journal_.clear();
      throw;
    }
  }

  Client& client_;
  const CaSpec& ca_;
  Budget& budget_;
  const IssueRequest& request_;
  OrderJournal& journal_;
  Deadline& deadline_;
  std::function<void(const std::string&)> step_;
  std::function<void(const std::string&)> warn_;

  Order order_;
  Pending pending_;
};

}  // namespace

OrderIssuer::OrderIssuer(Client& client, AccountStore& account, CaSpec ca,
                         std::vector<ChallengeSolver*> solvers, Budget& budget, Clock& clock,
                         EventSink events)
    : client_(client),
      account_(account),
      ca_(std::move(ca)),
      solvers_(std::move(solvers)),
      budget_(budget),
      clock_(clock),
      events_(std::move(events)) {}

Bundle OrderIssuer::issue(const IssueRequest& request, OrderJournal& journal,
                          std::stop_token stop) {
  if (request.csr_der) check_request(*request.csr_der, request.names);
  check_provable(request.names, solvers_);
  Deadline deadline(clock_, kLongestAttempt, stop);
  const auto step = [&](const std::string& text) {
    if (events_) events_({Event::Level::step, request.certificate, text, {}});
  };
  const auto warn = [&](const std::string& text) {
    if (events_) events_({Event::Level::warning, request.certificate, text, {}});
  };
  const auto run = [&](const std::string& account) {
    return OrderRun(client_, ca_, budget_, request, journal, deadline, step, warn)
        .run(account, solvers_, clock_.wall());
  };
  const std::string account = sign_in(client_, account_, ca_, budget_, clock_, stop, false, step);
  try {
    return run(account);
  } catch (const ProblemError& error) {
    if (!may_be_lost_account(error)) throw;
    const std::string found = sign_in(client_, account_, ca_, budget_, clock_, stop, true, step);
    if (found == account) throw;  // it is there: the account was not the trouble
    step("the CA no longer knew the account; its key is registered again");
    return run(found);
  }
}

}  // namespace autohttps::acme
