#include <autohttps/server/sites/error_pages.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/sites/file_tree.h>

#include <algorithm>
#include <optional>
#include <string>

#include <unistd.h>

namespace autohttps {
namespace {

constexpr std::uint64_t kLargestPage = 256U << 10;
// What tells of the text that is replaced.
constexpr std::string_view kOfTheText[] = {"Content-Type",  "Content-Encoding", "Content-Language",
                                           "ETag",          "Last-Modified",    "Accept-Ranges",
                                           "Content-Length"};

std::optional<std::string> read_page(const FileTree& pages, const std::string& name) {
  const OpenedFile opened = pages.open(name);
  if (opened.kind != OpenedFile::Kind::file || opened.state.size > kLargestPage) {
    return std::nullopt;
  }
  std::string text(static_cast<std::size_t>(opened.state.size), '\0');
  const ssize_t count = ::pread(opened.fd.get(), text.data(), text.size(), 0);
  if (count < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(count));
  return text;
}

}  // namespace

ErrorPages::ErrorPages(const std::filesystem::path& folder)
    : pages_(std::make_unique<const FileTree>(folder)) {}

ErrorPages::~ErrorPages() = default;

void ErrorPages::dress(const HeadView&, Answer& answer) const {
  const int status = answer.head.status;
  if (status < 400 || answer.foreign) return;
  std::optional<std::string> page = read_page(*pages_, std::to_string(status) + ".html");
  if (!page) page = read_page(*pages_, status < 500 ? "4xx.html" : "5xx.html");
  if (!page) return;
  std::erase_if(answer.head.fields, [](const HeaderField& field) {
    return std::any_of(std::begin(kOfTheText), std::end(kOfTheText), [&](std::string_view name) {
      return equals_ignoring_case(name, field.first);
    });
  });
  answer.head.fields.emplace_back("Content-Type", "text/html; charset=utf-8");
  answer.body = text_body(*std::move(page));
}

}  // namespace autohttps
