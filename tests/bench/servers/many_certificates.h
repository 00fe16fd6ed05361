// The certificates that make_store makes, as nginx and Caddy take them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace autohttps::bench {

const char* many_name(int number);  // as make_store names them, from 1 on; lives as long as we do

// A server block for each.
std::string nginx_server_blocks(const std::filesystem::path& store, int count, std::uint16_t port);
// Writes chain and key of each into one file in `folder`; the value of Caddy's
// apps.tls.certificates.
std::string caddy_folder(const std::filesystem::path& store, int count,
                         const std::filesystem::path& folder);

}  // namespace autohttps::bench
