// A hashing policy that numbers what it sees: the n-th distinct triple (parent, tokens, keys) has the digest n. It is
// injective by construction, so that nothing explored or proved with it rests on SHA-256, and it hashes nothing, so
// that it is quick where blocks are few. With hash_bits the numbers are truncated as digests are, and then collide.
//
// The policy is a value with a memory: the same triples in another order have other digests. Two runs agree only if
// they number alike, and digests must not leave the model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/hashing/block_hash.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

template <class S>
class SymbolicHashing {
 public:
  // Zero, which is the number of no triple: numbers start at 1.
  KVSPEC_EXEC constexpr Digest none_hash(const Config<S>&) const { return Digest{}; }

  // The number of the triple. A storage policy that allocates nothing may have no room for another triple; from then
  // on new ones have their exact digest, which is no small number, so that digests stay distinct. [HASH-01, HASH-13]
  KVSPEC_EXEC constexpr Digest block(const Config<S>& config, const Digest& parent, std::span<const Token> tokens,
                                     const ExtraKeys<S>& keys) {
    std::size_t index = 0;
    while (index < seen_.size() && !seen_[index].is(parent, tokens, keys)) ++index;
    if (index == seen_.size()) seen_.push_back({TokenList<S>(tokens.begin(), tokens.end()), keys, parent});
    const bool recorded = index < seen_.size();
    const Digest digest =
        recorded ? numbered(index + 1) : hash_block<S>(HashFunction::sha256_cbor, parent, tokens, keys);
    return config.hash_bits ? truncate(digest, *config.hash_bits) : digest;
  }

  // Exact: which rows are equal must not depend on how floats compare.
  KVSPEC_EXEC constexpr Digest floats(std::span<const float> values) const { return hash_floats(values); }

  // Distinct triples recorded so far.
  KVSPEC_EXEC constexpr std::size_t size() const { return seen_.size(); }

  bool operator==(const SymbolicHashing&) const = default;

 private:
  struct Seen {
    TokenList<S> tokens{};
    ExtraKeys<S> keys{};
    Digest parent{};

    KVSPEC_EXEC constexpr bool is(const Digest& other_parent, std::span<const Token> other_tokens,
                                  const ExtraKeys<S>& other_keys) const {
      if (tokens.size() != other_tokens.size()) return false;
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i] != other_tokens[i]) return false;
      }
      return parent == other_parent && keys == other_keys;
    }
    bool operator==(const Seen&) const = default;
  };

  // A number as the last eight bytes of a digest, big-endian.
  static KVSPEC_EXEC constexpr Digest numbered(std::uint64_t number) {
    Digest digest{};
    for (std::size_t i = 0; i < 8; ++i) digest.bytes[31 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return digest;
  }

  typename S::template list<Seen, Bound::hashes> seen_{};
};

}  // namespace kvspec::model
