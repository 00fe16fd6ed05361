// Service files and the cron entry, embedded from tools/packaging/*.in: what the package installs
// and what `setup` writes where there is no package are the same texts.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace autohttps::tools {

enum class PackagedText { service, socket, renew_service, renew_timer, init_script, cron };

// Placeholder -> value, unquoted: PROGRAM CONFIG STORE (absolute paths), USER GROUP (the store's
// owner), STATE_DIRECTORY (below /var/lib, for systemd to make; may be empty), and those that
// with_cadence() sets.
using PackagedValues = std::map<std::string, std::string, std::less<>>;

// What the package installs: /usr/bin/autohttps, /etc/autohttps/autohttps.toml,
// /var/lib/autohttps, the user autohttps, every hour.
PackagedValues packaged_defaults();

// A look every `minutes` (1..60). `minute` (any number, best a random one of this machine) is when
// in that time the cron entry runs; the timer has a delay of its own.
void with_cadence(PackagedValues&, int minutes, int minute);

// The text with its values, each quoted as the format wants it. Throws Error(config) for a value
// that the format cannot carry.
std::string packaged_text(PackagedText, const PackagedValues&);

// Where the package or an administrator's own file of this kind lies: "autohttps.service".
const char* packaged_name(PackagedText) noexcept;

}  // namespace autohttps::tools
