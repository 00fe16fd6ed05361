// From a configuration's sites, or the line's one, to what the server is told.
#pragma once

#include <autohttps/common/event.h>
#include <autohttps/server/auto_https/options.h>
#include <autohttps/tools/autohttps/config.h>

#include <cstdint>
#include <string>
#include <vector>

namespace autohttps::tools {

// The line's site where it names domains or says what is served; else the configuration's. Empty:
// the whole store, with the program's own small page. Throws Error(config) for a file that is not
// there, and for a line that would give all sites the same contents.
std::vector<SiteOptions> site_options(const Config&, const EventSink&);

// Of all sites together, in bytes: what the server has to take. A site takes what it says itself.
std::uint64_t largest_body(const Config&);

// What a running server cannot take from a changed configuration, by its keys: ports, the store.
std::vector<std::string> fixed_keys_that_changed(const Settings& before, const Settings& after);

}  // namespace autohttps::tools
