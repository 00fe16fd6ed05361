#include <autohttps/tools/autohttps/help.h>

namespace autohttps::tools {
namespace {

constexpr std::size_t kWidth = 100;

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

// `text` broken at spaces into lines that begin in column `indent`; the first is under way there.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string result;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column > indent && column + 1 + word.size() > kWidth) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result;
}

// A flag too long for its column has a line of its own.
std::string flag_column(const Option& option, std::size_t width) {
  std::string text = option.letter != 0 ? std::string("  -") + option.letter + ", " : "      ";
  text += "--" + std::string(option.name);
  if (!option.value_name.empty()) text += " " + std::string(option.value_name);
  if (text.size() >= width) return text + "\n" + std::string(width, ' ');
  return padded(std::move(text), width);
}

}  // namespace

std::string overview() {
  std::string text = "autohttps " AUTOHTTPS_VERSION
                     ": certificates that are obtained, renewed and swapped by themselves\n\n"
                     "usage: autohttps COMMAND [DOMAIN or NAME...] [flags]\n\ncommands:\n";
  std::size_t longest = 0;
  for (const VerbInfo& verb : verbs()) longest = std::max(longest, verb.name.size());
  for (const VerbInfo& verb : verbs()) {
    text += "  " + padded(std::string(verb.name), longest + 2) + std::string(verb.summary) + "\n";
  }
  return text +
         "\nexit codes: 0 done or nothing to do; 1 failed; 2 usage; 3 the CA refused or could not\n"
         "validate; 4 later: rate-limited or deferred; 5 this machine: port, permission, disk, "
         "lock;\n"
         "6 some of several failed; with --detailed-exitcode 10 when a certificate changed\n"
         "\nautohttps COMMAND --help shows a command's flags. First steps:\n"
         "  autohttps obtain example.com www.example.com --agree-tos\n"
         "  autohttps serve example.com --agree-tos --root /var/www/html\n";
}

std::string help_text(Verb verb) {
  const VerbInfo& about = info(verb);
  std::string text = "autohttps " + std::string(about.name) + ": " + std::string(about.summary) +
                     "\n\nusage: autohttps " + std::string(about.name);
  if (!about.operand.empty()) text += " " + std::string(about.operand);
  text += " [flags]\n\nflags:\n";
  constexpr std::size_t kColumn = 32;
  for (const Option& option : options()) {
    if (!takes(verb, option)) continue;
    text += flag_column(option, kColumn) + wrapped(option.help, kColumn) + "\n";
  }
  const Option& sample = *find_option("store");
  text += "\nEvery flag is also an environment variable, over which the flag wins: --" +
          std::string(sample.name) + " is " + environment_name(sample) + ".\n";
  return text;
}

}  // namespace autohttps::tools
