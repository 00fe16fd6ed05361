#include <autohttps/acme/management/wish_lookup.h>

#include <autohttps/common/error.h>

#include <algorithm>
#include <map>
#include <optional>

namespace autohttps::acme {
namespace {

using Names = std::vector<Identifier>;

bool contains(const Names& names, const Identifier& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Names missing_from(const Names& names, const Names& wanted) {
  Names missing;
  for (const Identifier& name : wanted) {
    if (!contains(names, name)) missing.push_back(name);
  }
  return missing;
}

// Ids of the certificates that may have one of the names.
std::vector<std::string> candidates(const CertificateStore& certificates, const Names& names) {
  const bool has_address = std::any_of(names.begin(), names.end(), [](const Identifier& name) {
    return name.type == Identifier::Type::ip;
  });
  if (has_address) return certificates.ids();  // addresses are not indexed
  std::vector<std::string> ids;
  const auto add = [&](const std::string& id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  for (const Identifier& name : names) {
    if (const auto id = certificates.id_for_name(name.value)) add(*id);
    add(certificate_id(name));  // a crash may have come between the wish and the index of names
  }
  return ids;
}

// Certificates, but for `id`, that have one of the names.
std::map<std::string, Names> owners(const CertificateStore& certificates, const Names& names,
                                    const std::string& id) {
  std::map<std::string, Names> found;
  for (const std::string& candidate : candidates(certificates, names)) {
    if (candidate == id) continue;
    const auto spec = certificates.spec(candidate);
    if (!spec) continue;
    const bool shares = std::any_of(names.begin(), names.end(), [&](const Identifier& name) {
      return contains(spec->names, name);
    });
    if (shares) found.emplace(candidate, spec->names);
  }
  return found;
}

std::string command_line(const Names& names) {
  std::string line;
  for (const Identifier& name : names) line += " " + name.value;
  return line;
}

[[noreturn]] void refuse_partial(const std::string& id, const Names& has, const Names& wish) {
  Names all = has;
  for (const Identifier& name : missing_from(has, wish)) all.push_back(name);
  throw Error(ErrorCode::config,
              "certificate \"" + id + "\" has some of these names, and " +
                  describe(missing_from(wish, has)) + " besides",
              "to have one certificate for all: name all of them (autohttps obtain" +
                  command_line(all) + "); to have these names only: autohttps obtain --name " + id +
                  command_line(wish));
}

[[noreturn]] void refuse_shared(const std::string& id, const Names& has, const Names& wish) {
  Names shared;
  for (const Identifier& name : wish) {
    if (contains(has, name)) shared.push_back(name);
  }
  throw Error(ErrorCode::config,
              describe(shared) + (shared.size() == 1 ? " belongs" : " belong") +
                  " to certificate \"" + id + "\" already",
              "leave " + std::string(shared.size() == 1 ? "it" : "them") +
                  " out here, or remove that certificate first: autohttps delete " + id);
}

}  // namespace

std::string id_for_wish(const CertificateStore& certificates, const CertificateSpec& wish) {
  if (wish.names.empty()) throw Error(ErrorCode::config, "a certificate needs a name");
  const auto others = owners(certificates, wish.names, wish.id);
  if (!wish.id.empty()) {
    if (!others.empty()) refuse_shared(others.begin()->first, others.begin()->second, wish.names);
    return wish.id;
  }
  if (others.size() > 1) {
    const auto& second = *std::next(others.begin());
    refuse_shared(second.first, second.second, wish.names);
  }
  if (others.size() == 1) {
    const auto& [id, names] = *others.begin();
    if (!missing_from(wish.names, names).empty()) refuse_partial(id, names, wish.names);
    return id;
  }
  std::string id = certificate_id(wish.names.front());
  if (certificates.spec(id)) {
    throw Error(ErrorCode::config, "there is a certificate \"" + id + "\" for other names",
                "give this one another name by --name");
  }
  return id;
}

}  // namespace autohttps::acme
