// Problem documents inside other JSON: order.error, challenge.error (not installed: shows
// nlohmann/json).
#pragma once

#include <autohttps/acme/protocol/problem.h>
#include <autohttps/common/json.h>

namespace autohttps::acme {

// Whatever it is: a member of another type than RFC 7807's counts as absent. Never throws but for
// memory.
Problem problem_from_json(const Json&);

}  // namespace autohttps::acme
