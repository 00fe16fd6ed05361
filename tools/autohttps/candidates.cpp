#include <autohttps/tools/autohttps/candidates.h>

#include <autohttps/tools/autohttps/report.h>

namespace autohttps::tools {
namespace {

using Step = acme::AttemptPlan::Step;

bool answers_by_files(const Outlook& outlook) {
  return outlook.spec && !outlook.spec->webroot.empty();
}

}  // namespace

Candidates choose(const std::vector<Outlook>& outlooks, const acme::RunOptions& options,
                  WallTime now) {
  Candidates candidates;
  const acme::AttemptWish wish{.person = options.person, .force = options.force};
  for (const Outlook& outlook : outlooks) {
    const Step step = plan_of(outlook, wish, now).step;
    if (step == Step::nothing) {
      candidates.others.push_back(nothing_due(outlook, now));
      continue;
    }
    candidates.ids.push_back(outlook.id);
    if (step == Step::issue && !answers_by_files(outlook)) candidates.needs_port = true;
  }
  return candidates;
}

}  // namespace autohttps::tools
