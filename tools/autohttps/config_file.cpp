#include <autohttps/tools/autohttps/config_file.h>

#include <autohttps/acme/store/ca_presets.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/ca_settings.h>
#include <autohttps/tools/autohttps/options.h>
#include <autohttps/tools/autohttps/spelling.h>

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

namespace autohttps::tools {
namespace {

constexpr const char* kSiteKey = "site";
constexpr const char* kCaKey = "ca";
constexpr std::size_t kMostSites = 10'000;    // more is a mistake, and each costs a certificate
constexpr std::size_t kLongestExcerpt = 120;  // of a line, in messages

enum class Where { main_file, site_table, site_file, ca_table };

std::string in_quotes(std::string_view text) { return "\"" + printable(text, 200) + "\""; }

// What a [ca.NAME] table says; the rest is about a certificate, whichever CA it comes from.
constexpr std::array<std::string_view, 9> kOfCa = {"server",  "ca-bundle",    "ca-proxy",
                                                   "limits",  "email",        "agree-tos",
                                                   "eab-kid", "eab-key-file", "eab-algorithm"};

bool belongs(const Option& option, Where where) {
  if (where == Where::ca_table) return std::ranges::count(kOfCa, option.name) > 0;
  switch (option.scope) {
    case Scope::line:
      return false;
    case Scope::program:
      return where == Where::main_file;
    case Scope::every_site:
      return true;
    case Scope::one_site:
      return where != Where::main_file;
  }
  return false;
}

const Option* option_of_key(std::string_view key) {
  const auto has_key = [&](const Option& option) { return config_key(option) == key; };
  const auto found = std::ranges::find_if(options(), has_key);
  return found == options().end() ? nullptr : &*found;
}

// As the flag is spelled, or in capitals.
std::string as_key(std::string_view text) {
  std::string key = to_lower(text);
  std::ranges::replace(key, '-', '_');
  return key;
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

const char* wanted_by(ValueKind kind) {
  switch (kind) {
    case ValueKind::flag:
      return "true or false, without quotes";
    case ValueKind::number:
      return "a number, without quotes";
    case ValueKind::duration:
      return "seconds as a number, or a string such as \"2m\"";
    case ValueKind::list:
      return "a list of strings, as in [\"one\", \"two\"]";
    case ValueKind::text:
      break;
  }
  return "a string in quotes";
}

// A single value as set() takes it; empty when it is not of the kind.
std::optional<std::string> text_of(const toml::node& node, ValueKind kind) {
  const bool takes_number = kind == ValueKind::number || kind == ValueKind::duration;
  if (kind == ValueKind::flag && node.is_boolean()) return *node.value<bool>() ? "true" : "false";
  if (takes_number && node.is_integer()) return std::to_string(*node.value<std::int64_t>());
  if (kind == ValueKind::flag || kind == ValueKind::number || !node.is_string()) return {};
  return node.value<std::string>();
}

class Reader {
 public:
  Reader(const ConfigSource& source, std::vector<ConfigProblem>& problems)
      : source_(source),
        folder_(std::filesystem::path(source.path).parent_path()),
        problems_(problems) {}

  std::optional<toml::table> parse();
  void main_keys(const toml::table&, Settings& global);
  void cas(const toml::table&, Settings& global);
  void sites(const toml::table&, const Settings& global, std::vector<ConfigSite>& sites);
  void site(const toml::table&, Where, const Settings& global, std::vector<ConfigSite>& sites);

 private:
  ConfigPlace place(const toml::source_region& region) const;
  std::string line_of(const ConfigPlace&) const;
  void complain(const toml::source_region&, std::string text, std::string hint = {});
  void unknown(const toml::key&, Where);
  void misplaced(const toml::key&, const Option&, Where);
  void apply(Settings&, const Option&, const toml::node&);
  void ca(const toml::key& name, const toml::table&, Settings& global);
  void set(Settings&, const Option&, const toml::node&);
  void look_at(const Option&, const toml::node&, const std::string& path);

  const ConfigSource& source_;
  const std::filesystem::path folder_;
  std::vector<ConfigProblem>& problems_;
};

ConfigPlace Reader::place(const toml::source_region& region) const {
  return {source_.path, region.begin.line, region.begin.column};
}

std::string Reader::line_of(const ConfigPlace& place) const {
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

void Reader::complain(const toml::source_region& region, std::string text, std::string hint) {
  ConfigProblem& problem = problems_.emplace_back();
  problem.place = place(region);
  problem.text = std::move(text);
  problem.hint = std::move(hint);
  problem.excerpt = line_of(problem.place);
}

std::optional<toml::table> Reader::parse() {
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

void Reader::unknown(const toml::key& key, Where where) {
  const std::string spelled = as_key(key.str());
  const Option* meant = option_of_key(spelled);
  if (meant != nullptr && !belongs(*meant, where)) return misplaced(key, *meant, where);
  std::vector<std::string> names;
  for (const Option& option : options()) {
    if (belongs(option, where)) names.push_back(config_key(option));
  }
  if (where == Where::main_file) names.emplace_back(kSiteKey);
  if (where == Where::main_file && spelled.size() > 1) names.emplace_back(kCaKey);
  const auto near = nearest(spelled, names);
  const char* here = where == Where::main_file  ? ""
                     : where == Where::ca_table ? " of a CA"
                                                : " of a site";
  std::string hint = near ? "did you mean \"" + *near + "\"?" : std::string();
  if (where == Where::site_file && key == kSiteKey) {
    hint = "a file of sites.d is one site: write its keys without a table";
  }
  complain(key.source(), in_quotes(key.str()) + " is not a key" + here, hint);
}

void Reader::misplaced(const toml::key& key, const Option& option, Where where) {
  if (option.scope == Scope::line) {
    return complain(key.source(), in_quotes(key.str()) + " cannot be set in a file",
                    "it is the flag --" + std::string(option.name));
  }
  if (where == Where::ca_table) {
    return complain(key.source(), in_quotes(key.str()) + " is not about a CA",
                    "write it above the first table, or beneath a [[site]] line");
  }
  if (where == Where::main_file) {
    return complain(key.source(), in_quotes(key.str()) + " is about one site",
                    "write it beneath a [[site]] line");
  }
  complain(key.source(), in_quotes(key.str()) + " is about the whole program, not one site",
           where == Where::site_file ? "write it into the main file"
                                     : "write it above the first [[site]] line");
}

void Reader::set(Settings& settings, const Option& option, const toml::node& node) {
  const auto value = text_of(node, option.kind);
  if (!value) {
    return complain(node.source(), config_key(option) + " is " + name_of(node.type()),
                    std::string("it takes ") + wanted_by(option.kind));
  }
  std::string text = *value;
  if (is_path(option) && !text.empty()) text = (folder_ / text).lexically_normal().string();
  try {
    option.set(settings, text);
  } catch (const Error& error) {
    return complain(node.source(), config_key(option) + ": " + error.what(), error.hint());
  }
  if (is_path(option) && source_.look_at_paths) look_at(option, node, text);
}

// What this user may not look into is taken for there.
void Reader::look_at(const Option& option, const toml::node& node, const std::string& path) {
  if (option.name == "store") return;  // is made
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
void Reader::apply(Settings& settings, const Option& option, const toml::node& node) {
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

void Reader::main_keys(const toml::table& table, Settings& global) {
  for (const auto& [key, node] : table) {
    if (key == kSiteKey || key == kCaKey) continue;
    const Option* option = option_of_key(key.str());
    if (option == nullptr) {
      unknown(key, Where::main_file);
    } else if (!belongs(*option, Where::main_file)) {
      misplaced(key, *option, Where::main_file);
    } else {
      apply(global, *option, node);
    }
  }
}

void Reader::cas(const toml::table& table, Settings& global) {
  const toml::node* node = table.get(kCaKey);
  if (node == nullptr) return;
  const toml::table* tables = node->as_table();
  for (const auto& [name, value] : tables != nullptr ? *tables : toml::table()) {
    const toml::table* keys = value.as_table();
    const std::string called(name.str());
    const bool may_be = is_ca_name(called) || acme::find_ca_preset(called) != nullptr;
    if (keys != nullptr && may_be) {
      ca(name, *keys, global);
    } else if (keys != nullptr) {
      complain(name.source(), in_quotes(called) + " cannot be a CA's name",
               "use small letters, digits, \"-\" and \"_\"");
    } else {
      tables = nullptr;
    }
  }
  if (tables != nullptr) return;
  complain(node->source(), "\"ca\" is not a table of CAs",
           "each CA begins with a line [ca.NAME], in one bracket");
}

void Reader::ca(const toml::key& key_of_ca, const toml::table& table, Settings& global) {
  const std::string name(key_of_ca.str());
  Settings said;
  bool agreed = false;
  for (const auto& [key, node] : table) {
    const Option* option = option_of_key(key.str());
    if (option == nullptr) {
      unknown(key, Where::ca_table);
    } else if (!belongs(*option, Where::ca_table)) {
      misplaced(key, *option, Where::ca_table);
    } else {
      set(said, *option, node);
      agreed = agreed || option->name == "agree-tos";
    }
  }
  if (said.server.empty() && acme::find_ca_preset(name) == nullptr) {
    complain(key_of_ca.source(), "the CA " + in_quotes(name) + " has no server",
             "server = \"https://...\", its ACME directory's URL");
  }
  CaSettings& ca = global.cas[name];
  ca = {said.server,  said.ca_bundle,    said.ca_proxy,      said.limits, said.email,
        said.eab_kid, said.eab_key_file, said.eab_algorithm, {}};
  if (agreed) ca.agree_to_terms = said.agree_to_terms;
}

void Reader::sites(const toml::table& table, const Settings& global,
                   std::vector<ConfigSite>& sites) {
  const toml::node* node = table.get(kSiteKey);
  if (node == nullptr) return;
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    return complain(node->source(), "\"site\" is " + std::string(name_of(node->type())),
                    "each site begins with a line [[site]], in two brackets");
  }
  for (const toml::node& element : *list) {
    if (const toml::table* keys = element.as_table()) {
      site(*keys, Where::site_table, global, sites);
    } else {
      complain(element.source(), "a site is " + std::string(name_of(element.type())),
               "each site begins with a line [[site]], in two brackets");
    }
  }
}

void Reader::site(const toml::table& table, Where where, const Settings& global,
                  std::vector<ConfigSite>& sites) {
  if (sites.size() >= kMostSites) {
    return complain(table.source(), "there are more than 10000 sites");
  }
  ConfigSite found{.settings = global, .place = {}, .names_place = {}, .excerpt = {}};
  // What the line says of one site is not said of every site.
  found.settings.names.clear();
  found.settings.name.clear();
  found.settings.root.clear();
  found.settings.reverse_proxy.clear();
  found.settings.redirect_to.clear();
  found.place = found.names_place =
      where == Where::site_file ? ConfigPlace{source_.path, 0, 0} : place(table.source());
  for (const auto& [key, node] : table) {
    const Option* option = option_of_key(key.str());
    if (option == nullptr) {
      unknown(key, where);
    } else if (!belongs(*option, where)) {
      misplaced(key, *option, where);
    } else {
      apply(found.settings, *option, node);
      if (option->values == &Settings::names) found.names_place = place(node.source());
    }
  }
  found.excerpt = line_of(found.names_place);
  sites.push_back(std::move(found));
}

}  // namespace

bool read_main_file(const ConfigSource& source, Settings& global, std::vector<ConfigSite>& sites,
                    std::vector<ConfigProblem>& problems) {
  Reader reader(source, problems);
  const auto table = reader.parse();
  if (!table) return false;
  const std::size_t before = problems.size();
  reader.main_keys(*table, global);
  reader.cas(*table, global);
  const bool sound = problems.size() == before;
  reader.sites(*table, global, sites);
  return sound;
}

void read_site_file(const ConfigSource& source, const Settings& global,
                    std::vector<ConfigSite>& sites, std::vector<ConfigProblem>& problems) {
  Reader reader(source, problems);
  if (const auto table = reader.parse()) reader.site(*table, Where::site_file, global, sites);
}

}  // namespace autohttps::tools
