// Capacities for running a case on the model's fixed-capacity states. Evaluating a case at compile time costs mostly
// the copying of states, so each case asks for no more than it uses.
#pragma once

#include <cstddef>

#include "spec/storage.hpp"

namespace kvspec::seed {

// One number per list of spec/storage.hpp, and the lengths of texts and hashes.
struct Capacities {
  std::size_t blocks = 1;
  std::size_t tokens = 1;
  std::size_t hashes = 1;    // of a request; with symbolic hashing, of all requests together
  std::size_t requests = 1;  // live at a time
  std::size_t groups = 2;    // two are named when a look-up asks for two groups
  std::size_t events = 1;
  std::size_t items = 1;
  std::size_t keys = 1;
  std::size_t duplicates = 2;
  std::size_t text = 18;  // bytes of the longest request id
  std::size_t hash = 32;  // bytes: 32 for each hash block that a block spans
};

template <Capacities capacities>
struct Limits {
  static constexpr std::size_t of(Bound bound) {
    switch (bound) {
      case Bound::blocks:
        return capacities.blocks;
      case Bound::tokens:
        return capacities.tokens;
      case Bound::hashes:
        return capacities.hashes;
      case Bound::requests:
        return capacities.requests;
      case Bound::groups:
        return capacities.groups;
      case Bound::events:
        return capacities.events;
      case Bound::items:
        return capacities.items;
      case Bound::keys:
        return capacities.keys;
      case Bound::duplicates:
        return capacities.duplicates;
      case Bound::floats:
        return 1;
    }
    return 0;
  }
  static constexpr std::size_t text = capacities.text;
  static constexpr std::size_t hash = capacities.hash;
};

}  // namespace kvspec::seed
