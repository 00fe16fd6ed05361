// Which of a site's paths a request's target belongs to. Pure, immutable.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

struct PrefixMatch {
  std::size_t index = 0;
  std::string_view beneath;  // of the path, raw: "/x" of "/api/x"; empty, or begins with "/"
};

// What is matched has to be what is served, by whoever serves it: a file system, or an upstream
// that we know nothing of. So a path is read in every way that servers are known to read one (with
// "//" as "/", with "%2F" and "\" as separators, without what follows a ";", with escapes decoded
// once more), and where two ways lead to different prefixes it belongs to none. "." and ".." in
// any of these ways, half an escape and NUL never belong to one: no client sends them that does not
// want two readers to see two things (RFC 3986 6.2.2.3 has clients take them out).
class PathPrefixes {
 public:
  // "/" is there, whether it is among them or not; its index is 0. The others have their place in
  // `prefixes` and 1. Throws Error(config): what is no prefix, or is there twice.
  explicit PathPrefixes(const std::vector<std::string>& prefixes);

  // `path`: a target's, raw, without its query. The longest prefix; empty: it is ambiguous, or no
  // path.
  std::optional<PrefixMatch> find(std::string_view path) const;

 private:
  using Segments = std::vector<std::string>;
  std::size_t longest(const std::vector<std::string_view>&) const;

  std::vector<Segments> prefixes_;  // of "/" none
};

}  // namespace autohttps
