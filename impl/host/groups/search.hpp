// What a look-up asks of the groups of one spec, which are looked up together. [LOOK-11]
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/host/block_pool.hpp"
#include "impl/host/groups/group.hpp"
#include "impl/host/request_table.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

struct Search {
  const BlockPool& pool;
  Request& request;                  // its hits of the members are written
  std::span<const GroupId> members;  // at least one; all of one spec
  const Group& group;                // the first of them
  std::int64_t max_tokens = 0;       // the longest hit allowed
  std::size_t max_blocks = 0;        // of it, full ones
  std::size_t alignment = 1;         // blocks; a hit is a multiple of it
  bool drops_last = false;           // EAGLE [LOOK-04]

  // How many of the `count` blocks from place `first` on every member has cached, up to the first that is missing; the
  // hits have room for them and get them.
  std::size_t find_run(std::size_t first, std::size_t count) const {
    const Hash256* const digests = request.digests.data() + first * group.digests_per_block;
    for (const GroupId g : members) {
      count = pool.index().find_run(digests, count, g, request.hit[g].data() + first);
    }
    return count;
  }
  void set_length(std::size_t num_blocks) const {
    for (const GroupId g : members) request.hit[g].resize(num_blocks);
  }
  // Null blocks at the places below `end`.
  void skip(std::size_t end) const {
    for (const GroupId g : members) std::fill_n(request.hit[g].begin(), end, null_block);
  }

  std::size_t cut(std::size_t num_blocks) const {
    return alignment == 1 ? num_blocks : num_blocks / alignment * alignment;
  }
  // What is left of a hit when its last block is dropped. [LOOK-04]
  std::size_t drop(std::size_t num_blocks) const {
    return drops_last && num_blocks > 0 ? cut(num_blocks - 1) : num_blocks;
  }
};

}  // namespace kvspec::host
