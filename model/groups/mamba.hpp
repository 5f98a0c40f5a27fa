// State-space models: a block holds the state after its last token, so only the state to resume from is kept. The
// cache mode says which states are kept: the running one (none), one per block (all), or one per step at the end of a
// block (align).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/groups/common.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

struct Mamba : CommonRules<Mamba> {
  static KVSPEC_EXEC constexpr std::int64_t num_skipped_tokens(const GroupSpec&, std::int64_t num_computed) {
    return num_computed - 1;
  }
  static KVSPEC_EXEC constexpr bool aligns(const GroupSpec& spec) {
    return *spec.mamba_cache_mode == MambaCacheMode::align;
  }
  static KVSPEC_EXEC constexpr std::int64_t num_speculative(const GroupSpec& spec) {
    return spec.num_speculative_blocks.value_or(0);
  }

  // The rightmost cached block that is aligned; what is before it is not needed. It does not drop the last block of an
  // EAGLE group. [LOOK-10]
  template <class S>
  static KVSPEC_EXEC constexpr BlockTables<S> find_longest_hit(const GroupSpec&, const HitQuery<S>& query) {
    BlockTables<S> hit = query.misses();
    for (std::int64_t i = query.max_blocks() - 1; i >= 0; --i) {
      const std::optional<BlockList<S>> cached = query.cached(i);
      if (!cached || !query.is_aligned(i + 1)) continue;
      for (BlockList<S>& list : hit) list.resize(static_cast<std::size_t>(i), null_block);
      append<S>(hit, *cached);
      break;
    }
    return hit;
  }

  // [MAMBA-03, MAMBA-04]
  static KVSPEC_EXEC constexpr std::int64_t num_required(const GroupSpec& spec, std::int64_t block_size,
                                                         const SlotDemand& demand, std::int64_t cap) {
    if (aligns(spec)) return 1 + num_speculative(spec);
    return std::min(cdiv(demand.slots, block_size) + num_speculative(spec), cap);
  }

  // A state cached in this step is not computed yet, so a request that would resume from it has to wait: it is asked
  // for more blocks than there are. [MAMBA-02]
  template <class S>
  static KVSPEC_EXEC constexpr std::int64_t num_needed(const Config<S>& config, const BlockPool<S>& pool,
                                                       Group<S>& group, const RequestId<S>& req,
                                                       const BlockList<S>& hit, const SlotDemand& demand,
                                                       std::int64_t cap) {
    if (!hit.empty() && is_cached_this_step(group, *pool.blocks[hit.back()].key)) return pool.num_blocks() + 1;
    if (aligns(group.spec)) return num_needed_aligned(config, pool, group, req, hit, demand);
    return CommonRules::num_needed(config, pool, group, req, hit, demand, cap);
  }

  template <class S>
  static KVSPEC_EXEC constexpr BlockList<S> grow(const Config<S>& config, BlockPool<S>& pool, Group<S>& group,
                                                 const RequestId<S>& req, const SlotDemand& demand) {
    if (aligns(group.spec)) return grow_aligned(config, pool, group, req, demand);
    // [MAMBA-01]
    SlotDemand with_speculative = demand;
    with_speculative.slots += num_speculative(group.spec) * group.block_size;
    return CommonRules::grow(config, pool, group, req, with_speculative);
  }

  // [FREE-09]
  template <class S>
  static KVSPEC_EXEC constexpr BlockList<S> take_skipped(const Config<S>& config, const Group<S>& group,
                                                         BlockTable<S>& table, std::int64_t total_computed) {
    BlockList<S> removed = CommonRules::take_skipped(config, group, table, certain(group, total_computed));
    const std::optional<BlockId> stale = take_stale_state(config, group, table, total_computed);
    if (stale) removed.push_back(*stale);
    return removed;
  }

  template <class S>
  static KVSPEC_EXEC constexpr void remove_skipped(const Config<S>& config, BlockPool<S>& pool, Group<S>& group,
                                                   const RequestId<S>& req, std::int64_t total_computed) {
    CommonRules::remove_skipped(config, pool, group, req, certain(group, total_computed));
    if (group.find(req) == nullptr) return;
    const std::optional<BlockId> stale = take_stale_state(config, group, group.at(req), total_computed);
    if (stale) pool.free_blocks({*stale});
  }

  // Whether the step needs fewer blocks than the table has, because there are fewer drafts. [DEV-03]
  template <class S>
  static KVSPEC_EXEC constexpr bool shrinks(const Group<S>& group, const RequestId<S>& req, const SlotDemand& demand) {
    return aligns(group.spec) &&
           cdiv(demand.main_tokens, group.block_size) + num_speculative(group.spec) < group.num_held(req);
  }

  // Whether the step has external tokens, whose block the recorded need leaves out. [DEV-13]
  template <class S>
  static KVSPEC_EXEC constexpr bool may_lack(const Group<S>& group, const RequestId<S>& req, const SlotDemand& demand) {
    return aligns(group.spec) && demand.external > 0 && !group.num_cached(req);
  }

  // Lengthens an aligned table as far as that takes no new block: null blocks up to the running state, then the
  // speculative blocks of the step before that lie in front of it. [MAMBA-05]
  template <class S>
  static KVSPEC_EXEC constexpr void lay_out(const Group<S>& group, BlockTable<S>& table, const SlotDemand& demand) {
    if (!aligns(group.spec)) return;
    const std::int64_t before = static_cast<std::int64_t>(table.blocks.size());
    const std::int64_t state_index = cdiv(demand.main_tokens, group.block_size) - 1;
    while (static_cast<std::int64_t>(table.blocks.size()) < state_index) table.blocks.push_back(null_block);
    if (!table.has_state) return;
    for (std::int64_t i = before - num_speculative(group.spec); i < std::min(before, state_index); ++i) {
      const BlockId moved = table.blocks[static_cast<std::size_t>(i)];
      table.blocks[static_cast<std::size_t>(i)] = null_block;
      table.blocks.push_back(moved);
    }
  }

  template <class S>
  static KVSPEC_EXEC constexpr void after_caching(Group<S>& group, const BlockKey<S>& key) {
    if (!is_cached_this_step(group, key)) group.cached_this_step.push_back(key);
  }

 private:
  template <class S>
  static KVSPEC_EXEC constexpr bool is_cached_this_step(const Group<S>& group, const BlockKey<S>& key) {
    for (const BlockKey<S>& cached : group.cached_this_step) {
      if (cached == key) return true;
    }
    return false;
  }

  // Computed tokens may be drafts that are rejected later, so the states of as many tokens more are kept as there are
  // speculative blocks. [FREE-09]
  template <class S>
  static KVSPEC_EXEC constexpr std::int64_t certain(const Group<S>& group, std::int64_t total_computed) {
    return std::max<std::int64_t>(total_computed - num_speculative(group.spec), 0);
  }

  // Recorded: takes the last state out of an aligned table once the running one is past it. [DEV-14]
  template <class S>
  static KVSPEC_EXEC constexpr std::optional<BlockId> take_stale_state(const Config<S>& config, const Group<S>& group,
                                                                       BlockTable<S>& table,
                                                                       std::int64_t total_computed) {
    if (!deviations::stops_at_null_block(config) || !aligns(group.spec) || !table.last_state_index) return {};
    const Count last = *table.last_state_index;
    if (last >= cdiv(certain(group, total_computed), group.block_size) - 1) return {};
    const BlockId stale = table.blocks[last];
    table.blocks[last] = null_block;
    return stale;
  }

  // One block for the running state and the speculative ones at first, one block per step later, beside what external
  // tokens are given. [MAMBA-04]
  template <class S>
  static KVSPEC_EXEC constexpr std::int64_t num_needed_aligned(const Config<S>& config, const BlockPool<S>& pool,
                                                               Group<S>& group, const RequestId<S>& req,
                                                               const BlockList<S>& hit, const SlotDemand& demand) {
    deviations::ask_for_table(config, group, req);
    const BlockTable<S>* table = group.find(req);
    const std::int64_t most = table != nullptr && table->has_state ? 1 : 1 + num_speculative(group.spec);
    std::int64_t length = static_cast<std::int64_t>(hit.size()) + group.num_held(req);
    std::int64_t external = 0;
    std::int64_t first_taken = 0;  // place of the first block of the hit that is not skipped
    if (deviations::reckons_with_external(config) && demand.external > 0 && !group.num_cached(req)) {
      first_taken = num_skipped_blocks(group, demand.total_computed);
      length = cdiv(demand.total_computed, group.block_size);
      external = length - std::max(first_taken, static_cast<std::int64_t>(hit.size()));
    }
    const std::int64_t missing = cdiv(demand.main_tokens, group.block_size) + num_speculative(group.spec) - length;
    std::int64_t needed = external + deviations::aligned_need(config, missing, most);
    for (std::int64_t i = first_taken; i < static_cast<std::int64_t>(hit.size()); ++i) {
      const BlockId b = hit[static_cast<std::size_t>(i)];
      needed += b != null_block && pool.blocks[b].ref_cnt == 0 ? 1 : 0;
    }
    return needed;
  }

  // The table becomes: null blocks, the running state, the speculative blocks. The answer is the table from its
  // previous length on. [MAMBA-05, MAMBA-06]
  template <class S>
  static KVSPEC_EXEC constexpr BlockList<S> grow_aligned(const Config<S>& config, BlockPool<S>& pool, Group<S>& group,
                                                         const RequestId<S>& req, const SlotDemand& demand) {
    const std::int64_t speculative = num_speculative(group.spec);
    const std::int64_t required = cdiv(demand.main_tokens, group.block_size) + speculative;
    BlockTable<S>& table = group.at(req);
    const std::int64_t before = static_cast<std::int64_t>(table.blocks.size());
    if (required <= before) return {};
    if (table.has_state) {
      table.last_state_index = static_cast<Count>(before - 1 - speculative);
    } else if (before > 0) {
      table.last_state_index = static_cast<Count>(before - 1);
    }
    lay_out(group, table, demand);
    extend<S>(config, pool, group, table, required);
    table.has_state = true;
    return BlockList<S>(table.blocks.begin() + before, table.blocks.end());
  }
};

}  // namespace kvspec::model
