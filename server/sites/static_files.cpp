#include <autohttps/server/sites/static_files.h>

#include <autohttps/common/random.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/coarse_clock.h>
#include <autohttps/server/sites/accept_encoding.h>
#include <autohttps/server/sites/byte_ranges.h>
#include <autohttps/server/sites/conditions.h>
#include <autohttps/server/sites/file_path.h>
#include <autohttps/server/sites/folder_listing.h>
#include <autohttps/server/sites/known_files.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace autohttps {
namespace {

constexpr const char* kIndex = "index.html";
constexpr const char* kMethods = "GET, HEAD, OPTIONS";
constexpr std::int64_t kAloneFor = 1'000;  // ms until a new precompressed sibling is noticed

struct Coding {
  std::string_view name;
  const char* ending;
};
// In our order of preference, for clients that have none.
constexpr std::array<Coding, 3> kCodings{{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}};

// One of the representations of a resource (RFC 9110 3.2).
struct Representation {
  ReadableContent content;
  std::string_view coding{};
  bool varies = false;  // there are others, of other codings
};

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

// "/docs" -> "/docs/", so that the page's own relative links hold. One "/" in front, whatever was
// asked for: "//other.example" would lead elsewhere; so would a "\" for browsers that take it for
// one.
Answer to_folder(std::string_view resource) {
  std::string location = "/";
  const std::string_view path = path_of(resource);
  const std::size_t begin = std::min(path.find_first_not_of("/\\"), path.size());
  location.append(path.substr(begin));
  if (location.size() > 1) location += '/';
  location.append(resource.substr(path.size()));
  return {{301, {{"Location", std::move(location)}}}, nullptr};
}

HeaderFields fields_of(const Representation& shown) {
  HeaderFields fields;
  fields.reserve(8);
  fields.emplace_back("ETag", shown.content.about->tag);
  if (shown.varies) fields.emplace_back("Vary", "Accept-Encoding");
  return fields;
}

void add_fields_of_content(const Representation& shown, HeaderFields& fields) {
  const std::string& modified = shown.content.about->modified;
  if (!modified.empty()) fields.emplace_back("Last-Modified", modified);
  fields.emplace_back("Accept-Ranges", "bytes");
  if (!shown.coding.empty()) fields.emplace_back("Content-Encoding", shown.coding);
}

// RFC 9110 14.2: for GET, and then If-Range says whether. A second Range makes both worthless.
ByteRanges ranges_for(const HeadView& head, const Validators& validators, std::uint64_t size) {
  const FieldView* range = nullptr;
  for (const FieldView& field : head.fields) {
    if (field.name.size() != 5 || !equals_ignoring_case(field.name, "Range")) continue;
    if (range != nullptr) return {};
    range = &field;
  }
  if (range == nullptr || head.method != "GET" || !lets_range_be(head, validators)) return {};
  return parse_byte_ranges(range->value, size);
}

Answer show(const HeadView& head, Representation shown, bool ready) {
  const FileContent& about = *shown.content.about;
  Validators validators{about.tag};
  if (!about.modified.empty()) validators.modified = about.state.modified;
  switch (evaluate_conditions(head, validators)) {
    case Condition::failed:
      return status_answer(412);
    case Condition::not_modified:
      // RFC 9110 15.4.5: nothing else of what a 200 would have told.
      return {{304, fields_of(shown)}, nullptr};
    case Condition::go_on:
      break;
  }
  const ByteRanges ranges = ranges_for(head, validators, about.state.size);
  if (ranges.kind == ByteRanges::Kind::unsatisfiable) {
    return status_answer(416, {{"Content-Range", "bytes */" + about.length}});
  }
  if (ready && ranges.kind == ByteRanges::Kind::whole && shown.coding.empty() && !shown.varies) {
    return {{200, {}, about.fields}, part_of(std::move(shown.content), {0, about.state.size})};
  }
  Answer answer{{200, fields_of(shown)}, nullptr};
  HeaderFields& fields = answer.head.fields;
  add_fields_of_content(shown, fields);
  if (ranges.kind == ByteRanges::Kind::whole) {
    fields.emplace_back("Content-Type", about.type);
    answer.body = part_of(std::move(shown.content), {0, about.state.size});
    return answer;
  }
  answer.head.status = 206;
  if (ranges.parts.size() == 1) {  // RFC 9110 15.3.7.1
    fields.emplace_back("Content-Type", about.type);
    fields.emplace_back("Content-Range", content_range(ranges.parts.front(), about.length));
    answer.body = part_of(std::move(shown.content), ranges.parts.front());
    return answer;
  }
  const std::string boundary = SystemRandom().token();  // in no file but by a wonder
  fields.emplace_back("Content-Type", "multipart/byteranges; boundary=" + boundary);
  answer.body = parts_of(std::move(shown.content), ranges.parts, boundary);
  return answer;
}

}  // namespace

class StaticFiles::Impl {
 public:
  explicit Impl(StaticFilesOptions options)
      : files_(options.root, options.memory,
               options.types ? std::move(options.types) : MediaTypes::of_system()),
        lists_(options.listing) {}

  Answer answer(const HeadView&, std::string_view path, Form);

 private:
  Answer folder(const HeadView&, const std::string& path, Form);
  Answer list(const std::string& path) const;
  Answer file(const HeadView&, const std::string& name, ReadableContent, Form);
  void negotiate(const HeadView&, const std::string& name, Representation&);

  KnownFiles files_;
  const bool lists_;
};

Answer StaticFiles::Impl::answer(const HeadView& head, std::string_view path, Form form) {
  const auto wanted = file_path_of(path);
  if (!wanted) return status_answer(is_malformed_path(path) ? 400 : 404);
  if (wanted->is_folder) return folder(head, wanted->path, form);
  auto [content, other] = files_.find(wanted->path);
  if (content.about) return file(head, wanted->path, std::move(content), form);
  if (other.kind == OpenedFile::Kind::folder) return to_folder(head.resource);
  return status_answer(status_of_open_error(other.error));
}

Answer StaticFiles::Impl::folder(const HeadView& head, const std::string& path, Form form) {
  const std::string index = path == "." ? kIndex : path + "/" + kIndex;
  auto [content, other] = files_.find(index);
  if (content.about) return file(head, index, std::move(content), form);
  const bool has_none = other.kind == OpenedFile::Kind::nothing && other.error == ENOENT;
  if (has_none && lists_) return list(path);
  return status_answer(status_of_open_error(other.error));  // of "/page.html/", too
}

Answer StaticFiles::Impl::list(const std::string& path) const {
  const OpenedFile opened = files_.open_folder(path);
  if (opened.kind != OpenedFile::Kind::folder) {
    return status_answer(status_of_open_error(opened.error));
  }
  try {
    return {{200, {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-cache"}}},
            text_body(folder_listing(opened.fd.get(), path))};
  } catch (const std::system_error& error) {
    return status_answer(status_of_open_error(error.code().value()));
  }
}

Answer StaticFiles::Impl::file(const HeadView& head, const std::string& name,
                               ReadableContent content, Form form) {
  Representation shown{std::move(content)};
  if (shown.content.about->is_compressible) negotiate(head, name, shown);
  return show(head, std::move(shown), form == Form::ready);
}

void StaticFiles::Impl::negotiate(const HeadView& head, const std::string& name,
                                  Representation& shown) {
  const std::shared_ptr<const FileContent> plain = shown.content.about;
  const std::int64_t now = coarse_milliseconds();
  if (now < plain->alone_until.load(std::memory_order_relaxed)) return;
  std::array<std::pair<int, const Coding*>, kCodings.size()> wishes;
  for (std::size_t i = 0; i < kCodings.size(); ++i) {
    wishes[i] = {weight_of_coding(head, kCodings[i].name), &kCodings[i]};
  }
  std::stable_sort(wishes.begin(), wishes.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  const int least = std::max(1, weight_of_coding(head, "identity"));
  for (const auto& [weight, coding] : wishes) {
    KnownFiles::Found found = files_.find(name + coding->ending, plain->type, coding->name);
    // By seconds: copies and archives keep no more of the times.
    if (!found.content.about || found.content.about->state.modified < plain->state.modified) {
      continue;
    }
    shown.varies = true;
    if (weight < least) return;
    shown.content = std::move(found.content);
    shown.coding = coding->name;
    return;
  }
  plain->alone_until.store(now + kAloneFor, std::memory_order_relaxed);
}

StaticFiles::StaticFiles(StaticFilesOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

StaticFiles::~StaticFiles() = default;

Answer StaticFiles::answer(const HeadView& head, std::string_view path) const {
  return answer(head, path, Form::fields);
}

Answer StaticFiles::ready_answer(const HeadView& head, std::string_view path) const {
  return answer(head, path, Form::ready);
}

Answer StaticFiles::answer(const HeadView& head, std::string_view path, Form form) const {
  if (head.method == "OPTIONS") return {{204, {{"Allow", kMethods}}}, nullptr};
  if (head.method != "GET" && head.method != "HEAD") {
    return status_answer(405, {{"Allow", kMethods}});
  }
  if (!path_of(path).empty()) return impl_->answer(head, path, form);
  // RFC 9110 4.2.3: of "http://a.test" it is "/". Of "/prefix" it is a folder without its slash.
  return path_of(head.resource).empty() ? impl_->answer(head, "/", form) : to_folder(head.resource);
}

}  // namespace autohttps
