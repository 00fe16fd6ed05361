// Where the tests find the sources and the program.
#pragma once

#include <filesystem>

namespace autohttps {

std::filesystem::path source_folder();      // the root of the source tree
std::filesystem::path autohttps_program();  // build/.../autohttps, of the same build as the test

}  // namespace autohttps
