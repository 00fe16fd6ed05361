// Problem documents, and whatever comes in their place.
#include <autohttps/acme/protocol/problem.h>

#include "fuzz.h"

using namespace autohttps;
using namespace autohttps::acme;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Problem problem = parse_problem(text_of(data, size), "application/problem+json", 400);
  require(problem.subproblems.size() <= 100);
  may_refuse(
      [&] { throw ProblemError(refusal_code(problem, true), "creating the order", problem); });
  return 0;
}
