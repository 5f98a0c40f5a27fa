// How much of what the CUDA-backed implementation said came from its parts (cuda_manager.hpp). The coordinator's own
// answers are right too, so that only these numbers, and canaries, show that the parts were asked at all.
#pragma once

#include <cstdint>

namespace kvspec::fuzz {

struct PartsUse {
  std::uint64_t digests = 0;   // answered as the batched hashing made them
  std::uint64_t look_ups = 0;  // answered as the index found them
  std::uint64_t readings = 0;  // of blocks, verified in the pages
  std::uint64_t left_out = 0;  // parts that a configuration went without: they are too large, or hash otherwise

  bool operator==(const PartsUse&) const = default;
};

// Of all managers of this process that are no more.
PartsUse use_of_parts();

}  // namespace kvspec::fuzz
