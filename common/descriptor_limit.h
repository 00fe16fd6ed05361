// How many files and sockets this process may have open at a time.
#pragma once

#include <cstddef>

namespace autohttps {

// Raises the soft limit to the hard one; returns the soft limit as it is afterwards. The usual soft
// limit of 1024 is there for programs that call select(), which we never do. Thread-safe, for the
// whole process; again is harmless.
std::size_t raise_descriptor_limit() noexcept;

// The soft limit that other programs are to start with: ours from before it was raised.
std::size_t inherited_descriptor_limit() noexcept;

// The kernel gives the lowest number that is free: one this high is of the last 64 (of a low limit,
// the last quarter). Those are for what must go on when visitors have taken all others: the store,
// the CA, hooks. What was opened for a visitor and is one of them is to be closed again.
bool is_of_the_last_descriptors(int fd) noexcept;
int first_of_the_last_descriptors() noexcept;  // by the limit as it is now

}  // namespace autohttps
