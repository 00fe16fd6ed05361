// What is said of a site on the line and in files, each value checked by itself.
#pragma once

#include <autohttps/server/sites/site.h>
#include <autohttps/tools/autohttps/settings.h>

#include <string>
#include <string_view>

namespace autohttps::tools {

// As in option_values.h: these throw Error(config) that says what would be right.
void add_reverse_proxy(Settings&, const std::string& value);
void set_redirect_to(Settings&, const std::string& value);
void set_health_check(Settings&, const std::string& value);
void set_upstream_timeout(Settings&, const std::string& value);
void add_trusted_proxy(Settings&, const std::string& value);
void add_header(Settings&, const std::string& value);
void set_hsts(Settings&, const std::string& value);
void set_max_body(Settings&, const std::string& value);
void add_route(Settings&, const std::string& value);

// "Name: value", for answers.
HeaderField parse_header(std::string_view text);
// "/api=http://127.0.0.1:3000" or "/static=/srv/static".
SitePath parse_route(std::string_view text);

}  // namespace autohttps::tools
