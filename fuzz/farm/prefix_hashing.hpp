// The farm's hashing policy for the model, which writes down instead of hashing: the digest of a block is the whole
// prefix that ends with it, as one number. Its binary digits are a 1 and then two for each token, so that it is
// injective by construction, as SymbolicHashing is, but without a memory: the same prefix has the same digest in any
// order of requests, and in any number of runs beside each other.
//
// It holds prefixes of up to 31 tokens, each 0 to 3, without extra keys. The digest of any other block is 0, which is
// that of no prefix, and so is that of what follows it. The last bits of such a digest mean nothing, so hash_bits
// [HASH-13] is passed over.
#pragma once

#include <cstdint>
#include <span>

#include "fuzz/farm/packed_values.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::fuzz::farm {

template <class S>
class PrefixHashing {
 public:
  // The prefix of no tokens.
  KVSPEC_EXEC Digest none_hash(const Config<S>&) const { return digest_of(1); }

  // [HASH-01]
  KVSPEC_EXEC Digest block(const Config<S>&, const Digest& parent, std::span<const Token> tokens,
                           const ExtraKeys<S>& keys) const {
    std::uint64_t number = keys.empty() ? number_of(parent) : 0;
    for (const Token token : tokens) {
      const bool fits = number >> 62 == 0 && token >= 0 && token < 4;
      number = fits && number != 0 ? number << 2 | static_cast<std::uint64_t>(token) : 0;
    }
    return digest_of(number);
  }

  KVSPEC_EXEC Digest floats(std::span<const float>) const { return digest_of(0); }

  bool operator==(const PrefixHashing&) const = default;
};

}  // namespace kvspec::fuzz::farm
