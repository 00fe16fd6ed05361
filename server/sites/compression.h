// Which answers are compressed, and what their fields say then.
#pragma once

#include <autohttps/server/sites/answer.h>

#include <cstdint>

namespace autohttps {

// Shorter than this, what is saved is less than what the fields for it cost.
inline constexpr std::uint64_t kLeastToCompress = 1024;

// Puts a whole answer (200, or a failure's page) into the gzip coding where the client takes it and
// it is worth it: text and its like, not short, not encoded already, not forbidden to (RFC 9111
// 5.2.2.6, no-transform). A strong ETag becomes a weak one: of bytes that are the same at each
// request nobody can be sure then (RFC 9110 8.8.1). All that depends on the client says so (Vary).
void compress(const HeadView&, Answer&);

}  // namespace autohttps
