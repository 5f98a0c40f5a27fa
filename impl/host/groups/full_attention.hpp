// Full attention, and multi-head latent attention, which allocates and hits alike: every token attends to all before
// it, so a block table has no holes, a hit is a prefix, and nothing is freed before the request is.
#pragma once

#include <algorithm>

#include "impl/host/groups/common_rules.hpp"

namespace kvspec::host {

struct FullAttention : CommonRules<FullAttention> {
  static constexpr bool lists_new_blocks = true;

  // The cached prefix, without the block that EAGLE drops, cut to the alignment. [LOOK-03, LOOK-04]
  static std::size_t find_longest_hit(const Search& search) {
    search.set_length(search.max_blocks);
    const std::size_t found = search.find_run(0, search.max_blocks);
    const std::size_t length = search.cut(found - (search.drops_last && found > 0 ? 1 : 0));
    search.set_length(length);
    return length;
  }

  // Leading blocks that every table of the group shares. [FREE-05]
  static Count common_prefix(const BlockPool& pool, const BlockTable& table, Count num_tables) {
    const auto differs = [&](BlockId b) { return pool.ref_cnt(b) != num_tables; };
    return static_cast<Count>(std::ranges::find_if(table.blocks, differs) - table.blocks.begin());
  }
};

}  // namespace kvspec::host
