// What the group kinds have in common: the rules a kind keeps unless its own file says otherwise.
//
// A kind is a type of static functions. Code that handles all groups calls with_rules_of (model/group_kinds.hpp) and
// one of these. The few questions that ask for a kind by name are listed in docs/design.md.
//
//   find_longest_hit     the longest cached prefix, for all groups of one spec at once
//   num_skipped_tokens   tokens no later token attends to
//   max_admission        most blocks a request really holds, for the admission gate
//   num_needed           blocks to take from the free queue
//   num_required         blocks the whole table needs
//   take_hit             a hit becomes the head of the table
//   load_external        external tokens get blocks
//   grow                 the table gets the slots of the step
//   lay_out              what of that takes no new block
//   take_skipped         blocks of skipped tokens leave a table
//   remove_skipped       and are freed
//   shrinks              whether a step needs fewer blocks than there are
//   may_lack             whether a step may take more blocks than its need, as recorded
//   caches_block         whether a full block is worth caching
//   after_caching        what the kind remembers of it
//   free                 the order in which a table is given back
//   num_common_prefix_blocks
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "model/block_pool.hpp"
#include "model/deviations.hpp"
#include "model/group.hpp"
#include "model/request.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

// A question to the index: the longest hit of the groups `ids`, which share one spec, of at most max_length tokens and
// a multiple of `alignment`; drop_last as LOOK-04.
template <class S>
struct HitQuery {
  const Config<S>& config;
  const BlockPool<S>& pool;
  const Request<S>& request;
  CountList<S> ids{};
  std::int64_t block_size = 0;
  std::int64_t max_length = 0;
  std::int64_t alignment = 0;
  bool drop_last = false;

  // The first cached block of each group for block i of the request, if every group has one.
  KVSPEC_EXEC constexpr std::optional<BlockList<S>> cached(std::int64_t i) const {
    BlockList<S> blocks{};
    for (GroupId id : ids) {
      const std::optional<BlockId> block = pool.index.first({block_hash(config, request, i, block_size), id});
      if (!block) return {};
      blocks.push_back(*block);
    }
    return blocks;
  }
  KVSPEC_EXEC constexpr bool is_aligned(std::int64_t num_blocks) const {
    return num_blocks * block_size % alignment == 0;
  }
  KVSPEC_EXEC constexpr std::int64_t max_blocks() const { return max_length / block_size; }
  KVSPEC_EXEC constexpr BlockTables<S> misses() const {
    BlockTables<S> tables{};
    tables.resize(ids.size());
    return tables;
  }
};

// One block per group is added to one list per group.
template <class S>
KVSPEC_EXEC constexpr void append(BlockTables<S>& tables, const BlockList<S>& blocks) {
  for (std::size_t g = 0; g < tables.size(); ++g) tables[g].push_back(blocks[g]);
}

// Every list loses its last block.
template <class S>
KVSPEC_EXEC constexpr void drop_last(BlockTables<S>& tables) {
  for (BlockList<S>& table : tables) table.pop_back();
}

// Every list keeps its first `length` blocks.
template <class S>
KVSPEC_EXEC constexpr void cut(BlockTables<S>& tables, std::int64_t length) {
  for (BlockList<S>& table : tables) table.resize(std::min(table.size(), static_cast<std::size_t>(length)));
}

// Blocks are dropped until the hit is a multiple of the alignment.
template <class S>
KVSPEC_EXEC constexpr void align(const HitQuery<S>& query, BlockTables<S>& tables) {
  while (!query.is_aligned(static_cast<std::int64_t>(tables[0].size()))) drop_last<S>(tables);
}

// What a step asks of one group, in tokens.
struct SlotDemand {
  std::int64_t slots = 0;           // tokens that need a slot, those with one included
  std::int64_t main_tokens = 0;     // the same without lookahead and without the clamp to max_model_len
  std::int64_t total_computed = 0;  // computed, hit and external tokens together
  std::int64_t external = 0;        // of these, the external ones
};

// Rules is the kind itself, so that the common rules can ask it.
template <class Rules>
struct CommonRules {
  static constexpr bool lists_new_blocks = false;  // [ALLOC-15]
  static constexpr bool holds_sequence = true;     // the table is that of the request's own tokens [ALLOC-17]

  static KVSPEC_EXEC constexpr std::int64_t num_skipped_tokens(const GroupSpec&, std::int64_t) { return 0; }

  // Most blocks a request holds at once, where blocks are recycled. [ALLOC-16]
  static KVSPEC_EXEC constexpr std::int64_t max_admission(const GroupSpec&, std::int64_t, std::int64_t, std::int64_t) {
    return std::numeric_limits<std::int64_t>::max();
  }

  // Blocks the whole table needs, `cap` at most. [ALLOC-08, ALLOC-16]
  static KVSPEC_EXEC constexpr std::int64_t num_required(const GroupSpec&, std::int64_t block_size,
                                                         const SlotDemand& demand, std::int64_t cap) {
    return std::min(cdiv(demand.slots, block_size), cap);
  }

  // Blocks to take from the free queue. [ALLOC-08]
  template <class S>
  static KVSPEC_EXEC constexpr std::int64_t num_needed(const Config<S>&, const BlockPool<S>& pool, Group<S>& group,
                                                       const RequestId<S>& req, const BlockList<S>& hit,
                                                       const SlotDemand& demand, std::int64_t cap) {
    const std::int64_t required = Rules::num_required(group.spec, group.block_size, demand, cap);
    const std::int64_t held = group.num_held(req);
    if (group.num_cached(req)) return std::max<std::int64_t>(required - held, 0);
    const std::int64_t skipped = num_skipped_blocks(group, demand.total_computed);
    const std::int64_t hits = static_cast<std::int64_t>(hit.size());
    std::int64_t free_hits = 0;
    for (std::int64_t i = std::max<std::int64_t>(skipped - held, 0); i < hits; ++i) {
      const BlockId b = hit[static_cast<std::size_t>(i)];
      if (b != null_block && pool.blocks[b].ref_cnt == 0) ++free_hits;
    }
    return std::max<std::int64_t>(required - std::max(skipped, hits + held), 0) + free_hits;
  }

  // Makes the hit the head of the table, with null blocks where tokens are skipped. [ALLOC-10]
  template <class S>
  static KVSPEC_EXEC constexpr void take_hit(BlockPool<S>& pool, Group<S>& group, const RequestId<S>& req,
                                             const BlockList<S>& hit, const SlotDemand& demand) {
    BlockTable<S>& table = group.at(req);
    const std::int64_t skipped = num_skipped_blocks(group, demand.total_computed);
    table.blocks.resize(static_cast<std::size_t>(skipped), null_block);
    for (std::size_t i = static_cast<std::size_t>(skipped); i < hit.size(); ++i) {
      pool.touch(hit[i]);
      table.blocks.push_back(hit[i]);
    }
    table.num_cached = static_cast<Count>(table.blocks.size());
  }

  // Adds blocks for external tokens, unless every one of them is skipped. [ALLOC-11]
  template <class S>
  static KVSPEC_EXEC constexpr void load_external(const Config<S>& config, BlockPool<S>& pool, Group<S>& group,
                                                  const RequestId<S>& req, const SlotDemand& demand) {
    const bool all_skipped = num_skipped_blocks(group, demand.total_computed) > 0 &&
                             Rules::num_skipped_tokens(group.spec, demand.total_computed) == demand.total_computed;
    if (demand.external == 0 || all_skipped) return;
    extend<S>(config, pool, group, group.at(req), cdiv(demand.total_computed, group.block_size));
  }

  // Grows the table to the slots of the step; the blocks this adds are the answer. [ALLOC-12]
  template <class S>
  static KVSPEC_EXEC constexpr BlockList<S> grow(const Config<S>& config, BlockPool<S>& pool, Group<S>& group,
                                                 const RequestId<S>& req, const SlotDemand& demand) {
    return extend<S>(config, pool, group, group.at(req), cdiv(demand.slots, group.block_size));
  }

  // What growing does before it takes new blocks.
  template <class S>
  static KVSPEC_EXEC constexpr void lay_out(const Group<S>&, BlockTable<S>&, const SlotDemand&) {}

  // Takes the blocks of skipped tokens out of a table, from the last to the first; null blocks take their place.
  // [FREE-07]
  template <class S>
  static KVSPEC_EXEC constexpr BlockList<S> take_skipped(const Config<S>& config, const Group<S>& group,
                                                         BlockTable<S>& table, std::int64_t total_computed) {
    BlockList<S> removed{};
    if (Rules::num_skipped_tokens(group.spec, total_computed) <= 0) return removed;
    std::size_t i = std::min(static_cast<std::size_t>(num_skipped_blocks(group, total_computed)), table.blocks.size());
    for (; i > 0; --i) {
      BlockId& b = table.blocks[i - 1];
      if (b == null_block && deviations::stops_at_null_block(config)) break;
      if (b != null_block) removed.push_back(b);
      b = null_block;
    }
    return removed;
  }

  // Frees them: cached ones go to the tail of the free queue, uncached ones to its head. [FREE-07]
  template <class S>
  static KVSPEC_EXEC constexpr void remove_skipped(const Config<S>& config, BlockPool<S>& pool, Group<S>& group,
                                                   const RequestId<S>& req, std::int64_t total_computed) {
    if (Rules::num_skipped_tokens(group.spec, total_computed) <= 0) return;
    deviations::ask_for_table(config, group, req);
    if (group.find(req) == nullptr) return;
    free_by_hash(pool, CommonRules::take_skipped(config, group, group.at(req), total_computed));
  }

  // Whether block i of a request is worth caching. [CACHE-08]
  template <class S>
  static KVSPEC_EXEC constexpr bool caches_block(const Config<S>&, const Group<S>&, const Request<S>&, std::int64_t) {
    return true;
  }

  template <class S>
  static KVSPEC_EXEC constexpr bool shrinks(const Group<S>&, const RequestId<S>&, const SlotDemand&) {
    return false;
  }
  template <class S>
  static KVSPEC_EXEC constexpr bool may_lack(const Group<S>&, const RequestId<S>&, const SlotDemand&) {
    return false;
  }

  // What the kind remembers of a block that was cached.
  template <class S>
  static KVSPEC_EXEC constexpr void after_caching(Group<S>&, const BlockKey<S>&) {}

  // From the last block to the first. [FREE-01]
  template <class S>
  static KVSPEC_EXEC constexpr void free(BlockPool<S>& pool, const BlockList<S>& table) {
    pool.free_blocks(reversed<S>(table));
  }

  // Only full attention shares leading blocks. [FREE-05]
  template <class S>
  static KVSPEC_EXEC constexpr Count num_common_prefix_blocks(const BlockPool<S>&, const Group<S>&,
                                                              const BlockList<S>&) {
    return 0;
  }

 protected:
  template <class S>
  static KVSPEC_EXEC constexpr std::int64_t num_skipped_blocks(const Group<S>& group, std::int64_t total_computed) {
    return std::max<std::int64_t>(Rules::num_skipped_tokens(group.spec, total_computed), 0) / group.block_size;
  }

  // Grows a table to `length` blocks and returns what was added. [ALLOC-15]
  template <class S>
  static KVSPEC_EXEC constexpr BlockList<S> extend(const Config<S>& config, BlockPool<S>& pool, Group<S>& group,
                                                   BlockTable<S>& table, std::int64_t length) {
    const std::int64_t missing = length - static_cast<std::int64_t>(table.blocks.size());
    if (missing <= 0) return {};
    const BlockList<S> added = pool.get_new_blocks(config, missing);
    for (BlockId b : added) {
      table.blocks.push_back(b);
      if (Rules::lists_new_blocks) group.new_block_ids.push_back(b);
    }
    return added;
  }

  // [FREE-07]
  template <class S>
  static KVSPEC_EXEC constexpr void free_by_hash(BlockPool<S>& pool, const BlockList<S>& ordered) {
    BlockList<S> cached{};
    BlockList<S> uncached{};
    for (BlockId b : ordered) (pool.blocks[b].key ? cached : uncached).push_back(b);
    pool.free_blocks(cached);
    pool.free_blocks(uncached, true);
  }

  template <class S>
  static KVSPEC_EXEC constexpr BlockList<S> reversed(const BlockList<S>& table) {
    BlockList<S> list{};
    for (std::size_t i = table.size(); i > 0; --i) list.push_back(table[i - 1]);
    return list;
  }
};

}  // namespace kvspec::model
