#include <autohttps/tools/autohttps/outlook.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/spelling.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

Error no_such(const std::string& id, const std::vector<std::string>& ids) {
  const auto near = nearest(id, ids);
  return Error(ErrorCode::config,
               "there is no certificate \"" + printable(id, 200) + "\" in the store",
               near ? "did you mean \"" + *near + "\"?" : "autohttps list shows what there is");
}

}  // namespace

std::vector<Outlook> look_at_all(acme::CertificateStore& certificates,
                                 const std::vector<std::string>& ids, WallTime now) {
  const std::vector<std::string> all = certificates.ids();
  for (const std::string& id : ids) {
    if (!std::ranges::count(all, id)) throw no_such(id, all);
  }
  std::vector<Outlook> outlooks;
  for (const std::string& id : ids.empty() ? all : ids) {
    outlooks.push_back(look_at(certificates, id, now));
  }
  std::ranges::stable_sort(outlooks, {}, &Outlook::standing);
  return outlooks;
}

}  // namespace autohttps::tools
