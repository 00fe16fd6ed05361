#include <autohttps/tools/autohttps/question.h>

#include <autohttps/common/error.h>

#include <unistd.h>

namespace autohttps::tools {
namespace {

// One line from the terminal: yes, or anything else.
bool agreed() {
  std::string answered;
  char letter = 0;
  while (answered.size() < 10 && ::read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n') {
    answered += letter;
  }
  return answered == "yes" || answered == "y";
}

}  // namespace

void ask_whether(const std::string& what, const std::string& consequence, Output& output) {
  if (::isatty(STDIN_FILENO) == 0) {
    throw Error(ErrorCode::config, what + " needs to be confirmed", "add --yes");
  }
  output.warning(what + ": " + consequence + "; type yes to go on");
  if (!agreed()) {
    throw Error(ErrorCode::canceled, "nothing was changed",
                "run it again and type yes, or add --yes");
  }
}

}  // namespace autohttps::tools
