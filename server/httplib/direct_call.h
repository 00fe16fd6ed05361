// A request given to cpp-httplib's routes as what it is, instead of as text (not installed).
#pragma once

#include <httplib.h>

#include <autohttps/server/engine/exchange.h>

#include <functional>
#include <optional>
#include <string_view>

namespace autohttps {

// Of a keep-alive request's instructions the library spends more than half on reading the head byte
// by byte and on writing the answer's: 37,000 of 59,000 with 0.11, 26,000 of 48,000 with 0.41.
// Directly all of it takes 31,000. A plain one (GET, no body, no range, nothing that the library
// would rewrite) takes the same steps here without its text: same routes, same hooks in the same
// order, same answer. Everything else, and every version whose steps are not known
// (private_members.h), goes through the library's own parser and writer.
bool may_be_called_directly(const httplib::Server&, const HeadView&) noexcept;

// For those requests what httplib::Server::process_request is. `keep_alive`: what the library says
// in the field of that name. False: not all of the answer was written. Nothing: the library would
// refuse this one, in words of its own; nothing has been called or written.
std::optional<bool> call_directly(httplib::Server&, Exchange&, std::string_view keep_alive,
                                  const std::function<void(httplib::Request&)>& setup);

}  // namespace autohttps
