#include <autohttps/tools/autohttps/completion.h>

namespace autohttps::tools {
namespace {

// Names of verbs and flags and the choices are letters, digits and dashes: no quoting is needed.
std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    text += (text.empty() ? "" : " ") + std::string(word);
  }
  return text;
}

std::string pattern(const Option& option) {
  std::string text = "--" + std::string(option.name);
  if (option.letter != 0) text += std::string(" | -") + option.letter;
  return text;
}

std::string flags_of(Verb verb) {
  std::string text;
  for (const Option& option : options()) {
    if (takes(verb, option)) text += (text.empty() ? "--" : " --") + std::string(option.name);
  }
  return text;
}

// A value's completion, for the flag before it.
std::string value_cases() {
  std::string text;
  for (const Option& option : options()) {
    if (option.kind == ValueKind::flag) continue;
    text += "    " + pattern(option) + ") ";
    if (option.value_name == "DIR") {
      text += "_autohttps_paths -d; ";
    } else if (option.value_name == "FILE") {
      text += "_autohttps_paths -f; ";
    } else if (!choices(option).empty()) {
      text += "_autohttps_words '" + joined(choices(option)) + "'; ";
    }
    text += "return ;;\n";
  }
  return text;
}

std::string verb_cases() {
  std::string text;
  for (const VerbInfo& verb : verbs()) {
    text += "    " + std::string(verb.name) + ") flags='" + flags_of(verb.verb) + "'";
    if (!operand_choices(verb).empty()) {
      text += " operands='" + joined(operand_choices(verb)) + "'";
    }
    if (names_certificates(verb)) {
      text += " names=yes";
    }
    text += " ;;\n";
  }
  return text;
}

std::string verb_names() {
  std::string text;
  for (const VerbInfo& verb : verbs()) text += std::string(verb.name) + " ";
  return text + "help";
}

}  // namespace

std::string bash_completion() {
  return "# bash completion for autohttps, made by `autohttps completion bash`.\n"
         "\n"
         "_autohttps_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\"); }\n"
         "\n"
         "_autohttps_paths() {\n"
         "  compopt -o filenames 2>/dev/null || :\n"
         "  mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$current\")\n"
         "}\n"
         "\n"
         "# Their names are the first word of each line; nothing where the store is not ours.\n"
         "# compgen expands words as a shell does: one that is no name is left out.\n"
         "_autohttps_certificates() {\n"
         "  local name rest\n"
         "  while read -r name rest; do\n"
         "    [[ $name == *[!A-Za-z0-9._-]* ]] || echo \"$name\"\n"
         "  done < <(\"${COMP_WORDS[0]}\" list 2>/dev/null)\n"
         "}\n"
         "\n"
         "_autohttps() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "  local flags='' operands='' names=''\n"
         "  COMPREPLY=()\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    _autohttps_words '" +
         verb_names() +
         " --help --version'\n"
         "    return\n"
         "  fi\n"
         "  # --flag=value comes as three words.\n"
         "  if [[ $current == = ]]; then\n"
         "    current=''\n"
         "  elif [[ $previous == = ]] && ((COMP_CWORD > 2)); then\n"
         "    previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "  fi\n"
         "  case $previous in\n" +
         value_cases() +
         "  esac\n"
         "  case ${COMP_WORDS[1]} in\n" +
         verb_cases() + "    help) operands='" + verb_names() +
         "' ;;\n"
         "  esac\n"
         "  if [[ $current == -* ]]; then\n"
         "    operands=$flags\n"
         "  elif [[ -n $names ]]; then\n"
         "    operands+=\" $(_autohttps_certificates)\"\n"
         "  fi\n"
         "  _autohttps_words \"$operands\"\n"
         "}\n"
         "\n"
         "complete -F _autohttps autohttps\n";
}

}  // namespace autohttps::tools
