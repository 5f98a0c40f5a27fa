// The capacities of a farm's runs: the smallest in which everything that the traffic does has room, because the states
// of thousands of runs share one memory.
#pragma once

#include <cstddef>

#include "fuzz/farm/packed_list.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz::farm {

inline constexpr std::size_t most_hashes = 12;  // of a request
inline constexpr std::size_t most_tokens = 24;
inline constexpr std::size_t most_requests = 4;

struct Limits {
  static constexpr std::size_t of(Bound bound) {
    switch (bound) {
      case Bound::blocks:
      case Bound::duplicates:
        return 16;
      case Bound::tokens:
        return most_tokens;
      case Bound::hashes:
        return most_hashes;
      case Bound::requests:
        return most_requests;
      case Bound::groups:
        return 3;
      case Bound::events:
      case Bound::items:
      case Bound::keys:
      case Bound::floats:
        return 0;  // the traffic has none
    }
    return 0;
  }
  static constexpr std::size_t text = 2;   // bytes of a request id
  static constexpr std::size_t hash = 16;  // bytes: eight for each hash block that a block spans, two of them at most
};

struct Storage {
  template <class T, Bound bound>
  using list = PackedList<T, Limits::of(bound)>;
  using text = PackedText<Limits::text>;
  using hash = PackedList<std::uint8_t, Limits::hash>;
};

}  // namespace kvspec::fuzz::farm
