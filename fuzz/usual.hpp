// What sessions do that are told nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace kvspec::fuzz {

inline constexpr double usual_seconds = 10;
// A non-theorem is shrunk while others wait to be found.
inline constexpr std::size_t replays_of_non_theorem = 20000;

inline std::uint64_t random_seed() {
  std::random_device device;
  return device();  // 32 bits: short enough to be typed
}

}  // namespace kvspec::fuzz
