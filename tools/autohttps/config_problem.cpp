// How what is wrong in a configuration is told.
#include <autohttps/tools/autohttps/config_file.h>

#include <autohttps/common/strings.h>

#include <algorithm>

namespace autohttps::tools {

std::string place_text(const ConfigPlace& place) {
  std::string text = printable(place.file, 300);
  if (place.line > 0) {
    text += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  }
  return text;
}

std::string headline(const ConfigProblem& problem) {
  return place_text(problem.place) + ": " + problem.text;
}

std::string problem_text(const ConfigProblem& problem) {
  std::string text = headline(problem) + "\n";
  if (!problem.excerpt.empty()) {
    const std::string line = std::to_string(problem.place.line);
    const std::string margin = std::string(line.size(), ' ');
    text += "  " + line + " | " + problem.excerpt + "\n";
    const std::size_t before = std::max<std::size_t>(problem.place.column, 1) - 1;
    if (before <= problem.excerpt.size()) {
      text += "  " + margin + " | " + std::string(before, ' ') + "^\n";
    }
  }
  if (!problem.hint.empty()) text += "  " + problem.hint + "\n";
  return text;
}

}  // namespace autohttps::tools
