// What a file is, by the end of its name.
#pragma once

#include <string_view>

namespace autohttps {

// "text/html; charset=utf-8"; application/octet-stream for what is not known, which browsers save.
std::string_view media_type_of(std::string_view file_name) noexcept;

}  // namespace autohttps
