#include <autohttps/tools/autohttps/outlook.h>

#include <autohttps/common/error.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/spelling.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace autohttps::tools {
namespace {

// The certificate that has it among its names.
std::optional<std::string> id_for(const acme::CertificateStore& certificates,
                                  const std::string& name) {
  try {
    return certificates.id_for_name(Identifier::parse(name).value);
  } catch (const Error&) {
    return std::nullopt;  // no name at all
  }
}

Error no_such(const acme::CertificateStore& certificates, const std::string& id,
              const std::vector<std::string>& ids) {
  std::string hint = "autohttps list shows what there is";
  if (const auto holder = id_for(certificates, id)) {
    hint = "it is one of the names of \"" + *holder + "\": give that";
  } else if (const auto near = nearest(id, ids)) {
    hint = "did you mean \"" + *near + "\"?";
  }
  return Error(ErrorCode::config,
               "there is no certificate \"" + printable(id, 200) + "\" in the store",
               std::move(hint));
}

}  // namespace

std::vector<Outlook> look_at_all(acme::CertificateStore& certificates,
                                 const std::vector<std::string>& ids, WallTime now) {
  const std::vector<std::string> all = certificates.ids();
  for (const std::string& id : ids) {
    if (!std::ranges::count(all, id)) throw no_such(certificates, id, all);
  }
  std::vector<Outlook> outlooks;
  for (const std::string& id : ids.empty() ? all : ids) {
    outlooks.push_back(look_at(certificates, id, now));
  }
  std::ranges::stable_sort(outlooks, {}, &Outlook::standing);
  return outlooks;
}

}  // namespace autohttps::tools
