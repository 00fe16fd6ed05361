#include <autohttps/tests/support/paths.h>

namespace autohttps {

// Both from tests/CMakeLists.txt.
std::filesystem::path source_folder() { return AUTOHTTPS_SOURCE_FOLDER; }
std::filesystem::path autohttps_program() { return AUTOHTTPS_PROGRAM; }

}  // namespace autohttps
