// The hash of a block, exactly as the recorded system computes it, and the hashing policy made of it.
//
// A hashing policy is what a model is told to hash with. It has
//   none_hash(config)                            the parent of a first block
//   block(config, parent, tokens, extra keys)    the hash of a block
//   floats(values)                               the digest of prompt-embedding rows
// ExactHashing is the real one; SymbolicHashing (symbolic_hashing.hpp) stands in where bytes do not matter.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "model/hashing/block_content.hpp"
#include "model/hashing/cbor.hpp"
#include "model/hashing/pickle.hpp"
#include "model/hashing/sha256.hpp"
#include "model/hashing/xxh3.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

template <class Hasher, class Value>
KVSPEC_EXEC constexpr Digest digest_of_pickle(const Value& value) {
  Hasher hasher;
  encode_pickle(hasher, value);
  return hasher.finish();
}

template <class Hasher, class Value>
KVSPEC_EXEC constexpr Digest digest_of_cbor(const Value& value) {
  Hasher hasher;
  encode_cbor(hasher, value);
  return hasher.finish();
}

// H: one of the configurable hash functions over an encodable value. A hash function is one case here. [HASH-01]
template <class Value>
KVSPEC_EXEC constexpr Digest hash_value(HashFunction function, const Value& value) {
  switch (function) {
    case HashFunction::sha256:
      return digest_of_pickle<Sha256>(value);  // [HASH-03]
    case HashFunction::sha256_cbor:
      return digest_of_cbor<Sha256>(value);  // [HASH-02]
    case HashFunction::xxhash:
      return digest_of_pickle<Xxh3>(value);  // [HASH-14]
    case HashFunction::xxhash_cbor:
      return digest_of_cbor<Xxh3>(value);  // [HASH-14]
  }
  return Digest{};
}

// The hash of the block that follows the one with hash `parent`. Any number of tokens; no keys stand for None.
// [HASH-01, HASH-06]
template <class S>
KVSPEC_EXEC constexpr Digest hash_block(HashFunction function, const Digest& parent, std::span<const Token> tokens,
                                        const ExtraKeys<S>& keys) {
  return hash_value(function, BlockContent<S>{parent, tokens, keys});
}

// What stands for the parent of a first block: the hash of the seed as a text. [HASH-04]
KVSPEC_EXEC constexpr Digest none_hash_of_seed(HashFunction function, std::string_view seed) {
  return hash_value(function, seed);
}

// The digest of prompt-embedding values: SHA-256 of their bytes as little-endian float32, whatever the hash function
// of blocks is. [HASH-09]
KVSPEC_EXEC constexpr Digest hash_floats(std::span<const float> values) {
  Sha256 sha256;
  for (const float value : values) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) sha256.update(static_cast<std::uint8_t>(bits >> shift));
  }
  return sha256.finish();
}

// The digest with all but its last `bits` bits cleared; its size stays. [HASH-13]
KVSPEC_EXEC constexpr Digest truncate(Digest digest, std::int64_t bits) {
  for (std::size_t i = digest.size; i > 0; --i) {
    if (bits < 8) {
      const unsigned kept = bits > 0 ? (1U << bits) - 1U : 0U;
      digest.bytes[i - 1] = static_cast<std::uint8_t>(digest.bytes[i - 1] & kept);
    }
    bits -= 8;
  }
  return digest;
}

struct ExactHashing {
  template <class S>
  KVSPEC_EXEC constexpr Digest none_hash(const Config<S>& config) const {
    return config.none_hash ? *config.none_hash : none_hash_of_seed(config.hash_fn, "0");
  }
  template <class S>
  KVSPEC_EXEC constexpr Digest block(const Config<S>& config, const Digest& parent, std::span<const Token> tokens,
                                     const ExtraKeys<S>& keys) const {
    const Digest digest = hash_block<S>(config.hash_fn, parent, tokens, keys);
    return config.hash_bits ? truncate(digest, *config.hash_bits) : digest;
  }
  KVSPEC_EXEC constexpr Digest floats(std::span<const float> values) const { return hash_floats(values); }

  bool operator==(const ExactHashing&) const = default;
};

}  // namespace kvspec::model
