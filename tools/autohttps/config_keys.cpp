#include <autohttps/tools/autohttps/config_keys.h>

#include <autohttps/acme/store/hook_process.h>
#include <autohttps/acme/store/hooks.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/site.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/spelling.h>

#include <algorithm>
#include <array>

namespace autohttps::tools {
namespace {

constexpr std::size_t kLongestExcerpt = 120;  // of a line, in messages

std::string in_quotes(std::string_view text) { return "\"" + printable(text, 200) + "\""; }

// What a [ca.NAME] table says; the rest is about a certificate, whichever CA it comes from.
constexpr std::array<std::string_view, 9> kOfCa = {"server",  "ca-bundle",    "ca-proxy",
                                                   "limits",  "email",        "agree-tos",
                                                   "eab-kid", "eab-key-file", "eab-algorithm"};

// As the flag is spelled, or in capitals.
std::string as_key(std::string_view text) {
  std::string key = to_lower(text);
  std::ranges::replace(key, '-', '_');
  return key;
}

// "none" takes a password away, "-" is a stream.
bool is_no_file(const Option& option, std::string_view text) {
  return (option.name == "basic-auth" && text == kNoBasicAuth) ||
         (option.name == "access-log" && text == "-");
}

bool is_command(const Option& option) {
  return option.name == "dns-hook" || option.name == "pre" || option.name == "deploy" ||
         option.name == "failed";
}

const char* wanted_by(ValueKind kind) {
  switch (kind) {
    case ValueKind::flag:
      return "true or false, without quotes";
    case ValueKind::number:
      return "a number, without quotes";
    case ValueKind::duration:
      return "seconds as a number, or a string such as \"2m\"";
    case ValueKind::size:
      return "MiB as a number, or a string such as \"512K\"";
    case ValueKind::list:
      return "a list of strings, as in [\"one\", \"two\"]";
    case ValueKind::text:
      break;
  }
  return "a string in quotes";
}

// A single value as set() takes it; empty when it is not of the kind.
std::optional<std::string> text_of(const toml::node& node, ValueKind kind) {
  const bool takes_number =
      kind == ValueKind::number || kind == ValueKind::duration || kind == ValueKind::size;
  if (kind == ValueKind::flag && node.is_boolean()) return *node.value<bool>() ? "true" : "false";
  if (takes_number && node.is_integer()) return std::to_string(*node.value<std::int64_t>());
  if (kind == ValueKind::flag || kind == ValueKind::number || !node.is_string()) return {};
  return node.value<std::string>();
}

}  // namespace

bool belongs(const Option& option, Where where) {
  if (where == Where::ca_table) return std::ranges::count(kOfCa, option.name) > 0;
  if (where == Where::path_table) return is_of_path(option);
  switch (option.scope) {
    case Scope::line:
      return false;
    case Scope::program:
      return where == Where::main_file;
    case Scope::every_site:
      return true;
    case Scope::one_site:
      return where != Where::main_file;
    case Scope::one_path:
      return false;
  }
  return false;
}

const Option* option_of_key(std::string_view key) {
  const auto has_key = [&](const Option& option) { return config_key(option) == key; };
  const auto found = std::ranges::find_if(options(), has_key);
  return found == options().end() ? nullptr : &*found;
}

const char* name_of(toml::node_type type) {
  switch (type) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

ConfigPlace ConfigKeys::place(const toml::source_region& region) const {
  return {source_.path, region.begin.line, region.begin.column};
}

std::string ConfigKeys::line_of(const ConfigPlace& place) const {
  std::string_view rest = source_.text;
  for (std::size_t line = 1; line < place.line; ++line) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  std::string_view line = rest.substr(0, rest.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (place.line == 0) return {};
  std::string shown(line);
  std::ranges::replace(shown, '\t', ' ');  // a column each, as toml++ counts
  return printable(shown, kLongestExcerpt);
}

void ConfigKeys::complain(const toml::source_region& region, std::string text, std::string hint) {
  ConfigProblem& problem = problems_.emplace_back();
  problem.place = place(region);
  problem.text = std::move(text);
  problem.hint = std::move(hint);
  problem.excerpt = line_of(problem.place);
}

std::optional<toml::table> ConfigKeys::parse() {
  try {
    return toml::parse(std::string_view(source_.text), std::string_view(source_.path));
  } catch (const toml::parse_error& error) {
    // Its first sentence names a part of the grammar; what counts comes after it.
    std::string_view text = error.description();
    if (text.starts_with("Error while parsing")) text = text.substr(text.find(':') + 1);
    complain(error.source(), "this is not TOML: " + printable(trim(text), 300));
    return std::nullopt;
  }
}

void ConfigKeys::unknown(const toml::key& key, Where where) {
  const std::string spelled = as_key(key.str());
  const Option* meant = option_of_key(spelled);
  if (meant != nullptr && !belongs(*meant, where)) return misplaced(key, *meant, where);
  std::vector<std::string> names;
  for (const Option& option : options()) {
    if (belongs(option, where)) names.push_back(config_key(option));
  }
  if (where == Where::main_file) names.emplace_back(kSiteKey);
  if (where == Where::site_table || where == Where::site_file) names.emplace_back(kPathKey);
  if (where == Where::path_table) names.emplace_back(kPrefixKey);
  if (where == Where::main_file && spelled.size() > 1) names.emplace_back(kCaKey);
  const auto near = nearest(spelled, names);
  const char* here = where == Where::main_file    ? ""
                     : where == Where::ca_table   ? " of a CA"
                     : where == Where::path_table ? " of a path"
                                                  : " of a site";
  std::string hint = near ? "did you mean \"" + *near + "\"?" : std::string();
  if (where == Where::site_file && key == kSiteKey) {
    hint = "a file of sites.d is one site: write its keys without a table";
  }
  if (where == Where::main_file && spelled == kPathKey) {
    hint = "in this file a path begins with a line [[site.path]], beneath its [[site]]";
  }
  complain(key.source(), in_quotes(key.str()) + " is not a key" + here, hint);
}

void ConfigKeys::misplaced(const toml::key& key, const Option& option, Where where) {
  if (option.scope == Scope::line) {
    return complain(key.source(), in_quotes(key.str()) + " cannot be set in a file",
                    option.name == "route" ? "a [[site.path]] table says the same"
                                           : "it is the flag --" + std::string(option.name));
  }
  if (where == Where::ca_table) {
    return complain(key.source(), in_quotes(key.str()) + " is not about a CA",
                    "write it above the first table, or beneath a [[site]] line");
  }
  if (option.scope == Scope::one_path) {
    return complain(key.source(), in_quotes(key.str()) + " is about one path of a site",
                    "write it beneath a [[site.path]] line");
  }
  if (where == Where::path_table) {
    return complain(key.source(), in_quotes(key.str()) + " is not about one path of a site",
                    option.scope == Scope::program ? "write it above the first [[site]] line"
                                                   : "write it above the site's paths");
  }
  if (where == Where::main_file) {
    return complain(key.source(), in_quotes(key.str()) + " is about one site",
                    "write it beneath a [[site]] line");
  }
  complain(key.source(), in_quotes(key.str()) + " is about the whole program, not one site",
           where == Where::site_file ? "write it into the main file"
                                     : "write it above the first [[site]] line");
}

void ConfigKeys::set(Settings& settings, const Option& option, const toml::node& node) {
  // "hsts = true" stands for a year.
  const bool is_word = option.name == "hsts" && node.is_boolean();
  const auto value = text_of(node, is_word ? ValueKind::flag : option.kind);
  if (!value) {
    return complain(node.source(), config_key(option) + " is " + name_of(node.type()),
                    std::string("it takes ") + wanted_by(option.kind));
  }
  std::string text = *value;
  const bool is_file = is_path(option) && !is_no_file(option, text);
  if (is_file && !text.empty()) text = (folder_ / text).lexically_normal().string();
  try {
    option.set(settings, text);
  } catch (const Error& error) {
    return complain(node.source(), config_key(option) + ": " + error.what(), error.hint());
  }
  if (is_file && source_.look_at_paths) look_at(option, node, text);
  if (is_command(option) && source_.look_at_paths && text != kNoHooks) look_for(option, node, text);
}

void ConfigKeys::look_for(const Option& option, const toml::node& node,
                          const std::string& command) {
  try {
    const std::filesystem::path program =
        acme::hook_program(acme::split_command(command).front(), hooks_folder());
    std::error_code ignored;
    if (std::filesystem::status(program, ignored).type() != std::filesystem::file_type::not_found)
      return;
    complain(node.source(),
             config_key(option) + " " + in_quotes(program.string()) + " is not there");
  } catch (const Error& error) {
    complain(node.source(), config_key(option) + ": " + error.what(), error.hint());
  }
}

// What this user may not look into is taken for there.
void ConfigKeys::look_at(const Option& option, const toml::node& node, const std::string& path) {
  if (option.name == "store" || option.name == "access-log") return;  // is made
  std::error_code ignored;
  const std::filesystem::file_type type = std::filesystem::status(path, ignored).type();
  const std::string key = config_key(option) + " " + in_quotes(path);
  const bool wants_folder = option.value_name == "DIR";
  if (type == std::filesystem::file_type::not_found) {
    complain(node.source(), key + " is not there");
  } else if (wants_folder && type == std::filesystem::file_type::regular) {
    complain(node.source(), key + " is a file, not a folder");
  } else if (!wants_folder && type == std::filesystem::file_type::directory) {
    complain(node.source(), key + " is a folder, not a file");
  }
}

// What the line or the environment said stays; a file's value is looked at all the same.
void ConfigKeys::apply(Settings& settings, const Option& option, const toml::node& node) {
  Settings ignored;
  const bool told = option.scope != Scope::one_site && settings.told.contains(option.name);
  Settings& to = told ? ignored : settings;
  if (option.kind != ValueKind::list) {
    set(to, option, node);
  } else {
    (to.*option.values).clear();  // a site's own list, not more of the main file's
    const toml::array* list = node.as_array();
    if (list == nullptr) set(to, option, node);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) set(to, option, (*list)[i]);
  }
  to.written_by[option.name] = source_.owner;
}

void ConfigKeys::take(const toml::key& key, const toml::node& node, Where where,
                      Settings& settings) {
  const Option* option = option_of_key(key.str());
  if (option == nullptr) {
    unknown(key, where);
  } else if (!belongs(*option, where)) {
    misplaced(key, *option, where);
  } else {
    apply(settings, *option, node);
    if (where != Where::main_file) settings.own.insert(option->name);
  }
}

}  // namespace autohttps::tools
