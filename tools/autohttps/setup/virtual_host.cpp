#include <autohttps/tools/autohttps/setup/virtual_host.h>

#include <autohttps/common/strings.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

// How well a pattern fits: 0 not at all; nginx's order (server_names) serves Apache as well.
int fit(std::string_view pattern, std::string_view name) {
  if (equals_ignoring_case(pattern, name)) return 3;
  if (pattern.starts_with(".")) {  // nginx: the name itself and everything below
    if (equals_ignoring_case(pattern.substr(1), name)) return 3;
    pattern.remove_prefix(1);
  } else if (pattern.starts_with("*.")) {
    pattern.remove_prefix(2);
  } else if (pattern.ends_with(".*")) {
    const std::string_view stem = pattern.substr(0, pattern.size() - 1);
    return name.size() > stem.size() && equals_ignoring_case(name.substr(0, stem.size()), stem);
  } else {
    return 0;
  }
  const bool below = name.size() > pattern.size() + 1 &&
                     name[name.size() - pattern.size() - 1] == '.' &&
                     equals_ignoring_case(name.substr(name.size() - pattern.size()), pattern);
  return below ? 2 : 0;
}

int fit(const VirtualHost& host, std::string_view name) {
  int best = 0;
  for (const std::string& pattern : host.names) best = std::max(best, fit(pattern, name));
  return best;
}

bool listens(const VirtualHost& host, bool https) { return https ? host.https : host.http; }

}  // namespace

const VirtualHost* named_host(const std::vector<VirtualHost>& hosts, std::string_view name,
                              bool https) {
  const VirtualHost* best = nullptr;
  int best_fit = 0;
  for (const VirtualHost& host : hosts) {
    const int this_fit = listens(host, https) ? fit(host, name) : 0;
    if (this_fit > best_fit) {
      best = &host;
      best_fit = this_fit;
    }
  }
  return best;
}

const VirtualHost* host_for(const std::vector<VirtualHost>& hosts, std::string_view name,
                            bool https) {
  if (const VirtualHost* named = named_host(hosts, name, https)) return named;
  const VirtualHost* first = nullptr;
  for (const VirtualHost& host : hosts) {
    if (!listens(host, https)) continue;
    if (host.is_default) return &host;
    if (first == nullptr) first = &host;
  }
  return first;
}

}  // namespace autohttps::tools
