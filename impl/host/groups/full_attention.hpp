// Full attention, and multi-head latent attention, which allocates and hits alike: every token attends to all before
// it, so a block table has no holes, a hit is a prefix, and nothing is freed before the request is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/host/block_pool.hpp"
#include "impl/host/request_table.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

struct FullAttention {
  // Whether blocks this kind allocates are listed for take_new_block_ids. [ALLOC-15]
  static constexpr bool lists_new_blocks = true;

  // What a look-up asks of a group.
  struct Search {
    GroupId group = 0;
    std::size_t digests_per_block = 1;
    std::size_t max_blocks = 0;  // the longest hit allowed [LOOK-01]
    bool drop_last = false;      // EAGLE [LOOK-04]
  };

  // The cached prefix of the request, in out; its memory is reused. [LOOK-03]
  static void find_longest_hit(const BlockPool& pool, std::span<const Hash256> digests, const Search& search,
                               std::vector<BlockId>& out) {
    const std::size_t most = std::min(search.max_blocks, digests.size() / search.digests_per_block);
    out.resize(most);
    std::size_t length = pool.index().find_run(digests.data(), most, search.group, out.data());
    if (search.drop_last && length > 0) --length;
    out.resize(length);
  }

  // Hits that leave the free queue when they are touched, and so count against the free blocks. [ALLOC-08]
  static std::int64_t hits_to_reclaim(const BlockPool& pool, std::span<const BlockId> hits) {
    std::int64_t count = 0;
    for (const BlockId b : hits) count += pool.ref_cnt(b) == 0 ? 1 : 0;
    return count;
  }

  // Free blocks used up when the table grows to `required` blocks. [ALLOC-08]
  static std::int64_t blocks_needed(const BlockTable& table, std::int64_t required, std::size_t num_hits,
                                    std::int64_t hits_to_reclaim) {
    const std::int64_t held = static_cast<std::int64_t>(table.blocks.size());
    if (table.cached) return std::max<std::int64_t>(required - held, 0);
    return std::max<std::int64_t>(required - held - static_cast<std::int64_t>(num_hits), 0) + hits_to_reclaim;
  }

  // Leading blocks that every table of the group shares. [FREE-05]
  static Count common_prefix(const BlockPool& pool, const BlockTable& table, Count num_tables) {
    const auto differs = [&](BlockId b) { return pool.ref_cnt(b) != num_tables; };
    return static_cast<Count>(std::ranges::find_if(table.blocks, differs) - table.blocks.begin());
  }
};

}  // namespace kvspec::host
