// XXH3 with 128 bits, from the xxHash library: not a cryptographic hash, and not constexpr. A model that hashes with
// it runs on the host only. [HASH-14]
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

class Xxh3 {
 public:
  KVSPEC_EXEC constexpr void update(std::uint8_t byte) { message_.push_back(static_cast<char>(byte)); }

  // The digest of the bytes so far in the library's canonical form, which is big-endian.
  KVSPEC_CALLS_HOST
  KVSPEC_EXEC Digest finish() const {
    Digest digest{};
#if !KVSPEC_ON_DEVICE
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(message_.data(), message_.size()));
    digest.size = sizeof canonical.digest;
    for (std::size_t i = 0; i < sizeof canonical.digest; ++i) digest.bytes[i] = canonical.digest[i];
#endif
    return digest;
  }

 private:
  std::string message_;
};

}  // namespace kvspec::model
