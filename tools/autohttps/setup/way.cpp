#include <autohttps/tools/autohttps/setup/way.h>
#include <autohttps/tools/autohttps/site_contents.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string how_to_stop(const PortHolder& holder) {
  if (!holder.unit.empty()) return "systemctl disable --now " + holder.unit;
  if (holder.name == "nginx" || holder.name == "apache2") return "service " + holder.name + " stop";
  return holder.pid == 0 ? "find it with `ss -ltnp`" : "kill " + std::to_string(holder.pid);
}

std::string command_for(const Settings& site, const std::string& more) {
  std::string text = "autohttps setup";
  for (const std::string& name : site.names) text += " " + name;
  return text + " " + more;
}

[[noreturn]] void throw_port_taken(const Settings& site, std::uint16_t port,
                                   const PortHolder& holder, bool web_server) {
  const std::string number = std::to_string(port);
  const bool serves = serves_itself(site);
  std::string hint = "end it and say the same again: " + how_to_stop(holder);
  if (serves && web_server) {
    hint = "to keep " + holder.name + ", leave out --root and --reverse-proxy: " +
           command_for(site, "gets a certificate for it to serve") +
           "\nto replace it: " + how_to_stop(holder) + ", and say the same again";
  } else if (!serves) {
    hint += "\nis it a web server? then let it answer the CA: " +
            command_for(site, "--webroot DIR, its document root");
  }
  throw Error(ErrorCode::port,
              "port " + number + " is needed " +
                  (serves ? "to serve " + site.names.front() : "for the CA's question") +
                  ", and held by " + describe(holder),
              hint);
}

// The folder in which the server on port 80 looks for the CA's path when asked for this name. It
// may send the CA on to its HTTPS site (RFC 8555 8.3 has the CA follow).
const VirtualHost* answering_host(const Surroundings& found, const std::string& name) {
  const VirtualHost* host = host_for(found.hosts, name, false);
  if (host != nullptr && !host->root.empty()) return host;
  if (host != nullptr && !host->redirects) return nullptr;
  const VirtualHost* secure = host_for(found.hosts, name, true);
  if (secure != nullptr && !secure->root.empty()) return secure;
  return nullptr;
}

Error no_webroot(const Settings& site, const Surroundings& found, const std::string& name) {
  const std::string server = found.http->name;
  const VirtualHost* host = host_for(found.hosts, name, false);
  const std::string where =
      host == nullptr || host->file.empty() ? std::string() : " (" + printable(host->file) + ")";
  const std::string piece =
      found.web_server == WebServer::nginx
          ? "location /.well-known/acme-challenge/ { root /var/www/html; }"
          : "Alias /.well-known/acme-challenge/ /var/www/html/.well-known/acme-challenge/";
  return Error(ErrorCode::config,
               server + " has port 80, and no folder in its configuration" + where +
                   " from which it answers for \"" + name + "\"",
               "add this to that site, reload " + server + " and say the same again: " + piece +
                   "\nor name the folder: " + command_for(site, "--webroot DIR"));
}

void use_webroot(Settings& site, const Surroundings& found) {
  for (const std::string& name : site.names) {
    const VirtualHost* host = answering_host(found, name);
    if (host == nullptr) throw no_webroot(site, found, name);
    if (!site.webroot.empty() && site.webroot != host->root) {
      throw Error(ErrorCode::config,
                  found.http->name + " answers for \"" + site.names.front() + "\" from \"" +
                      printable(site.webroot) + "\" and for \"" + name + "\" from \"" +
                      printable(host->root) + "\"",
                  "set them up one by one: autohttps setup " + site.names.front() +
                      ", then autohttps setup " + name);
    }
    site.webroot = host->root;
  }
}

void propose_hook(Settings& site, WebServer server) {
  const std::string hook = server == WebServer::nginx ? "reload-nginx" : "reload-apache";
  if (std::ranges::count(site.deploy, hook) == 0) site.deploy.push_back(hook);
}

}  // namespace

bool is_answered_by_dns(const Settings& site) {
  if (!site.challenge.empty()) return site.challenge.starts_with("dns-");
  return !site.dns_hook.empty();
}

bool is_ours(const PortHolder& holder) { return holder.name == "autohttps"; }

std::string describe(const PortHolder& holder) {
  if (holder.name.empty()) return "a process that cannot be seen";
  std::string text = printable(holder.name, 100) + " (pid " + std::to_string(holder.pid);
  if (!holder.unit.empty()) text += ", " + printable(holder.unit, 100);
  return text + ")";
}

void choose_way(Settings& site, const Surroundings& found) {
  const bool serves = serves_itself(site);
  const auto foreign = [](const std::optional<PortHolder>& holder) {
    return holder && !is_ours(*holder);
  };
  const bool web_server = found.web_server != WebServer::none;
  if (serves) {
    if (foreign(found.http)) throw_port_taken(site, site.http_port, *found.http, web_server);
    if (foreign(found.https)) throw_port_taken(site, site.https_port, *found.https, web_server);
    return;
  }
  if (web_server) propose_hook(site, found.web_server);
  if (site.challenge == "tls-alpn-01") {
    if (foreign(found.https)) throw_port_taken(site, site.https_port, *found.https, web_server);
    return;
  }
  if (is_answered_by_dns(site) || !site.webroot.empty() || !foreign(found.http)) return;
  const bool knows_sites =
      web_server && (found.http->name == "nginx" || found.http->name == "apache2");
  // Nobody can be asked to answer on port 80: `obtain` does so on port 443, if it can be had.
  if (!knows_sites && site.challenge.empty() && !foreign(found.https)) return;
  if (!knows_sites) throw_port_taken(site, site.http_port, *found.http, false);
  use_webroot(site, found);
}

std::vector<std::string> address_warnings(const std::vector<NameLook>& names) {
  std::vector<std::string> warnings;
  for (const NameLook& look : names) {
    if (look.here.empty() && look.elsewhere.empty()) {
      warnings.push_back(look.name +
                         " has no address in DNS as seen from here: the CA will not find it until "
                         "it has an A or AAAA record");
      continue;
    }
    std::vector<std::string> ipv6;
    std::vector<std::string> ipv4;
    for (const std::string& address : look.elsewhere) {
      (address.find(':') == std::string::npos ? ipv4 : ipv6).push_back(address);
    }
    if (!ipv6.empty()) {
      warnings.push_back(look.name + " has the IPv6 address " + listed(ipv6) +
                         ", which is not this machine's: CAs ask there first. Correct or remove "
                         "the AAAA record, unless what is there passes port 80 on to here");
    }
    if (!ipv4.empty()) {
      warnings.push_back(look.name + " has the address " + listed(ipv4) +
                         ", which is not this machine's: right behind a router or load balancer "
                         "that passes ports 80 and 443 on; else correct the A record");
    }
  }
  return warnings;
}

}  // namespace autohttps::tools
