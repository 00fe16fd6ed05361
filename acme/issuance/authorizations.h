// Proof that we control every name of an order (RFC 8555 7.5): answers put up, the CA told, the
// outcome awaited, answers taken down.
#pragma once

#include <autohttps/acme/challenges/challenge_solver.h>
#include <autohttps/acme/issuance/deadline.h>
#include <autohttps/acme/protocol/client.h>

#include <functional>
#include <string>
#include <vector>

namespace autohttps::acme {

// Why no solver can prove these names here; throws Error(config). To be asked before an order costs
// anything.
void check_provable(const std::vector<Identifier>&, const std::vector<ChallengeSolver*>&);

// All names at once, by the caller's thread: present all, respond to all, poll all; what is valid
// already is left alone. Returns the problems of the names that failed, each with its identifier;
// empty: all are valid. Throws Error(config) when the CA offers nothing that works here, and what
// the Client, the solvers and the Deadline throw; in every case no answer is left up.
std::vector<Problem> prove_names(const Order&, Client&, const std::vector<ChallengeSolver*>&,
                                 Deadline&, const std::function<void(const std::string&)>& step);

}  // namespace autohttps::acme
