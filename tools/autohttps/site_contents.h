// What a site serves and does, from what was said of it.
#pragma once

#include <autohttps/server/sites/site.h>
#include <autohttps/tools/autohttps/settings.h>

#include <cstdint>

namespace autohttps::tools {

inline constexpr std::uint64_t kUsualBody = 64U << 20;  // bytes of a request's, unless said

// Files, upstreams, paths or a redirect: does it answer by itself?
bool has_contents(const Settings&);

// And not only a redirect.
bool serves_itself(const Settings&);

// All of that taken away; how answers look and who may see them stays.
void clear_contents(Settings&);
// As `from` has it, all of it.
void take_contents(Settings&, const Settings& from);

// Paths of files absolute. What every site does is left out where a site has nothing to do it to,
// unless the site says so itself. Does not throw but for what no setter has looked at.
Site site_contents(const Settings&);

// The largest body that this site takes.
std::uint64_t largest_body(const Settings&);

}  // namespace autohttps::tools
