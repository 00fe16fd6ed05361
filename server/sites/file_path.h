// Which file beneath a root a request's target names. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace autohttps {

// What stands before "?" or "#".
std::string_view raw_path(std::string_view target) noexcept;

struct FilePath {
  std::string path;        // "a/b.html", decoded; "." for the root itself
  bool is_folder = false;  // the target ends with "/"
};

// Empty, which is answered 404, for everything that could mean a file in two ways or was never
// meant to be seen: "." and ".." in whatever spelling, an encoded "/", a NUL or half an escape,
// names that begin with a dot (.git, .env, .htpasswd) but for /.well-known (RFC 8615), whose own
// hidden names stay hidden. "//" is read as "/".
std::optional<FilePath> file_path_of(std::string_view target);

// Of one for which there is no FilePath: it is no path of a URL (RFC 3986 2.1, 3.3), or has an
// encoded NUL, which ends a name for some readers and not for others. That is answered 400.
bool is_malformed_path(std::string_view target) noexcept;

}  // namespace autohttps
