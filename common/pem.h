// Strict reading of PEM (RFC 7468): what a CA sends is data to be looked at, not to be forgiven.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

// The blocks of a certificate chain, each normalised (64-character lines, final newline). CRLF and
// blank lines between blocks are accepted. Throws Error(crypto) on: any label but CERTIFICATE, text
// or bytes outside the blocks, a BOM, bad base64, an empty chain, more than `most` blocks, more
// than 256 KiB (RFC 8555 7.4.2, 9.1: a chain and nothing else).
std::vector<std::string> split_certificates(std::string_view pem, std::size_t most = 10);

}  // namespace autohttps
