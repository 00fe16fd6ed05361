// Where things of ours lie on a machine.
#pragma once

#include <string>

namespace autohttps::tools {

inline constexpr const char* kCronFile = "/etc/cron.d/autohttps";
inline constexpr const char* kInitScript = "/etc/init.d/autohttps";
inline constexpr const char* kOwnUnits = "/etc/systemd/system/";  // the administrator's, setup's
inline constexpr const char* kPackageUnits = "/lib/systemd/system/";  // the package's
inline constexpr const char* kTimerCadence =
    "/etc/systemd/system/autohttps-renew.timer.d/cadence.conf";
inline constexpr const char* kServiceLog = "/var/log/autohttps.log";

// From /etc/autohttps/autohttps.toml to /etc/autohttps, its sites.d, and a site's file there.
std::string config_folder(const std::string& config);
std::string sites_folder(const std::string& config);
std::string site_path(const std::string& config, const std::string& id);

}  // namespace autohttps::tools
