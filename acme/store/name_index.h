// names/<name> -> id: which certificate a name belongs to, without a look at any certificate (not
// installed).
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/identifier.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Of a name that a client asks for: its own entry's, then its wildcard's; one, two or none. An IP
// address as its text.
std::vector<std::string> owners_of_name(const Store&, std::string_view name);

// From now on `name` leads to `id`; not written when it does.
void claim_name(Store&, std::string_view id, const Identifier& name);

// Names that lead nowhere lead to `id` from now on: what a crash between a wish and its names left.
void claim_free_names(Store&, std::string_view id, const std::vector<Identifier>& names);

// Names of a certificate that stop being its own, unless another one has them by now.
void release_names(Store&, std::string_view id, const std::vector<Identifier>& names,
                   const std::vector<Identifier>& kept);

// The entry's own id, damaged ones left out.
std::optional<std::string> entry_of_name(const Store&, std::string_view name);

}  // namespace autohttps::acme
