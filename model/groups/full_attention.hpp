// Full attention, and MLA, which allocates and hits alike: every block is read until the request ends.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/groups/common.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

struct FullAttention : CommonRules<FullAttention> {
  static constexpr bool lists_new_blocks = true;  // [ALLOC-15]

  // The longest run of cached blocks from the left. [LOOK-03, LOOK-04]
  template <class S>
  static KVSPEC_EXEC constexpr BlockTables<S> find_longest_hit(const GroupSpec&, const HitQuery<S>& query) {
    BlockTables<S> hit = query.misses();
    for (std::int64_t i = 0; i < query.max_blocks(); ++i) {
      const std::optional<BlockList<S>> cached = query.cached(i);
      if (!cached) break;
      append<S>(hit, *cached);
    }
    if (query.drop_last && !hit[0].empty()) drop_last<S>(hit);
    align<S>(query, hit);
    return hit;
  }

  // [FREE-05]
  template <class S>
  static KVSPEC_EXEC constexpr Count num_common_prefix_blocks(const BlockPool<S>& pool, const Group<S>& group,
                                                              const BlockList<S>& table) {
    Count count = 0;
    for (BlockId b : table) {
      if (pool.blocks[b].ref_cnt != group.tables.size()) break;
      ++count;
    }
    return count;
  }
};

}  // namespace kvspec::model
