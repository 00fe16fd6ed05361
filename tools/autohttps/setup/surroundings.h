// What setup found when it looked: values, from which the plan is made.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/tools/autohttps/packaged_texts.h>
#include <autohttps/tools/autohttps/settings.h>
#include <autohttps/tools/autohttps/setup/machine.h>
#include <autohttps/tools/autohttps/setup/snippet.h>
#include <autohttps/tools/autohttps/setup/virtual_host.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace autohttps::tools {

struct NameLook {
  std::string name;
  std::vector<std::string> here;       // its addresses that are this machine's
  std::vector<std::string> elsewhere;  // and those that are not
};

// What is there for the names in the store.
struct CertificateLook {
  std::string id{};
  std::string store{};  // its folder, that of --staging included
  bool known = false;   // was wished for before
  bool good = false;    // there, as wished, not due
  std::optional<WallTime> not_after{};
  std::optional<WallTime> next{};
  std::string fingerprint{};  // of the current one
  // The shortest life of all certificates in the store, this one included. Empty: none there yet.
  std::optional<std::chrono::seconds> shortest_life{};
  bool account = false;  // the CA has an account of ours already
};

struct ServiceLook {
  bool enabled = false;  // starts with the machine
  bool running = false;
  bool timer = false;   // the timer is enabled and runs
  bool socket = false;  // systemd holds the ports, or will at the next start
};

struct Surroundings {
  bool root = false;
  bool systemd = false;
  bool cron_installed = false;
  bool cron_runs = false;
  std::string program;
  std::string config;                         // the main file's path
  std::string store;                          // without what --staging adds
  std::string user = "root", group = "root";  // whose the store is or will be
  // There is neither a store nor the service's user yet, and it can be made.
  bool may_make_user = false;

  std::optional<PortHolder> http, https;
  std::vector<NameLook> names;  // the wished ones, and www. of the first where it resolves here
  WebServer web_server = WebServer::none;  // that holds a port
  std::vector<VirtualHost> hosts;          // its sites
  bool certbot = false;                    // has a certificate of the first name

  CertificateLook certificate;
  Settings above;  // what the main file says for every site
  // What the site's file says, by itself; empty: it is not there or cannot be understood.
  std::optional<Settings> present_site;
  bool configured_elsewhere = false;  // a site with these names stands in another file
  ServiceLook service;
  int random_minute = 0;

  // The present text of every file the plan may want; absent: it is not there.
  std::map<std::string, std::string> files;
  // Of these files and folders, those that are a package's.
  std::set<std::string> packaged;

  bool has(const std::string& file) const { return files.contains(file); }
};

// Everything but what the store has. Asks DNS; changes nothing.
Surroundings look(const Settings&, const std::string& config, Machine&);

}  // namespace autohttps::tools
