#include <autohttps/tools/autohttps/command_line.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/completion.h>
#include <autohttps/tools/autohttps/spelling.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <memory>

namespace autohttps::tools {
namespace {

using Given = std::map<std::string_view, std::vector<std::string>>;  // option name -> values

std::string in_quotes(std::string_view text) { return "\"" + printable(text, 200) + "\""; }

std::string help_hint(std::optional<Verb> verb) {
  return "autohttps " + (verb ? std::string(info(*verb).name) + " " : std::string()) +
         "--help shows what there is";
}

Error unknown_verb(const std::string& word) {
  std::vector<std::string> names;
  for (const VerbInfo& verb : verbs()) names.emplace_back(verb.name);
  std::string hint = help_hint(std::nullopt);
  if (word.starts_with("-")) {
    hint = "flags come after the command: autohttps obtain example.com " + printable(word, 100);
  } else if (const auto near = nearest(word, names)) {
    hint = "did you mean \"" + *near + "\"?";
  } else if (word.find('.') != std::string::npos) {
    hint = "autohttps obtain " + printable(word, 200) + " gets a certificate for it";
  }
  return Error(ErrorCode::config, in_quotes(word) + " is not a command", hint);
}

Error unknown_flag(Verb verb, const std::string& word) {
  const std::string text =
      in_quotes(word) + " is not a flag of \"" + std::string(info(verb).name) + "\"";
  const std::string bare = word.substr(std::min(word.find_first_not_of('-'), word.size()));
  const std::string name = bare.substr(0, bare.find('='));
  if (const Option* other = find_option(name)) {
    std::string others;
    for (const VerbInfo& candidate : verbs()) {
      if (!takes(candidate.verb, *other)) continue;
      others += (others.empty() ? "" : ", ") + std::string(candidate.name);
    }
    return Error(ErrorCode::config, text, "it belongs to: " + others);
  }
  std::vector<std::string> names;
  for (const Option& option : options()) {
    if (takes(verb, option)) names.emplace_back(option.name);
  }
  const auto near = nearest(name, names);
  return Error(ErrorCode::config, text,
               near ? "did you mean \"--" + *near + "\"?" : help_hint(verb));
}

std::string flag_names(const Option& option) {
  std::string names = "--" + std::string(option.name);
  if (option.letter != 0) names += std::string(",-") + option.letter;
  return names;
}

// CLI11 splits the line; what the values mean is the table's business.
Given split_line(Verb verb, std::vector<std::string> words, std::vector<std::string>& operands) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::map<std::string_view, CLI::Option*> added;
  std::map<std::string_view, std::vector<std::string>> values;
  for (const Option& option : options()) {
    if (!takes(verb, option)) continue;
    added[option.name] =
        option.kind == ValueKind::flag
            ? app.add_flag(flag_names(option))
            : app.add_option(flag_names(option), values[option.name])->allow_extra_args(false);
  }
  app.add_option("names", operands);
  std::ranges::reverse(words);  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();  // "--http-port: 1 required TEXT missing"
    throw Error(ErrorCode::config, printable(text.substr(0, text.find(':'))) + " needs a value",
                help_hint(verb));
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::config, printable(error.what()), help_hint(verb));
  }
  // CLI11's versions differ in what they leave over and what they take for a name; no name begins
  // so.
  for (const auto& words_left : {app.remaining(), operands}) {
    for (const std::string& word : words_left) {
      if (word.starts_with("-")) throw unknown_flag(verb, word);
    }
  }
  Given given;
  for (const auto& [name, option] : added) {
    if (option->count() > 0) given[name] = option->results();
  }
  return given;
}

void apply(Settings& settings, const Option& option, const std::string& value,
           const std::string& source) {
  try {
    option.set(settings, value);
  } catch (const Error& error) {
    throw Error(ErrorCode::config, source + ": " + error.what(), error.hint());
  }
}

// `renew` wishes for the certificates of sites as `serve` does, and so has the same variables.
bool reads_variable(Verb verb, const Option& option) {
  if (option.name == "help") return false;
  return takes(verb, option) || (verb == Verb::renew && option.scope == Scope::every_site);
}

void apply_all(Settings& settings, Verb verb, const Given& given, const Environment& environment) {
  for (const Option& option : options()) {
    const auto found = given.find(option.name);
    if (found != given.end()) {
      for (const std::string& value : found->second) {
        apply(settings, option, value, "--" + std::string(option.name));
      }
      settings.told.insert(option.name);
      continue;
    }
    if (!reads_variable(verb, option)) continue;
    const std::string name = environment_name(option);
    // Names on the line replace those of the environment, as any flag does.
    if (option.name == "domain" && !settings.names.empty()) continue;
    if (const char* value = environment(name.c_str()); value != nullptr && *value != '\0') {
      apply(settings, option, value, name);
      settings.told.insert(option.name);
    }
  }
}

void check_what_to_do(const std::vector<std::string>& words) {
  if (words.size() == 1 && words.front() == "check") return;
  throw Error(ErrorCode::config,
              words.empty() ? "\"config\" needs to be told what to do"
                            : "\"config\" knows no " + in_quotes(words.front()),
              "autohttps config check");
}

void check_shell(const std::vector<std::string>& words) {
  if (words.size() == 1 && find_shell(words.front())) return;
  throw Error(ErrorCode::config,
              words.size() == 1 ? "there is no completion for " + in_quotes(words.front())
                                : "\"completion\" needs to be told for which shell",
              "autohttps completion bash; or zsh, or fish");
}

void check(Verb verb, const Settings& settings) {
  const VerbInfo& about = info(verb);
  if (settings.help) return;
  if (verb == Verb::config) return check_what_to_do(settings.names);
  if (verb == Verb::completion) return check_shell(settings.names);
  // They say themselves what they need.
  if (verb == Verb::hook || verb == Verb::dns_persist || verb == Verb::account) return;
  if (about.operand.empty() && !settings.names.empty()) {
    throw Error(ErrorCode::config,
                "\"" + std::string(about.name) + "\" takes no names, but was given " +
                    in_quotes(settings.names.front()),
                help_hint(verb));
  }
  const bool brings_names = verb == Verb::obtain && !settings.csr.empty();
  if (!about.operand.empty() && !about.operand.starts_with("[") && settings.names.empty() &&
      !brings_names) {
    const std::string sample = about.operand.starts_with("DOMAIN") ? "example.com" : "NAME";
    throw Error(ErrorCode::config,
                "\"" + std::string(about.name) + "\" needs to be told for which " +
                    (sample == "NAME" ? "certificate" : "domains"),
                "autohttps " + std::string(about.name) + " " + sample +
                    (sample == "NAME" ? "; autohttps list shows the names" : ""));
  }
  if (takes(verb, *find_option("server")) && settings.staging && !settings.server.empty()) {
    throw Error(ErrorCode::config, "--staging and --server name two different CAs",
                "give one of them: --staging is Let's Encrypt's test CA");
  }
}

}  // namespace

Command parse_command_line(const std::vector<std::string>& arguments,
                           const Environment& environment) {
  Command command;
  std::vector<std::string> words = arguments;
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    if (!words.empty()) words = {words.front(), "--help"};
  }
  if (words.empty() || words.front() == "--help" || words.front() == "-h") {
    command.settings.help = true;
    return command;
  }
  if (words.front() == "--version" || words.front() == "-V") words.front() = "version";
  command.verb = find_verb(words.front());
  if (!command.verb) throw unknown_verb(words.front());
  words.erase(words.begin());

  const Given given = split_line(*command.verb, std::move(words), command.settings.names);
  apply_all(command.settings, *command.verb, given, environment);
  check(*command.verb, command.settings);
  return command;
}

}  // namespace autohttps::tools
