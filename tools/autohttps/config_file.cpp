#include <autohttps/tools/autohttps/config_file.h>

#include <autohttps/acme/store/ca_presets.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/ca_settings.h>
#include <autohttps/tools/autohttps/config_keys.h>
#include <autohttps/tools/autohttps/site_contents.h>

#include <optional>
#include <utility>

namespace autohttps::tools {
namespace {

constexpr std::size_t kMostSites = 10'000;  // more is a mistake, and each costs a certificate
constexpr std::size_t kMostPaths = 1'000;   // of a site: each is looked at with each request

std::string in_quotes(std::string_view text) { return "\"" + printable(text, 200) + "\""; }

class Reader : public ConfigKeys {
 public:
  using ConfigKeys::ConfigKeys;

  void main_keys(const toml::table&, Settings& global);
  void cas(const toml::table&, Settings& global);
  void sites(const toml::table&, const Settings& global, std::vector<ConfigSite>& sites);
  void site(const toml::table&, Where, const Settings& global, std::vector<ConfigSite>& sites);

 private:
  void ca(const toml::key& name, const toml::table&, Settings& global);
  void paths(const toml::table&, Settings& site);
  void path(const toml::table&, Settings& site);
};

void Reader::main_keys(const toml::table& table, Settings& global) {
  for (const auto& [key, node] : table) {
    if (key != kSiteKey && key != kCaKey) take(key, node, Where::main_file, global);
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
  clear_contents(found.settings);
  found.place = found.names_place =
      where == Where::site_file ? ConfigPlace{source().path, 0, 0} : place(table.source());
  for (const auto& [key, node] : table) {
    if (key == kPathKey) continue;
    take(key, node, where, found.settings);
    const Option* option = option_of_key(key.str());
    if (option != nullptr && option->values == &Settings::names) {
      found.names_place = place(node.source());
    }
  }
  paths(table, found.settings);
  found.excerpt = line_of(found.names_place);
  sites.push_back(std::move(found));
}

void Reader::paths(const toml::table& table, Settings& site) {
  const toml::node* node = table.get(kPathKey);
  if (node == nullptr) return;
  const char* const hint = "each path begins with a line [[site.path]] (in a site's file [[path]])";
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    return complain(node->source(), "\"path\" is " + std::string(name_of(node->type())), hint);
  }
  for (const toml::node& element : *list) {
    if (const toml::table* keys = element.as_table()) {
      path(*keys, site);
    } else {
      complain(element.source(), "a path is " + std::string(name_of(element.type())), hint);
    }
  }
}

void Reader::path(const toml::table& table, Settings& site) {
  if (site.paths.size() >= kMostPaths) {
    return complain(table.source(), "there are more than 1000 paths");
  }
  Settings found;
  const toml::node* prefix = table.get(kPrefixKey);
  if (prefix == nullptr) {
    complain(table.source(), "this path has no prefix", "prefix = \"/api\"");
  } else if (!prefix->is_string()) {
    complain(prefix->source(), "prefix is " + std::string(name_of(prefix->type())),
             "it takes a string in quotes");
  } else {
    found.prefix = *prefix->value<std::string>();
  }
  for (const auto& [key, node] : table) {
    if (key != kPrefixKey) take(key, node, Where::path_table, found);
  }
  if (prefix != nullptr && prefix->is_string()) site.paths.push_back(std::move(found));
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
