// Waiting until the CA has made up its mind about names (RFC 8555 7.5.1).
#pragma once

#include <autohttps/acme/issuance/deadline.h>
#include <autohttps/acme/protocol/client.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace autohttps::acme {

struct AwaitedAuthorization {
  std::string url;
  std::string name;                      // for messages
  bool answered_valid = false;           // the CA said so in its answer to our response
  std::optional<SteadyTime> earliest{};  // the CA does not want to be asked before
};

// Asks about one name until it is decided, as the PollSchedule says: the CA validates all at the
// same time. Where the CA says when to come back (Retry-After), each name is asked at the earliest
// moment that is polite and never sooner, the others meanwhile. `decided` is told of each. Once one
// has failed the others have ten seconds more, to be reported too. Throws what the Client and the
// Deadline throw.
void await_authorizations(std::vector<AwaitedAuthorization>, Client&, Deadline&,
                          const std::function<void(const Authorization&)>& decided);

}  // namespace autohttps::acme
