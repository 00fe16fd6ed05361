#include <autohttps/tools/autohttps/completion.h>

namespace autohttps::tools {
namespace {

std::string fish_quoted(std::string_view text) {
  std::string result = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') result += '\\';
    result += letter;
  }
  return result + "'";
}

std::string words(std::span<const std::string_view> choices) {
  std::string text;
  for (const std::string_view choice : choices) {
    text += (text.empty() ? "" : " ") + std::string(choice);
  }
  return fish_quoted(text);
}

std::string value(const Option& option) {
  if (option.kind == ValueKind::flag) return {};
  if (option.value_name == "DIR") return " -x -a '(__fish_complete_directories)'";
  if (option.value_name == "FILE") return " -r -F";
  return choices(option).empty() ? " -x" : " -x -a " + words(choices(option));
}

std::string after(const std::string& some_verbs) {
  return "complete -c autohttps -n '__fish_seen_subcommand_from " + some_verbs + "'";
}

}  // namespace

std::string fish_completion() {
  std::string text =
      "# fish completion for autohttps, made by `autohttps completion fish`.\n"
      "\n"
      "function __autohttps_certificates\n"
      "    autohttps list 2>/dev/null | string replace -r ' .*' ''\n"
      "end\n"
      "\n"
      "complete -c autohttps -f\n";
  for (const VerbInfo& verb : verbs()) {
    text += "complete -c autohttps -n __fish_use_subcommand -a " + std::string(verb.name) + " -d " +
            fish_quoted(verb.summary) + "\n";
  }
  for (const Option& option : options()) {
    std::string takers;
    for (const VerbInfo& verb : verbs()) {
      if (takes(verb.verb, option)) {
        takers += (takers.empty() ? "" : " ") + std::string(verb.name);
      }
    }
    text += after(takers) + " -l " + std::string(option.name);
    if (option.letter != 0) text += std::string(" -s ") + option.letter;
    text += value(option) + " -d " + fish_quoted(option.help) + "\n";
  }
  for (const VerbInfo& verb : verbs()) {
    if (!operand_choices(verb).empty()) {
      text += after(std::string(verb.name)) + " -a " + words(operand_choices(verb)) + "\n";
    }
    if (names_certificates(verb)) {
      text += after(std::string(verb.name)) + " -a '(__autohttps_certificates)'\n";
    }
  }
  return text;
}

}  // namespace autohttps::tools
