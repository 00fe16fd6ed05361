// The Issuer that drives an RFC 8555 order at one CA.
#pragma once

#include <autohttps/acme/challenges/challenge_solver.h>
#include <autohttps/acme/issuance/issuer.h>
#include <autohttps/acme/protocol/client.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/common/event.h>

#include <memory>
#include <vector>

namespace autohttps::acme {

// One per attempt. `client` signs with the CA's account; everything borrowed outlives it.
class OrderIssuer final : public Issuer {
 public:
  OrderIssuer(Client& client, AccountStore& account, CaSpec ca,
              std::vector<ChallengeSolver*> solvers, Budget& budget, Clock& clock,
              EventSink events);
  Bundle issue(const IssueRequest&, OrderJournal&, std::stop_token) override;

 private:
  Client& client_;
  AccountStore& account_;
  CaSpec ca_;
  std::vector<ChallengeSolver*> solvers_;
  Budget& budget_;
  Clock& clock_;
  EventSink events_;
};

}  // namespace autohttps::acme
