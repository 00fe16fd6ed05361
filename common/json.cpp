#include <autohttps/common/json.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <limits>
#include <set>

namespace autohttps {
namespace {

constexpr std::size_t kMostDepth = 32;  // RFC 8555's own resources need 5

[[noreturn]] void refuse(std::string_view what, const std::string& cause) {
  throw Error(ErrorCode::protocol, printable(what) + ": " + cause);
}

// Looks on while nlohmann/json parses, and ends it by throwing: nothing deep or doubled is ever
// built.
class Watcher {
 public:
  explicit Watcher(std::string_view what) : what_(what) {}

  bool operator()(nlohmann::json::parse_event_t event, const Json& value) {
    using Event = nlohmann::json::parse_event_t;
    switch (event) {
      case Event::object_start:
      case Event::array_start:
        if (open_.size() == kMostDepth) refuse(what_, "not JSON we accept: nested deeper than 32");
        open_.emplace_back();
        break;
      case Event::object_end:
      case Event::array_end:
        open_.pop_back();
        break;
      case Event::key:
        add_key(value.get_ref<const std::string&>());
        break;
      case Event::value:
        break;
    }
    return true;
  }

 private:
  // RFC 8259 4 leaves a repeated name open: two readers would see two documents.
  void add_key(const std::string& key) {
    if (open_.back().insert(key).second) return;
    refuse(what_, "not JSON we accept: the member \"" + printable(key, 100) + "\" comes twice");
  }

  std::string_view what_;
  std::vector<std::set<std::string>> open_;
};

// "[json.exception.parse_error.101] parse error at line 1, column 1: ..." without its bracket.
std::string reason_of(const nlohmann::json::exception& error) {
  std::string_view text = error.what();
  if (const auto end = text.find("] "); text.starts_with('[') && end != std::string_view::npos) {
    text.remove_prefix(end + 2);
  }
  return printable(text, 200);
}

// The member, or null when it is absent or null.
const Json* find_member(const Json& object, const char* name, std::string_view what) {
  if (!object.is_object())
    refuse(what, "an object is wanted, this is " + std::string(object.type_name()));
  const auto member = object.find(name);
  if (member == object.end() || member->is_null()) return nullptr;
  return &*member;
}

[[noreturn]] void refuse_type(const Json& member, const char* name, std::string_view what,
                              const char* wanted) {
  refuse(what, "\"" + std::string(name) + "\" is " + member.type_name() + ", not " + wanted);
}

}  // namespace

Json parse_json(std::string_view text, std::string_view what, std::size_t most_bytes) {
  if (text.size() > most_bytes) {
    refuse(what, "not JSON we accept: " + std::to_string(text.size()) + " bytes, at most " +
                     std::to_string(most_bytes));
  }
  // nlohmann/json takes a NUL for the end of the text: what follows would go unseen.
  if (text.find('\0') != std::string_view::npos) refuse(what, "not JSON: it has a zero byte");
  Watcher watcher(what);
  try {
    return Json::parse(text.begin(), text.end(),
                       [&](int, nlohmann::json::parse_event_t event, const Json& value) {
                         return watcher(event, value);
                       });
  } catch (const nlohmann::json::exception& error) {
    refuse(what, "not JSON: " + reason_of(error));
  }
}

std::string string_member(const Json& object, const char* name, std::string_view what) {
  auto value = optional_string(object, name, what);
  if (!value) refuse(what, "the member \"" + std::string(name) + "\" is missing");
  return *std::move(value);
}

std::optional<std::string> optional_string(const Json& object, const char* name,
                                           std::string_view what) {
  const Json* member = find_member(object, name, what);
  if (member == nullptr) return std::nullopt;
  if (!member->is_string()) refuse_type(*member, name, what, "a string");
  return member->get<std::string>();
}

std::vector<std::string> string_list(const Json& object, const char* name, std::string_view what) {
  const Json* member = find_member(object, name, what);
  if (member == nullptr) return {};
  if (!member->is_array()) refuse_type(*member, name, what, "a list of strings");
  std::vector<std::string> strings;
  for (const Json& element : *member) {
    if (!element.is_string()) refuse_type(element, name, what, "a string in its list");
    strings.push_back(element.get<std::string>());
  }
  return strings;
}

std::optional<WallTime> optional_time(const Json& object, const char* name, std::string_view what) {
  const auto text = optional_string(object, name, what);
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time)
    refuse(what, "\"" + std::string(name) + "\" is \"" + printable(*text, 100) +
                     "\", not a time of RFC 3339");
  return time;
}

std::int64_t integer_or(const Json& object, const char* name, std::int64_t fallback,
                        std::string_view what) {
  const Json* member = find_member(object, name, what);
  if (member == nullptr) return fallback;
  if (!member->is_number_integer()) refuse_type(*member, name, what, "a whole number");
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (member->is_number_unsigned() && member->get<std::uint64_t>() > kMost) {
    refuse(what, "\"" + std::string(name) + "\" is larger than any count or time can be");
  }
  return member->get<std::int64_t>();
}

bool bool_or(const Json& object, const char* name, bool fallback, std::string_view what) {
  const Json* member = find_member(object, name, what);
  if (member == nullptr) return fallback;
  if (!member->is_boolean()) refuse_type(*member, name, what, "true or false");
  return member->get<bool>();
}

std::string to_text(const Json& json) {
  // Foreign text may have come with broken UTF-8: replaced, for a status file must never fail to be
  // written.
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace autohttps
