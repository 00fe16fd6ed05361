#include <autohttps/acme/store/cleanup_notes.h>

#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

constexpr std::string_view kWhat = "cleanup.json";
constexpr std::size_t kMostRecords = 1000;  // ten times the names of one certificate
constexpr std::int64_t kMostTries = 1'000'000;

}  // namespace

std::vector<CleanupNote> CleanupNotes::all() const {
  try {
    const std::optional<std::string> text = store_.get(key());
    return text ? parse_cleanup_notes(*text) : std::vector<CleanupNote>();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::protocol) throw;
    store_.quarantine(key(), error.what());
    return {};
  }
}

void CleanupNotes::put(const CleanupNote& note) {
  std::vector<CleanupNote> notes = all();
  const auto known = std::ranges::find_if(
      notes, [&](const CleanupNote& other) { return other.is_same_record(note); });
  if (known == notes.end()) {
    notes.push_back(note);
  } else {
    *known = note;
  }
  write(notes);
}

void CleanupNotes::remove(const CleanupNote& note) {
  std::vector<CleanupNote> notes = all();
  std::erase_if(notes, [&](const CleanupNote& other) { return other.is_same_record(note); });
  write(notes);
}

std::string CleanupNotes::key() const { return "certificates/" + certificate_ + "/cleanup.json"; }

void CleanupNotes::write(const std::vector<CleanupNote>& notes) {
  if (notes.empty()) return store_.remove(key());
  store_.put(key(), to_json_text(notes), Store::Survives::power_cut);
}

std::string to_json_text(const std::vector<CleanupNote>& notes) {
  Json list = Json::array();
  for (const CleanupNote& note : notes) {
    Json object = {{"command", note.command},
                   {"domain", note.domain},
                   {"name", note.name},
                   {"value", note.value}};
    if (!note.zone.empty()) object["zone"] = note.zone;
    if (note.tries > 0) object["tries"] = note.tries;
    if (note.next_try) object["next_try"] = format_rfc3339(*note.next_try);
    list.push_back(std::move(object));
  }
  return to_text({{"records", std::move(list)}});
}

std::vector<CleanupNote> parse_cleanup_notes(std::string_view json) {
  const Json object = parse_json(json, kWhat);
  const auto list = object.is_object() ? object.find("records") : object.end();
  if (list == object.end() || !list->is_array() || list->size() > kMostRecords) {
    throw Error(ErrorCode::protocol, "cleanup.json: \"records\" is not a list of up to 1000");
  }
  std::vector<CleanupNote> notes;
  for (const Json& element : *list) {
    if (!element.is_object()) throw Error(ErrorCode::protocol, "cleanup.json: not a record");
    CleanupNote& note = notes.emplace_back();
    note.command = string_member(element, "command", kWhat);
    note.domain = string_member(element, "domain", kWhat);
    note.name = string_member(element, "name", kWhat);
    note.value = string_member(element, "value", kWhat);
    note.zone = optional_string(element, "zone", kWhat).value_or("");
    note.tries = static_cast<int>(
        std::clamp<std::int64_t>(integer_or(element, "tries", 0, kWhat), 0, kMostTries));
    note.next_try = optional_time(element, "next_try", kWhat);
  }
  return notes;
}

}  // namespace autohttps::acme
