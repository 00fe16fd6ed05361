#include <autohttps/tools/autohttps/setup/question.h>

#include <autohttps/common/strings.h>

#include <unistd.h>

namespace autohttps::tools {

bool can_ask() { return ::isatty(STDIN_FILENO) != 0; }

bool agreed(const std::string& question, bool otherwise, Output& output) {
  constexpr std::size_t kLongest = 100;
  output.step(question + (otherwise ? " [Y/n]" : " [y/N]"));
  std::string line;
  char letter = 0;
  while (line.size() < kLongest && ::read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n') {
    line += letter;
  }
  if (letter != '\n') return false;  // the end of the input, not Enter
  const std::string answer = to_lower(trim(line));
  return answer.empty() ? otherwise : answer == "y" || answer == "yes";
}

}  // namespace autohttps::tools
