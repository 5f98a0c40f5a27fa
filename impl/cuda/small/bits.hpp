// Questions to the bits of a word, the same on the host and on a device.
#pragma once

#include <bit>
#include <cstdint>

#include "spec/execution.hpp"

namespace kvspec::cuda::small {

// The place of the lowest bit that is set. Precondition: one is.
KVSPEC_EXEC constexpr std::uint32_t lowest(std::uint64_t bits) {
#if KVSPEC_ON_DEVICE
  return static_cast<std::uint32_t>(__ffsll(static_cast<long long>(bits))) - 1;
#else
  return static_cast<std::uint32_t>(std::countr_zero(bits));
#endif
}

// The place of the highest bit that is set. Precondition: one is.
KVSPEC_EXEC constexpr std::uint32_t highest(std::uint64_t bits) {
#if KVSPEC_ON_DEVICE
  return 63 - static_cast<std::uint32_t>(__clzll(static_cast<long long>(bits)));
#else
  return 63 - static_cast<std::uint32_t>(std::countl_zero(bits));
#endif
}

// The lowest n bits, n <= 32.
KVSPEC_EXEC constexpr std::uint32_t first_bits(std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{1} << n) - 1);
}

// How many bits are set from the lowest on, without a gap.
KVSPEC_EXEC constexpr std::uint32_t run_from_left(std::uint32_t bits) { return lowest(~std::uint64_t{bits}); }

}  // namespace kvspec::cuda::small
