#include <autohttps/tools/autohttps/completion.h>

namespace autohttps::tools {
namespace {

// Inside single quotes, and inside a spec of _arguments or _describe, where `[`, `]` and `:` end
// something.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '\'') {
      result += "'\\''";
      continue;
    }
    if (letter == '[' || letter == ']' || letter == ':' || letter == '\\') result += '\\';
    result += letter;
  }
  return result;
}

std::string words(std::span<const std::string_view> choices) {
  std::string text;
  for (const std::string_view choice : choices) {
    text += (text.empty() ? "(" : " ") + std::string(choice);
  }
  return text + ")";
}

std::string value(const Option& option) {
  if (option.kind == ValueKind::flag) return {};
  const std::string text = ":" + escaped(option.value_name) + ":";
  if (option.value_name == "DIR") return text + "_files -/";
  if (option.value_name == "FILE") return text + "_files";
  return choices(option).empty() ? text : text + words(choices(option));
}

std::string spec(const Option& option) {
  const std::string name = "--" + std::string(option.name);
  const std::string what = "[" + escaped(option.help) + "]" + value(option) + "'";
  const bool repeated = option.kind == ValueKind::list;
  if (option.letter == 0) return "'" + std::string(repeated ? "*" : "") + name + what;
  const std::string letter = std::string("-") + option.letter;
  // Either spelling, described once.
  return (repeated ? "'*'" : "'(" + letter + " " + name + ")'") + "{" + letter + "," + name + "}'" +
         what;
}

std::string operand(const VerbInfo& verb) {
  if (verb.operand.empty()) return {};
  const std::string text = " \\\n        '*:" + escaped(verb.operand) + ":";
  const bool names = names_certificates(verb);
  if (operand_choices(verb).empty()) return text + (names ? "_autohttps_certificates'" : "'");
  const std::string choices = words(operand_choices(verb));
  if (!names) return text + choices + "'";
  return text + "{compadd " + choices.substr(1, choices.size() - 2) + "; _autohttps_certificates}'";
}

}  // namespace

std::string zsh_completion() {
  std::string verbs_text, cases;
  for (const VerbInfo& verb : verbs()) {
    verbs_text += "    '" + std::string(verb.name) + ":" + escaped(verb.summary) + "'\n";
    cases += "    " + std::string(verb.name) + ")\n      _arguments -s";
    for (const Option& option : options()) {
      if (takes(verb.verb, option)) cases += " \\\n        " + spec(option);
    }
    cases += operand(verb) + "\n      ;;\n";
  }
  return "#compdef autohttps\n"
         "# zsh completion for autohttps, made by `autohttps completion zsh`.\n"
         "\n"
         "_autohttps_certificates() {\n"
         "  local -a names\n"
         "  names=(${${(f)\"$($service list 2>/dev/null)\"}%% *})\n"
         "  compadd -a names\n"
         "}\n"
         "\n"
         "_autohttps() {\n"
         "  local -a commands\n"
         "  commands=(\n" +
         verbs_text +
         "  )\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  local verb=$words[2]\n"
         "  shift words\n"
         "  (( CURRENT-- ))\n"
         "  case $verb in\n" +
         cases +
         "    help) _describe command commands ;;\n"
         "  esac\n"
         "}\n"
         "\n"
         "# As a file of $fpath it is run when it is completed with; sourced, it says what it is "
         "for.\n"
         "if [[ $funcstack[1] == _autohttps ]]; then\n"
         "  _autohttps \"$@\"\n"
         "else\n"
         "  compdef _autohttps autohttps\n"
         "fi\n";
}

}  // namespace autohttps::tools
