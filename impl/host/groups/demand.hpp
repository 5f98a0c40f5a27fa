// What an allocation, or its gate, asks of every group, in tokens.
#pragma once

#include <cstdint>

namespace kvspec::host {

struct Demand {
  std::int64_t computed = 0;   // computed before, hit and external
  std::int64_t confirmed = 0;  // computed and new
  std::int64_t slots = 0;      // what the tables must cover, lookahead included [ALLOC-12]
  std::int64_t encoder = 0;    // of the encoder's sequence [ALLOC-17]
  bool external = false;       // whether some of the computed ones are external
};

}  // namespace kvspec::host
