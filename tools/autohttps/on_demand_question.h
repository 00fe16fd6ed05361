// --on-demand-ask: a URL of the user's that knows which names are his.
#pragma once

#include <functional>
#include <string>

namespace autohttps::tools {

// Asks URL?domain=NAME (&domain= where it has a query): 2xx is yes, 4xx no. Anything else, and no
// answer within ten seconds, is Error(network). Throws Error(config) at once for what is no http or
// https URL.
std::function<bool(const std::string& name)> on_demand_question(const std::string& url);

}  // namespace autohttps::tools
