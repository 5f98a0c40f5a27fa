// A digest as the implementation stores it: four aligned words, which are compared without a loop and are, being the
// output of SHA-256, their own hash value.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "spec/vocabulary.hpp"

namespace kvspec::host {

// The 32 bytes of a digest in their order; shorter digests are followed by zeroes.
struct alignas(32) Hash256 {
  std::array<std::uint64_t, 4> words{};

  bool operator==(const Hash256& other) const {
    return ((words[0] ^ other.words[0]) | (words[1] ^ other.words[1]) | (words[2] ^ other.words[2]) |
            (words[3] ^ other.words[3])) == 0;
  }
  const std::uint8_t* bytes() const { return reinterpret_cast<const std::uint8_t*>(words.data()); }
  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(words.data()); }
};
static_assert(sizeof(Hash256) == 32);

inline Digest to_digest(const Hash256& hash) {
  Digest digest{};
  std::memcpy(digest.bytes.data(), hash.bytes(), sizeof(Hash256));
  return digest;
}

// The bytes of consecutive digests: the hash of a block that spans several. [HASH-10]
inline std::span<const std::uint8_t> concatenation(std::span<const Hash256> digests) {
  return {reinterpret_cast<const std::uint8_t*>(digests.data()), digests.size_bytes()};
}

}  // namespace kvspec::host
