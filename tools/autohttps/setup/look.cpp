#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/setup/apache_config.h>
#include <autohttps/tools/autohttps/setup/nginx_config.h>
#include <autohttps/tools/autohttps/setup/places.h>
#include <autohttps/tools/autohttps/setup/surroundings.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

constexpr const char* kNginxPrefix = "/usr/share/nginx";
constexpr const char* kPackageList = "/var/lib/dpkg/info/autohttps.list";

NameLook look_at_name(const std::string& name, const std::vector<std::string>& own,
                      const Machine& machine) {
  NameLook look;
  look.name = name;
  for (const std::string& address : machine.addresses_of(name)) {
    const bool here = std::ranges::count(own, address) > 0;
    (here ? look.here : look.elsewhere).push_back(address);
  }
  return look;
}

// www. of a single name that has no www. itself, where it leads here.
void look_for_www(Surroundings& found, const Settings& settings,
                  const std::vector<std::string>& own, const Machine& machine) {
  const std::string& name = settings.names.front();
  if (settings.names.size() != 1 || name.starts_with("www.") || name.starts_with("*.")) return;
  NameLook www = look_at_name("www." + settings.names.front(), own, machine);
  if (!www.here.empty()) found.names.push_back(std::move(www));
}

std::string nginx_files(const Machine& machine) {
  std::string text;
  for (const std::string folder : {"/etc/nginx/conf.d/", "/etc/nginx/sites-enabled/"}) {
    for (const std::string& name : machine.list(folder)) {
      text.append("# configuration file ").append(folder).append(name).append(":\n");
      text.append(machine.read(folder + name).value_or("")).append("\n");
    }
  }
  return text;
}

void look_at_nginx(Surroundings& found, Machine& machine) {
  // What nginx itself makes of its files, includes and all; it may refuse to say to others than
  // root, or because something is wrong in them.
  const CommandResult dump = machine.run({"nginx", "-T"});
  found.hosts = nginx_hosts(dump.exit_code == 0 ? dump.output : nginx_files(machine), kNginxPrefix);
}

void look_at_apache(Surroundings& found, const Machine& machine) {
  const std::string folder = "/etc/apache2/sites-enabled/";
  for (const std::string& name : machine.list(folder)) {
    const std::string path = folder + name;
    for (VirtualHost& host : apache_hosts(machine.read(path).value_or(""), path)) {
      found.hosts.push_back(std::move(host));
    }
  }
}

void look_at_web_server(Surroundings& found, Machine& machine) {
  for (const auto& holder : {found.http, found.https}) {
    if (!holder || found.web_server != WebServer::none) continue;
    if (holder->name == "nginx") found.web_server = WebServer::nginx;
    if (holder->name == "apache2") found.web_server = WebServer::apache;
  }
  if (found.web_server == WebServer::nginx) look_at_nginx(found, machine);
  if (found.web_server == WebServer::apache) look_at_apache(found, machine);
}

void look_at_service(Surroundings& found, Machine& machine) {
  if (found.systemd) {
    const auto is = [&](const char* what, const char* unit) {
      return machine.run({"systemctl", "--quiet", what, unit}).exit_code == 0;
    };
    found.service.enabled = is("is-enabled", "autohttps.service");
    found.service.running = is("is-active", "autohttps.service");
    found.service.socket =
        is("is-enabled", "autohttps.socket") || is("is-active", "autohttps.socket");
    found.service.timer =
        is("is-enabled", "autohttps-renew.timer") && is("is-active", "autohttps-renew.timer");
    return;
  }
  found.service.running =
      found.has(kInitScript) && machine.run({kInitScript, "status"}).exit_code == 0;
  for (const std::string& link : machine.list("/etc/rc2.d")) {
    found.service.enabled =
        found.service.enabled || (link.starts_with("S") && link.ends_with("autohttps"));
  }
}

void look_at_owner(Surroundings& found, const Machine& machine) {
  const auto owner = machine.owner_of(found.store);
  if (owner) {
    found.user = owner->user;
    found.group = owner->group;
  } else if (machine.has_user("autohttps")) {
    found.user = found.group = "autohttps";
  } else {
    found.may_make_user = machine.is_root() && machine.has_command("useradd");
  }
}

void look_at_files(Surroundings& found, const Machine& machine) {
  std::vector<std::string> paths = {kCronFile, kInitScript, kTimerCadence};
  for (const PackagedText unit :
       {PackagedText::service, PackagedText::renew_service, PackagedText::renew_timer}) {
    for (const char* folder : {kOwnUnits, kPackageUnits}) {
      paths.push_back(std::string(folder) + packaged_name(unit));
    }
  }
  const std::string sites = sites_folder(found.config) + "/";
  for (const std::string& name : machine.list(sites)) {
    if (name.ends_with(".toml")) paths.push_back(sites + name);
  }
  for (const std::string& path : paths) {
    if (auto text = machine.read(path)) found.files.emplace(path, std::move(*text));
  }
  const std::string owned = machine.read(kPackageList).value_or("");
  for (const std::string_view line : split(owned, '\n')) found.packaged.emplace(line);
}

}  // namespace

Surroundings look(const Settings& settings, const std::string& config, Machine& machine) {
  Surroundings found;
  found.root = machine.is_root();
  found.systemd = machine.exists("/run/systemd/system");
  found.cron_installed = machine.exists("/etc/cron.d") && machine.has_command("cron");
  found.cron_runs = machine.process_runs("cron");
  found.program = machine.program();
  found.config = config;
  Settings real = settings;
  real.staging = false;
  found.store = store_path(real).string();
  look_at_owner(found, machine);
  found.random_minute = machine.random_minute();
  found.http = machine.port_holder(settings.http_port);
  found.https = machine.port_holder(settings.https_port);
  const std::vector<std::string> own = machine.own_addresses();
  for (const std::string& name : settings.names) {
    if (!name.starts_with("*.")) found.names.push_back(look_at_name(name, own, machine));
  }
  look_for_www(found, settings, own, machine);
  look_at_files(found, machine);
  look_at_web_server(found, machine);
  look_at_service(found, machine);
  found.certbot =
      !settings.names.empty() && machine.exists("/etc/letsencrypt/live/" + settings.names.front());
  return found;
}

}  // namespace autohttps::tools
