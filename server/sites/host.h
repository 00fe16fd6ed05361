// The host that a request is for, and the target that a redirect keeps. Pure.
#pragma once

#include <string>
#include <string_view>

namespace autohttps {

// RFC 9110 7.2: uri-host [":" port]. In canonical form, without the port, brackets and a dot at the
// end; empty when it is nothing that could be ours.
std::string parse_host(std::string_view header);
// The same; of a header in canonical form, as most are, it is the header itself, else `storage`.
std::string_view parse_host(std::string_view header, std::string& storage);

// Of a host in canonical form.
bool is_address(const std::string& host);

// As it stands in a URL: an IPv6 address in brackets; the port where it is not https's own.
std::string authority_of(std::string_view host, unsigned https_port);

// RFC 9112 3.2.1: origin-form, and no byte that a Location could be misread by.
bool is_clean_origin_form(std::string_view target);

}  // namespace autohttps
