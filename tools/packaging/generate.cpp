// Writes what the package installs beside the program and what is made from the program's tables:
//   autohttps_generate FOLDER
#include <autohttps/tools/autohttps/completion.h>
#include <autohttps/tools/autohttps/manual.h>
#include <autohttps/tools/autohttps/packaged_texts.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace {

using namespace autohttps::tools;
namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  if (!stream) throw std::runtime_error("writing " + file.string());
}

void generate(const fs::path& folder) {
  for (const ManualPage& page : manual_pages()) write(folder / "man" / page.file, page.text);
  write(folder / "completion/autohttps", completion_script(Shell::bash));
  write(folder / "completion/_autohttps", completion_script(Shell::zsh));
  write(folder / "completion/autohttps.fish", completion_script(Shell::fish));
  for (const PackagedText text :
       {PackagedText::service, PackagedText::socket, PackagedText::renew_service,
        PackagedText::renew_timer, PackagedText::init_script}) {
    write(folder / "system" / packaged_name(text), packaged_text(text, packaged_defaults()));
  }
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count != 2) throw std::runtime_error("usage: autohttps_generate FOLDER");
    generate(words[1]);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "autohttps_generate: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
