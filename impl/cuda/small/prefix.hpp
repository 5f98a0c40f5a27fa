// What a request holds, and what a block is findable under, as one word each.
//
// A token is one of four, two bits. The first n tokens are the number whose binary digits are a 1 and then the tokens,
// the first token first:
//
//     tokens 2, 0, 3      1 10 00 11
//
// The 1 says where the tokens begin, so two prefixes of any lengths are equal exactly if the words are. That makes the
// word a hash of the prefix, and of every block that ends with it, which collides with no other: nothing need be
// hashed and no chain be kept. The hash of any earlier block of the same request is the word shifted right.
#pragma once

#include <cstdint>

#include "impl/cuda/small/bits.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda::small {

inline constexpr std::uint32_t bits_per_token = 2;
inline constexpr Token num_token_values = 4;
inline constexpr std::uint32_t most_tokens = 31;  // and the 1 before them

class Prefix {
 public:
  KVSPEC_EXEC constexpr std::uint64_t word() const { return word_; }
  KVSPEC_EXEC constexpr std::uint32_t num_tokens() const { return highest(word_) / bits_per_token; }
  bool operator==(const Prefix&) const = default;

  KVSPEC_EXEC constexpr void append(Token token) {
    word_ = word_ << bits_per_token | static_cast<std::uint64_t>(token);
  }
  // The first n tokens. Precondition: there are as many.
  KVSPEC_EXEC constexpr Prefix first(std::uint32_t n) const {
    Prefix prefix{};
    prefix.word_ = word_ >> (bits_per_token * (num_tokens() - n));
    return prefix;
  }

 private:
  std::uint64_t word_ = 1;
};

}  // namespace kvspec::cuda::small
