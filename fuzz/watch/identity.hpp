// The identity of a position: 128 bits that stand for everything its KV entry depends on. Two positions of equal
// identity hold equal entries; two of different content have equal identities with a chance of 2^-128, and what that
// would hide is one missed difference. It is made from what a request was given and shares nothing with the hashes that
// a system computes.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace kvspec::fuzz {

inline constexpr std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93U;
  x ^= x >> 29;
  x *= 0x9e3779b97f4a7c15U;
  return x ^ (x >> 32);
}

struct Identity {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  bool operator==(const Identity&) const = default;

  // Of what `this` stands for followed by a word.
  constexpr Identity followed_by(std::uint64_t word) const {
    return {mix64((low ^ word) * 0x9e3779b97f4a7c15U + 1),
            mix64(std::rotl(high, 23) + word * 0xc2b2ae3d27d4eb4fU + 0x165667b19e3779f9U)};
  }
  constexpr Identity followed_by(std::string_view text) const {
    Identity next = followed_by(text.size());
    for (const char c : text) next = next.followed_by(static_cast<unsigned char>(c));
    return next;
  }
};

// 64 bits for any bytes. Keys that fold alike are taken for one: that can hide a difference, with a chance of 2^-64.
template <class Bytes>
std::uint64_t fold_bytes(const Bytes& bytes) {
  std::uint64_t fold = bytes.size();
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    for (std::size_t j = i; j < bytes.size() && j < i + 8; ++j) word = word << 8 | bytes[j];
    fold = mix64((fold ^ word) * 0x9e3779b97f4a7c15U);
  }
  return fold;
}

// The last eight bytes as a big-endian number; shorter bytes as a whole. [EVENT-03]
template <class Bytes>
std::uint64_t last_eight_bytes(const Bytes& bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size() < 8 ? 0 : bytes.size() - 8; i < bytes.size(); ++i) number = number << 8 | bytes[i];
  return number;
}

}  // namespace kvspec::fuzz
