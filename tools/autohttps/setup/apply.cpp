#include <autohttps/tools/autohttps/setup/apply.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/setup/places.h>

namespace autohttps::tools {
namespace {

// A service's last words are at the end.
std::string last_words(const std::string& output) {
  constexpr std::size_t kMost = 600;
  std::string_view text = output;
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() > kMost) text.remove_prefix(text.size() - kMost);
  std::string line;
  for (const std::string_view part : split(text, '\n')) {
    line += (line.empty() ? "" : "; ") + printable(trim(part), kMost);
  }
  return line;
}

void run(const Change& change, Machine& machine) {
  const CommandResult result = machine.run(change.command);
  if (result.exit_code == 0) return;
  std::string words;
  for (const std::string& word : change.command) words += (words.empty() ? "" : " ") + word;
  const std::string said = last_words(result.output);
  const bool is_service = change.command.front() == kInitScript;
  throw Error(
      ErrorCode::hook,
      "\"" + words + "\" failed" +
          (result.exit_code >= 0 ? " (exit " + std::to_string(result.exit_code) + ")" : "") +
          (said.empty() ? "" : ": " + said),
      "put that right and say the same again: what is done already stays done" +
          (is_service ? std::string("; more of it may be in ") + kServiceLog : std::string()));
}

}  // namespace

void apply(const std::vector<Change>& changes, Machine& machine, Output& output) {
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::certificate) continue;
    output.step(change.what);
    switch (change.kind) {
      case Change::Kind::certificate:
        break;
      case Change::Kind::write:
        machine.write(change.path, change.text, change.mode);
        break;
      case Change::Kind::remove:
        machine.remove(change.path);
        break;
      case Change::Kind::remove_folder:
        machine.remove_folder(change.path);
        break;
      case Change::Kind::run:
        run(change, machine);
        break;
    }
  }
}

}  // namespace autohttps::tools
