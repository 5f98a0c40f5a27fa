// Numbers that are drawn by their place: what is drawn for a run at a beat follows from the seed, the run and the beat
// alone, so that any thread anywhere can repeat it.
#pragma once

#include <cstdint>

#include "fuzz/random.hpp"
#include "spec/execution.hpp"

namespace kvspec::fuzz::farm {

class Draw {
 public:
  KVSPEC_EXEC constexpr Draw(std::uint64_t seed, std::uint64_t run, std::uint64_t beat)
      : state_(mix(mix(seed ^ run * 0xd1342543de82ef95U) + beat)) {}

  // A number below n, n >= 1.
  KVSPEC_EXEC constexpr std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>(((splitmix64(state_) >> 32) * n) >> 32);
  }
  // From low to high, both included; low <= high.
  KVSPEC_EXEC constexpr std::uint32_t between(std::uint32_t low, std::uint32_t high) {
    return low + below(high - low + 1);
  }
  // True `times` times in `out_of`.
  KVSPEC_EXEC constexpr bool chance(std::uint32_t times, std::uint32_t out_of) { return below(out_of) < times; }

 private:
  std::uint64_t state_;
};

}  // namespace kvspec::fuzz::farm
