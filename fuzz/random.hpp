// The generators' source of numbers: xoshiro256** seeded through splitmix64. Both are written out here, and no standard
// distribution is used, so that one seed gives the same run with every compiler and on every machine.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace kvspec::fuzz {

// One step of splitmix64: advances `state` and returns 64 well-mixed bits of it.
constexpr std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

// The bits of a number, mixed: a hash for small keys.
constexpr std::uint64_t mix(std::uint64_t x) { return splitmix64(x); }

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) word = splitmix64(seed);
  }

  constexpr std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // A number below n, n >= 1. The bias is below 2^-32 * n and of no interest here.
  constexpr std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32); }
  // A number from low to high, both included; low <= high, high - low below 2^32 - 1.
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + below(static_cast<std::uint32_t>(high - low + 1));
  }
  // True `times` times in `out_of`.
  constexpr bool chance(std::uint32_t times, std::uint32_t out_of) { return below(out_of) < times; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace kvspec::fuzz
