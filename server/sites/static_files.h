// The files of a folder as answers to GET and HEAD.
#pragma once

#include <autohttps/server/engine/head_view.h>
#include <autohttps/server/sites/answer.h>
#include <autohttps/server/sites/media_types.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

namespace autohttps {

struct StaticFilesOptions {
  std::filesystem::path root;
  bool listing = false;            // a page with the names in it, for folders without an index
  std::size_t memory = 16U << 20;  // bytes of small files that are kept; 0: each is read anew
  std::shared_ptr<const MediaTypes> types{};  // null: those of the system
};

// Thread-safe. A name is looked up beneath the root at each request (openat2(2)), and the root too,
// so that a link may be turned to a new release and every answer is of the files as they are now;
// links are followed as long as they stay beneath the root. A folder gives its index.html. Of
// files that are worth it, precompressed siblings ("app.js.br", ".zst", ".gz"), when they are not
// older. Conditional requests and ranges as in RFC 9110 13 and 14. Waits for nothing but the disk.
class StaticFiles {
 public:
  explicit StaticFiles(StaticFilesOptions);
  ~StaticFiles();

  // `path`: of the request's target what is beneath the site's prefix, raw, with or without its
  // query. Only HeadView::method, fields and resource are looked at. Throws for memory alone.
  Answer answer(const HeadView&, std::string_view path) const;
  // The same for those who look at no field of it: a whole file's are in ResponseHead::ready.
  Answer ready_answer(const HeadView&, std::string_view path) const;

 private:
  enum class Form : bool { fields, ready };
  Answer answer(const HeadView&, std::string_view path, Form) const;

  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace autohttps
