// The capacities of a farm's runs: the smallest in which everything that the traffic does has room, because the states
// of thousands of runs share one memory.
#pragma once

#include <cstddef>
#include <type_traits>

#include "fuzz/farm/packed_list.hpp"
#include "fuzz/farm/packed_values.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

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
};

struct Storage {
  template <class T, Bound bound>
  using list =
      std::conditional_t<std::is_same_v<T, Digest>, PackedDigests<Limits::of(bound)>, PackedList<T, Limits::of(bound)>>;
  using text = PackedText;
  using hash = PackedHash;
};

}  // namespace kvspec::fuzz::farm
