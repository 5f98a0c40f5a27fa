// Capacities for running a case on the model's fixed-capacity states. Evaluating a case at compile time costs mostly
// the copying of states, so each case asks for no more than it uses.
#pragma once

#include <cstddef>

#include "spec/storage.hpp"

namespace kvspec::seed {

template <std::size_t blocks, std::size_t tokens, std::size_t hashes, std::size_t requests, std::size_t events = 1,
          std::size_t keys = 1, std::size_t items = 1>
struct Limits {
  static constexpr std::size_t of(Bound bound) {
    switch (bound) {
      case Bound::blocks:
        return blocks;
      case Bound::tokens:
        return tokens;
      case Bound::hashes:
        return hashes;
      case Bound::requests:
        return requests;
      case Bound::groups:
        return 2;  // two are named when a look-up asks for two groups
      case Bound::events:
        return events;
      case Bound::items:
        return items;
      case Bound::keys:
        return keys;
      case Bound::duplicates:
        return 2;
      case Bound::floats:
        return 1;
    }
    return 0;
  }
  static constexpr std::size_t text = 18;  // bytes of the longest request id
  static constexpr std::size_t hash = 32;  // bytes
};

}  // namespace kvspec::seed
