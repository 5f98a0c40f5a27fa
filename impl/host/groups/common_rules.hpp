// What the kinds have in common. A kind is a class of static functions that derives from CommonRules<itself> and
// replaces what is different with it; nothing is virtual, and what a kind does not do costs nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "impl/host/block_pool.hpp"
#include "impl/host/deviations.hpp"
#include "impl/host/groups/demand.hpp"
#include "impl/host/groups/group.hpp"
#include "impl/host/groups/search.hpp"
#include "impl/host/request_table.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

// What skipped tokens free of a table: the blocks at places first .. last - 1, null blocks among them, and then the one
// at the place `state`, if any.
struct SkippedBlocks {
  std::int64_t num_tokens = 0;
  std::size_t first = 0;
  std::size_t last = 0;
  std::optional<std::size_t> state{};

  template <class F>
  void each_place(F&& f) const {
    for (std::size_t i = first; i < last; ++i) f(i);
    if (state) f(*state);
  }
};

inline std::int64_t size_of(const std::vector<BlockId>& blocks) { return static_cast<std::int64_t>(blocks.size()); }

template <class Kind>
struct CommonRules {
  // Whether blocks that the kind allocates are listed for take_new_block_ids. [ALLOC-15]
  static constexpr bool lists_new_blocks = false;
  // Whether it takes hits, external tokens and computed tokens into account. [ALLOC-17]
  static constexpr bool follows_request = true;
  // Whether tokens become skipped as the request goes on. [FREE-04]
  static constexpr bool skips = false;
  // Whether it caches only some blocks, of its mask. [CACHE-08]
  static constexpr bool masks = false;
  // Whether a block is a state, which has to be computed before the step in which it is resumed. [MAMBA-02]
  static constexpr bool has_states = false;
  // Whether its tables are laid out as MAMBA-03 says.
  static constexpr bool aligns_states = false;

  // The length of the block table that a demand asks for, in blocks. [ALLOC-12]
  static std::int64_t required(const Group& group, const Demand& demand) { return group.blocks_covering(demand.slots); }

  // The blocks of it that have to be there at once. [ALLOC-19]
  static std::int64_t required_at_once(const Group& group, const Demand& demand) {
    return Kind::required(group, demand);
  }

  // [FREE-04]
  static std::int64_t skipped_tokens(const Group&, std::int64_t) { return 0; }
  static std::int64_t skipped_blocks(const Group& group, std::int64_t computed) {
    if constexpr (!Kind::skips) return 0;
    return group.blocks_in(Kind::skipped_tokens(group, computed));
  }
  // Of the computed tokens, those that are so for certain. [FREE-09]
  static std::int64_t certain(const Group&, std::int64_t computed) { return computed; }
  // The least number of computed tokens with which skipped tokens free something that they have not freed yet.
  static std::int64_t next_skip(const Group&, const BlockTable&) { return std::numeric_limits<std::int64_t>::max(); }
  // Where the first block ends, in tokens, that skipped tokens have not freed yet.
  static std::int64_t end_of_next(const Group& group, const BlockTable& table) {
    return (std::int64_t{table.num_cleared} + 1) * group.block_size;
  }
  // Blocks of a table that stay unused for the request's own tokens.
  static std::int64_t blocks_beyond(const Group&) { return 0; }

  // Hits that leave the free queue when they are touched, and so count against the free blocks. [ALLOC-08]
  static std::int64_t reclaimed(const BlockPool& pool, std::span<const BlockId> hits) {
    std::int64_t count = 0;
    for (const BlockId b : hits) count += b != null_block && pool.ref_cnt(b) == 0 ? 1 : 0;
    return count;
  }
  // Free blocks that are used up when the table grows to `required` blocks. [ALLOC-08]
  static std::int64_t needed(const BlockPool& pool, const Group& group, const BlockTable& table,
                             std::span<const BlockId> hit, const Demand& demand, std::int64_t required,
                             const Deviations&) {
    const std::int64_t held = size_of(table.blocks);
    if (table.cached) return std::max<std::int64_t>(required - held, 0);
    const std::int64_t hits = static_cast<std::int64_t>(hit.size());
    const std::int64_t skipped = Kind::skipped_blocks(group, demand.computed);
    const std::int64_t untouched = std::min(skipped, hits);
    return std::max<std::int64_t>(required - std::max(skipped, hits + held), 0) +
           reclaimed(pool, hit.subspan(static_cast<std::size_t>(untouched)));
  }

  // Makes the table as long as the demand asks for. [ALLOC-12]
  static void grow(BlockPool& pool, const Group& group, BlockTable& table, const Demand& demand) {
    table.num_added = 0;
    extend(pool, group, table, Kind::required(group, demand));
  }
  static void extend(BlockPool& pool, const Group& group, BlockTable& table, std::int64_t required) {
    const std::size_t before = table.blocks.size();
    if (required <= static_cast<std::int64_t>(before)) return;
    table.blocks.resize(static_cast<std::size_t>(required));
    const std::span<BlockId> added = std::span<BlockId>(table.blocks).subspan(before);
    table.num_added = static_cast<Count>(added.size());
    if constexpr (Kind::lists_new_blocks) {
      pool.take_new(group.id, added.size(), added.data());
    } else {
      pool.take(added.size(), added.data());
    }
  }

  // What to free with so many computed tokens. Blocks in front of those freed before are null; as recorded it goes back
  // from the last to the first null block, which is the same unless a kind keeps blocks between null ones, and aligned
  // state-space groups look at one of those. [FREE-07, FREE-09, DEV-14]
  static SkippedBlocks skipped(const Group& group, const BlockTable& table, std::int64_t computed,
                               const Deviations& deviations) {
    const std::int64_t certain = Kind::certain(group, computed);
    SkippedBlocks result{.num_tokens = Kind::skipped_tokens(group, certain), .first = table.num_cleared};
    result.last = static_cast<std::size_t>(std::min(group.blocks_in(result.num_tokens), size_of(table.blocks)));
    if (deviations.freeing_stops_at_null) {
      result.first = result.last;
      while (result.first > 0 && table.blocks[result.first - 1] != null_block) --result.first;
      if constexpr (Kind::aligns_states) result.state = Kind::stale_state(table, result);
    }
    result.last = std::max(result.first, result.last);
    return result;
  }

  // Frees a whole table. [FREE-01]
  static void release(BlockPool& pool, std::span<const BlockId> blocks) { pool.release_reversed(blocks); }

  // [FREE-05]
  static Count common_prefix(const BlockPool&, const BlockTable&, Count) { return 0; }
};

}  // namespace kvspec::host
