// State-space models in the mode align: only states at the end of a step are kept, so most of a table is null.
// [MAMBA-03]
//
//     0 0 0 L 0 0 R s s        L  the last state, until it is freed: the running state is copied from it
//     0 0 0 L 0 0 0 0 0 R s    R  the running state;  s  num_speculative blocks for the states of drafts
//
// From one step to the next (above: from 9 blocks to 11) the speculative blocks move to the new end; the first of them
// becomes R, and one block is allocated.
#pragma once

#include <algorithm>
#include <optional>

#include "impl/host/groups/mamba.hpp"

namespace kvspec::host {

struct MambaAlign : StateSpaceRules<MambaAlign> {
  static constexpr bool aligns_states = true;

  // Lookahead is left out. [MAMBA-03]
  static std::int64_t required(const Group& group, const Demand& demand) {
    return group.blocks_covering(demand.confirmed) + group.num_speculative;
  }

  static std::int64_t required_at_once(const Group& group, const Demand&) { return 1 + group.num_speculative; }

  // What the table lacks, of which null and moved blocks cost nothing, and the block that external tokens are loaded
  // into. [MAMBA-04]
  static std::int64_t needed(const BlockPool& pool, const Group& group, const BlockTable& table,
                             std::span<const BlockId> hit, const Demand& demand, std::int64_t required,
                             const Deviations& deviations) {
    const std::int64_t at_most = table.has_running_state ? 1 : 1 + group.num_speculative;
    const auto need_for = [&](std::int64_t lacking) {
      if (deviations.needs_can_be_negative) return lacking > 0 ? at_most : lacking;
      return std::clamp<std::int64_t>(lacking, 0, at_most);
    };
    // A hit is shorter than what is required; that something lacks is all that matters then.
    const std::int64_t held = size_of(table.blocks);
    if (deviations.loaded_states_are_not_needed) return need_for(required - held) + reclaimed(pool, hit);
    const bool loads = demand.external && !table.cached;
    const std::int64_t lacking = required - (loads ? group.blocks_covering(demand.computed) : held);
    const std::size_t untouched =
        std::min(static_cast<std::size_t>(skipped_blocks(group, demand.computed)), hit.size());
    return (loads ? 1 : 0) + need_for(lacking) + reclaimed(pool, hit.subspan(untouched));
  }

  static void grow(BlockPool& pool, const Group& group, BlockTable& table, const Demand& demand) {
    const std::size_t before = table.blocks.size();
    table.num_added = 0;
    const std::int64_t length = required(group, demand);
    if (length <= static_cast<std::int64_t>(before)) return;
    note_last_state(group, table);
    lay_out(group, table, length);
    extend(pool, group, table, length);
    table.has_running_state = true;
    table.num_added = static_cast<Count>(table.blocks.size() - before);
  }

  // Lengthens the table as far as that takes no new block: null blocks up to the running state, then the speculative
  // blocks of the step before as far as they lie in front of it. [MAMBA-05]
  static void lay_out(const Group& group, BlockTable& table, std::int64_t required) {
    const std::size_t spec = static_cast<std::size_t>(group.num_speculative);
    const std::size_t before = table.blocks.size();
    const std::size_t running = static_cast<std::size_t>(required) - spec - 1;
    if (before < running) table.blocks.resize(running, null_block);
    if (!table.has_running_state) return;
    for (std::size_t i = before - spec; i < std::min(before, running); ++i) {
      const BlockId moved = table.blocks[i];
      table.blocks[i] = null_block;
      table.blocks.push_back(moved);
    }
  }

  // The place of the last state, if its block is left behind null blocks. [DEV-14] It is below cdiv(certain tokens,
  // block size) - 1 then, which is as far as tokens are skipped.
  static std::optional<std::size_t> stale_state(const BlockTable& table, const SkippedBlocks& skipped) {
    if (!table.last_state || table.blocks[*table.last_state] == null_block) return std::nullopt;
    if (*table.last_state >= skipped.first) return std::nullopt;
    return *table.last_state;
  }

 private:
  // [MAMBA-06]
  static void note_last_state(const Group& group, BlockTable& table) {
    const Count length = static_cast<Count>(table.blocks.size());
    if (table.has_running_state) {
      table.last_state = length - 1 - static_cast<Count>(group.num_speculative);
    } else if (length > 0) {
      table.last_state = length - 1;
    }
  }
};

}  // namespace kvspec::host
