// Full attention, and MLA, which allocates and hits alike: every block is read until the request ends.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/block_pool.hpp"
#include "model/group.hpp"
#include "model/request.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

struct FullAttention {
  // The longest run of cached blocks from the left, of at most max_length tokens. [LOOK-03, LOOK-04]
  template <class S>
  static KVSPEC_EXEC constexpr BlockList<S> find_longest_hit(const Config<S>& config, const BlockPool<S>& pool,
                                                             const Group<S>& group, const Request<S>& request,
                                                             std::int64_t max_length) {
    BlockList<S> hit{};
    for (std::int64_t i = 0; i < max_length / group.block_size; ++i) {
      const BlockKey<S> key{block_hash(config, request, i, group.block_size), group.id};
      const std::optional<BlockId> cached = pool.index.first(key);
      if (!cached) break;
      hit.push_back(*cached);
    }
    if (config.is_eagle(group.spec) && !hit.empty()) hit.pop_back();
    return hit;
  }

  // The order in which the blocks of a table are freed. [FREE-01]
  template <class S>
  static KVSPEC_EXEC constexpr void free(BlockPool<S>& pool, const BlockList<S>& table) {
    BlockList<S> ordered{};
    for (std::size_t i = table.size(); i > 0; --i) ordered.push_back(table[i - 1]);
    pool.free_blocks(ordered);
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
