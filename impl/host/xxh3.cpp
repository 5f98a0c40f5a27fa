#include "impl/host/xxh3.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace kvspec::host {

Hash256 xxh3_128(Sha256Message& message) {
  XXH128_canonical_t canonical;
  static_assert(sizeof(canonical.digest) == xxh3_digest_size);
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(message.data(), message.size()));
  Hash256 hash{};
  std::memcpy(hash.bytes() + sizeof(Hash256) - xxh3_digest_size, canonical.digest, xxh3_digest_size);
  return hash;
}

}  // namespace kvspec::host
