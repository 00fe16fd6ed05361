// What a site does to its answers: pages for failures, fields, compression.
#pragma once

#include <autohttps/server/sites/answer.h>
#include <autohttps/server/sites/error_pages.h>
#include <autohttps/server/sites/site.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace autohttps {

// May this host's browsers be told to come by HTTPS alone? Not while what it is served with is no
// certificate that they trust: they could never come back. Thread-safe, quick.
using IsTrusted = std::function<bool(std::string_view host)>;

// Immutable, thread-safe. Throws for memory alone.
class Dressing {
 public:
  // Of `path`, and where that says nothing of `site` (which may be the same).
  Dressing(const Site& site, const SitePath& path, IsTrusted);

  void dress(const HeadView&, Answer&) const;
  // It never looks at the fields of an answer that is good.
  bool leaves_fields() const noexcept {
    return set_.empty() && if_absent_.empty() && hsts_.empty() && !compresses_;
  }

 private:
  HeaderFields set_;        // an empty value: is taken away
  HeaderFields if_absent_;  // what an application may know better
  std::string hsts_;        // empty: none
  IsTrusted is_trusted_;    // empty: all are
  std::optional<ErrorPages> pages_;
  bool compresses_ = false;
};

}  // namespace autohttps
