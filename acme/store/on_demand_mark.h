// certificates/<id>/on-demand.json: had because a client asked for the name, not because somebody
// wished for it.
#pragma once

#include <autohttps/acme/store/store.h>

#include <optional>
#include <string_view>

namespace autohttps::acme {

// Such a certificate may be taken away again by the server that had it. Durable; to be written
// before the wish, and gone with the certificate. Throws what the Store throws.
void mark_on_demand(Store&, std::string_view certificate, WallTime now);
// Since when; empty: it is not. Unreadable: since ever.
std::optional<WallTime> on_demand_since(const Store&, std::string_view certificate);

}  // namespace autohttps::acme
