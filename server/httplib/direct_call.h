// A request given to cpp-httplib's routes as what it is, instead of as text (not installed).
#pragma once

#include <httplib.h>

#include <autohttps/server/engine/exchange.h>

#include <functional>
#include <string_view>

namespace autohttps {

// Before 0.12 the library spends 37,000 of a keep-alive request's 59,000 instructions: it reads the
// head byte by byte and writes the answer's by snprintf. Directly all of it takes 31,000. A plain
// one (GET, no body, no range, nothing that the library would rewrite) takes the same steps here
// without its text: same routes, same hooks in the same order, same answer. Everything else, and
// every later version, goes through the library's own parser and writer.
bool may_be_called_directly(const httplib::Server&, const HeadView&) noexcept;

// For those requests what httplib::Server::process_request is. `keep_alive`: what the library says
// in the field of that name. False: not all of the answer was written.
bool call_directly(httplib::Server&, Exchange&, std::string_view keep_alive,
                   const std::function<void(httplib::Request&)>& setup);

}  // namespace autohttps
