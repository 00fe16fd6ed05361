// A page with the names in a folder.
#pragma once

#include <string>
#include <string_view>

namespace autohttps {

// HTML: the names in `folder` (a descriptor that can be read) in order, folders with a "/" behind,
// those that begin with a dot left out, at most 10,000. `path` is shown above, "a/b"; "." for the
// root. Whatever a name is, it is text and a link to that name alone. Throws std::system_error when
// it cannot be read.
std::string folder_listing(int folder, std::string_view path);

}  // namespace autohttps
