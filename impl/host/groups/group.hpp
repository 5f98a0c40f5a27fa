// One group of layers that share block tables: what the configuration says of it, and its share of the state. The
// rules of its kind are in a file of their own; kinds.hpp lists them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "impl/host/groups/cache_mask.hpp"
#include "impl/host/key_set.hpp"
#include "spec/config.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

struct Group {
  static constexpr std::int64_t no_cap = std::numeric_limits<std::int64_t>::max();

  GroupId id = 0;
  Count num_tables = 0;                 // block tables, empty ones included [FREE-05, FREE-06]
  std::int64_t block_size = 1;          // tokens, context parallelism included [ALLOC-14]
  std::size_t digests_per_block = 1;    // block_size / hash block size [HASH-10]
  bool is_eagle = false;                // [LOOK-04]
  std::int64_t window = 0;              // tokens, of a sliding-window group
  std::int64_t run = 0;                 // blocks that the token after a hit reads [LOOK-07]
  std::int64_t chunk = 0;               // tokens, of a chunked group
  std::int64_t num_speculative = 0;     // blocks, of a state-space group
  std::int64_t admission_cap = no_cap;  // blocks [ALLOC-16]
  CacheMask mask{};                     // of a sliding-window group
  KeySet cached_this_step{};            // of a state-space group [MAMBA-02]
  GroupSpec spec{};

  // Full blocks in a number of tokens, and blocks that cover it: tokens < 2^32, and covered ones < 2^31. Block sizes
  // are at most 2^20, so 32 bits suffice, in which dividing takes half as long.
  std::int64_t blocks_in(std::int64_t num_tokens) const {
    return static_cast<std::uint32_t>(num_tokens) / static_cast<std::uint32_t>(block_size);
  }
  std::int64_t blocks_covering(std::int64_t num_tokens) const { return blocks_in(num_tokens + block_size - 1); }
};

}  // namespace kvspec::host
