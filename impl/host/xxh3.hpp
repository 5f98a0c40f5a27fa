// XXH3 with 128 bits, from the xxHash library: fast, but not safe against prompts made to collide. [HASH-14]
#pragma once

#include <cstddef>

#include "impl/host/hash256.hpp"
#include "impl/host/sha256.hpp"

namespace kvspec::host {

inline constexpr std::size_t xxh3_digest_size = 16;  // bytes

// The hash of the message's bytes in the library's canonical form, which is big-endian; the message is not padded.
Hash256 xxh3_128(Sha256Message& message);

}  // namespace kvspec::host
