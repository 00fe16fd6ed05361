#include <autohttps/common/strings.h>
#include <autohttps/server/sites/accept_encoding.h>
#include <autohttps/server/sites/compressed_source.h>
#include <autohttps/server/sites/compression.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace autohttps {
namespace {

constexpr std::array<std::string_view, 1> kCodings = {"gzip"};

// Beside text/*, "+json" and "+xml". What is compressed by its own format is not here.
constexpr std::string_view kWorthIt[] = {"application/json",
                                         "application/javascript",
                                         "application/xml",
                                         "application/x-javascript",
                                         "application/wasm",
                                         "application/manifest+json",
                                         "application/x-ndjson",
                                         "application/rtf",
                                         "application/vnd.ms-fontobject",
                                         "font/ttf",
                                         "font/otf",
                                         "image/bmp",
                                         "image/x-icon",
                                         "image/vnd.microsoft.icon"};

bool is_worth_it(std::string_view content_type) {
  const std::string type =
      to_lower(trim(content_type.substr(0, std::min(content_type.find(';'), content_type.size()))));
  return type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml") ||
         std::find(std::begin(kWorthIt), std::end(kWorthIt), type) != std::end(kWorthIt);
}

bool has(const HeaderFields& fields, std::string_view name) {
  return count_fields(fields, name) > 0;
}

bool lists(const HeaderFields& fields, std::string_view name, std::string_view member) {
  const std::vector<std::string> members = list_members(fields, name);
  return std::find(members.begin(), members.end(), member) != members.end();
}

bool asks(const HeadView& head, std::string_view name) {
  return std::any_of(head.fields.begin(), head.fields.end(), [&](const FieldView& field) {
    return equals_ignoring_case(field.name, name);
  });
}

// May it be coded, of whatever type it is?
bool may_be_coded(const HeaderFields& fields) {
  // A digest is of the content as it was coded (RFC 9530 3); it would not be true any more.
  for (const char* name :
       {"Content-Encoding", "Content-Digest", "Repr-Digest", "Digest", "Content-MD5"}) {
    if (has(fields, name)) return false;
  }
  return !lists(fields, "Cache-Control", "no-transform");
}

// Would this be compressed for a client that takes it?
bool is_candidate(const Answer& answer) {
  const HeaderFields& fields = answer.head.fields;
  const int status = answer.head.status;
  if (!answer.body || (status != 200 && status != 201 && status < 400)) return false;
  if (has(fields, "Content-Range") || !may_be_coded(fields)) return false;
  const std::optional<std::uint64_t> length = answer.body->length();
  if (length && *length < kLeastToCompress) return false;
  return is_worth_it(first_field(fields, "Content-Type"));
}

// Of a 206 or 304: might the 200 in its place be a candidate? What it does not tell of (the type of
// a 304 and of several parts, the length) is taken for worth it.
bool stands_for_candidate(const HeaderFields& fields) {
  const std::string_view type = first_field(fields, "Content-Type");
  return may_be_coded(fields) &&
         (type.empty() || is_worth_it(type) || type.starts_with("multipart/byteranges"));
}

void vary(HeaderFields& fields) {
  if (lists(fields, "Vary", "accept-encoding") || lists(fields, "Vary", "*")) return;
  fields.emplace_back("Vary", "Accept-Encoding");
}

void weaken(HeaderFields& fields) {
  for (auto& [name, value] : fields) {
    if (equals_ignoring_case(name, "ETag") && value.starts_with('"')) value.insert(0, "W/");
  }
}

// RFC 9110 15.4.5: a 304 has the ETag of the 200 that it stands for; the client says which that
// was.
void name_as_asked(const HeadView& head, HeaderFields& fields) {
  const std::string weak = "W/" + std::string(first_field(fields, "ETag"));
  for (const auto& [name, value] : head.fields) {
    if (equals_ignoring_case(name, "If-None-Match") && value.find(weak) != std::string_view::npos) {
      return weaken(fields);
    }
  }
}

}  // namespace

void compress(const HeadView& head, Answer& answer) {
  HeaderFields& fields = answer.head.fields;
  if (answer.head.status == 304 || answer.head.status == 206) {
    // RFC 9110 15.3.7, 15.4.5: Vary as in the 200 that would have been sent.
    if (stands_for_candidate(fields)) vary(fields);
    if (answer.head.status == 304) name_as_asked(head, fields);
    return;
  }
  if (!is_candidate(answer)) return;
  vary(fields);
  // Ranges are counted in the bytes as they are.
  if (asks(head, "Range") || preferred_coding(head, kCodings).empty()) return;
  answer.body = std::make_unique<CompressedSource>(std::move(answer.body));
  weaken(fields);
  std::erase_if(fields, [](const HeaderField& field) {
    return equals_ignoring_case(field.first, "Accept-Ranges");
  });
  fields.emplace_back("Content-Encoding", "gzip");
}

}  // namespace autohttps
