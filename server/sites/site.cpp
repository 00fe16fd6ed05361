#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/path_prefixes.h>
#include <autohttps/server/sites/site.h>
#include <autohttps/server/sites/upstream_url.h>

#include <algorithm>
#include <string_view>

namespace autohttps {
namespace {

// Those are the engine's to say, or say something about the content that would not be true.
constexpr std::string_view kNotOurs[] = {"Connection",     "Content-Encoding",
                                         "Content-Length", "Content-Range",
                                         "Date",           "Host",
                                         "Keep-Alive",     "TE",
                                         "Trailer",        "Transfer-Encoding",
                                         "Upgrade"};

struct Where {
  std::string who;

  [[noreturn]] void refuse(const std::string& what, std::string hint) const {
    throw Error(ErrorCode::config, who + " " + what, std::move(hint));
  }
};

Where where(const Site& site, const SitePath& path) {
  const std::string name = site.names.empty()
                               ? "the site of all other hosts"
                               : "site \"" + printable(site.names.front(), 300) + "\"";
  if (&path == &site) return {name};
  return {"the path \"" + printable(path.prefix, 200) + "\" of " + name};
}

void check_headers(const Where& at, const HeaderFields& fields) {
  for (const auto& [name, value] : fields) {
    const std::string shown = "the header \"" + printable(name, 100) + "\"";
    if (!is_field_name(name)) at.refuse("has " + shown + ", which is no name", "\"Name: value\"");
    if (!is_field_value(value)) at.refuse("has a line break or a control byte in " + shown, "");
    const auto same = [&name_in = name](std::string_view other) {
      return equals_ignoring_case(name_in, other);
    };
    if (std::any_of(std::begin(kNotOurs), std::end(kNotOurs), same)) {
      at.refuse("has " + shown + ", which the server says itself", "leave it out");
    }
  }
}

void check_path(const Site& site, const SitePath& path) {
  const Where at = where(site, path);
  if (!path.root.empty() && !path.reverse_proxy.empty()) {
    at.refuse("has both a root and a reverse proxy", "leave out one of the two");
  }
  if (path.listing && path.root.empty()) {
    at.refuse("lists folders but has no root", "say whose: root = \"/srv/www\"");
  }
  for (const std::string& url : path.reverse_proxy) parse_upstream_url(url);
  if (path.reverse_proxy.empty() && !path.health_check.empty()) {
    at.refuse("has a health check but no reverse proxy", "leave it out, or say where to");
  }
  if (!path.health_check.empty() && !path.health_check.starts_with('/')) {
    at.refuse(
        "has the health check \"" + printable(path.health_check, 200) + "\", which is no path",
        "for example \"/healthz\"");
  }
  if (path.strip_prefix && (&path == &site || path.reverse_proxy.empty())) {
    at.refuse("strips a prefix but has no reverse proxy of its own beneath one",
              "it belongs beside prefix and reverse_proxy");
  }
  if (path.upstream_timeout && path.upstream_timeout->count() <= 0) {
    at.refuse("gives its upstream no time", "upstream_timeout = 60, in seconds");
  }
  check_headers(at, path.headers);
}

bool any_path(const Site& site, bool (*has)(const SitePath&)) {
  return has(site) || std::any_of(site.paths.begin(), site.paths.end(), has);
}

// What is told to answers that there are none of would only seem to hold.
void check_of_whole(const Site& site) {
  const Where at = where(site, site);
  const auto is_proxy = [](const SitePath& path) { return !path.reverse_proxy.empty(); };
  const auto of_proxy = [](const SitePath& path) {
    return !path.upstream_ca_bundle.empty() || path.upstream_timeout;
  };
  if (any_path(site, of_proxy) && !any_path(site, is_proxy)) {
    at.refuse("says how an upstream is asked, and has none", "reverse_proxy = \"http://...\"");
  }
  if (any_path(site, has_contents)) return;
  const auto dresses = [](const SitePath& path) {
    return !path.headers.empty() || !path.error_pages.empty() || path.compress.value_or(false);
  };
  if (any_path(site, dresses) || site.security_headers || site.hsts) {
    at.refuse(std::string("has no contents of its own for ") +
                  (site.hsts ? "hsts" : "headers, compression or error pages") + " to be about",
              site.redirect_to.empty()
                  ? "give it a root or a reverse proxy: the program's own routes say it themselves"
                  : "say it of the site that visitors are sent to");
  }
}

}  // namespace

bool has_contents(const SitePath& path) {
  return !path.root.empty() || !path.reverse_proxy.empty();
}

void check_site(const Site& site) {
  check_path(site, site);
  if (site.basic_auth == kNoBasicAuth) {
    where(site, site)
        .refuse("asks for no password, as it would without saying so",
                "\"none\" is for a path of a site that asks for one");
  }
  if (site.hsts && site.hsts->count() < 0) {
    where(site, site)
        .refuse("has less than no time for hsts", "hsts = 31536000, a year in seconds");
  }
  std::vector<std::string> prefixes;
  for (const SitePath& path : site.paths) {
    check_path(site, path);
    prefixes.push_back(path.prefix);
  }
  try {
    const PathPrefixes checked(prefixes);
  } catch (const Error& error) {
    throw Error(error.code(), where(site, site).who + ": " + error.what(), error.hint());
  }
  check_of_whole(site);
}

}  // namespace autohttps
