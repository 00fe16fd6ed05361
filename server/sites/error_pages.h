// A site's own pages for what went wrong.
#pragma once

#include <autohttps/server/engine/head_view.h>
#include <autohttps/server/sites/answer.h>

#include <filesystem>
#include <memory>

namespace autohttps {

class FileTree;

// Thread-safe. Read when asked for, so that they may be changed at any time.
class ErrorPages {
 public:
  explicit ErrorPages(const std::filesystem::path& folder);
  ~ErrorPages();

  // In place of the text of an answer of 400 and more comes "404.html" of the folder, where it has
  // that, else "4xx.html" (and alike for 5xx), else all stays as it was. Status and fields that do
  // not tell of the text stay. Throws for memory alone.
  void dress(const HeadView&, Answer&) const;

 private:
  const std::unique_ptr<const FileTree> pages_;
};

}  // namespace autohttps
