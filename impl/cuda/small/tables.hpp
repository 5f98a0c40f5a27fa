// What happens to block tables outside of allocation: caching full blocks, giving back what is skipped, freeing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "impl/cuda/small/block_word.hpp"
#include "impl/cuda/small/state.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"

namespace kvspec::cuda::small {

// ---- Caching ----

// The places of the table that are full when the request is cached up to `tokens`. [CACHE-01, CACHE-07]
KVSPEC_EXEC constexpr std::int64_t full_places(const State& state, const Group& group, std::int64_t tokens) {
  if (state.num_groups > 1) {
    const std::int64_t whole = tokens - tokens % state.scheduler_block_size;
    const bool one_more = group.drops && whole > 0;
    tokens = one_more ? std::min<std::int64_t>(tokens, whole + group.block_size) : whole;
  }
  return tokens / group.block_size;
}

// The places of a request's table that are worth caching. [CACHE-08, CACHE-09]
KVSPEC_EXEC constexpr std::uint32_t places_to_keep(const State& state, const Request& request, const Group& group) {
  std::uint32_t kept = group.kept;
  if (group.rule != Rule::window || !state.retains) return kept;
  const std::int32_t prompt = request.num_prompt_tokens - 1;
  const std::int32_t end = (prompt - prompt % state.scheduler_block_size) / group.block_size + (group.drops ? 1 : 0);
  const std::int32_t start = std::max(end - group.run - (group.drops ? 1 : 0), 0);
  return kept | (first_bits(static_cast<std::uint32_t>(end)) & ~first_bits(static_cast<std::uint32_t>(start)));
}

// The first block that has a hash where caching up to place `full` would give it one: a block that was cached as a
// draft's has that place's hash, and keeps it when it moves. [CACHE-04]
KVSPEC_EXEC constexpr std::optional<BlockId> first_hashed_again(const State& state, const Request& request,
                                                                const Group& group, const Table& table,
                                                                std::int64_t full) {
  const std::uint32_t kept = places_to_keep(state, request, group);
  const std::int64_t end = std::min<std::int64_t>(full, table.blocks.size());
  for (std::uint32_t i = table.cached(); i < end; ++i) {
    const BlockId b = table.blocks[i];
    if (b != null_block && (kept >> i & 1U) != 0 && state.pool.has_hash(b)) return b;
  }
  return {};
}

// Why caching a request up to `tokens` is refused. [CACHE-02 .. CACHE-04]
KVSPEC_EXEC constexpr Result<Done> check_caching(const State& state, const Request& request, std::int64_t tokens) {
  for (GroupId g = 0; g < state.num_groups; ++g) {
    const Group& group = state.groups[g];
    const Table& table = request.tables[g];
    const std::int64_t full = full_places(state, group, tokens);
    if (table.cached() >= full) continue;
    if (full > table.blocks.size()) return Error{Clause::cache_02, tokens};
    const std::int64_t hashed = std::int64_t{state.num_hashes(request)} * state.hash_block_size;
    if (full > hashed / group.block_size) return Error{Clause::cache_03, tokens};
  }
  for (GroupId g = 0; g < state.num_groups; ++g) {
    const std::int64_t full = full_places(state, state.groups[g], tokens);
    const std::optional<BlockId> b = first_hashed_again(state, request, state.groups[g], request.tables[g], full);
    if (b) return Error{Clause::cache_04, *b};
  }
  return Done{};
}

// Precondition: check_caching finds nothing. [CACHE-01, CACHE-05]
KVSPEC_EXEC constexpr void cache_up_to(State& state, Request& request, std::int64_t tokens) {
  for (GroupId g = 0; g < state.num_groups; ++g) {
    const Group& group = state.groups[g];
    Table& table = request.tables[g];
    const std::int64_t full = full_places(state, group, tokens);
    if (table.cached() >= full) continue;
    const std::uint32_t kept = places_to_keep(state, request, group);
    for (std::uint32_t i = table.cached(); i < full; ++i) {
      const BlockId b = table.blocks[i];
      if (b == null_block || (kept >> i & 1U) == 0) continue;
      const Prefix hash = state.block_hash(request, group, i);
      state.pool.cache(b, hash, g);
      if (!group.is_state() || state.is_step_key(hash, g)) continue;  // [MAMBA-02]
      state.add_step_key(hash, g);
    }
    table.exists = true;
    table.num_cached = static_cast<std::int8_t>(full);
  }
}

// The state of a table that becomes `required` places long moves to the place of the last token, null blocks behind it,
// and the speculative blocks before it are taken along; the places that are then missing are new blocks'. Precondition:
// the table is shorter. [MAMBA-05, MAMBA-06]
KVSPEC_EXEC constexpr void lay_out(const Group& group, Table& table, std::uint32_t required) {
  const std::uint32_t speculative = static_cast<std::uint32_t>(group.speculative);
  const std::uint32_t before = table.blocks.size();
  const std::uint32_t state_place = required - speculative - 1;
  if (before > 0) table.last_state = static_cast<std::int8_t>(before - 1 - (table.has_state ? speculative : 0));
  if (state_place > before) table.blocks.resize(state_place);
  if (!table.has_state) return;
  for (std::uint32_t i = before - speculative; i < std::min(before, state_place); ++i) {
    const BlockId moved = table.blocks[i];
    table.blocks.set(i, null_block);
    table.blocks.push_back(moved);
  }
}

// ---- Giving back ----

// A block that became free is no new block any more. Recorded: it stays listed. [DEV-10]
KVSPEC_EXEC constexpr void forget_freed(State& state) {
  if (!state.is_sound) return;
  for (GroupId g = 0; g < state.num_groups; ++g) {
    BlockWord& listed = state.groups[g].new_ids;
    if (listed.empty()) continue;
    BlockWord kept{};
    for (std::uint32_t i = 0; i < listed.size(); ++i) {
      if (state.pool.references(listed[i]) > 0) kept.push_back(listed[i]);
    }
    listed = kept;
  }
}

// Takes the blocks of skipped places out of a table, the last first. [FREE-07]
KVSPEC_EXEC constexpr BlockWord take_skipped(const State& state, Table& table, const Group& group,
                                             std::int64_t computed) {
  if (group.skipped_tokens(computed) <= 0) return {};
  if (!state.is_sound) table.exists = true;  // [DEV-06]
  const std::int64_t end = std::min<std::int64_t>(group.skipped_blocks(computed), table.blocks.size());
  BlockWord removed{};
  for (std::uint32_t i = static_cast<std::uint32_t>(end); i > 0; --i) {
    const BlockId b = table.blocks[i - 1];
    if (b == null_block) {
      if (!state.is_sound) break;  // [DEV-14]
      continue;
    }
    removed.push_back(b);
    table.blocks.set(i - 1, null_block);
  }
  return removed;
}

// Recorded: of the states behind null blocks, the last is taken out apart. [DEV-14]
KVSPEC_EXEC constexpr BlockWord take_last_state(Table& table, const Group& group, std::int64_t computed) {
  if (table.last_state < 0 || table.last_state >= blocks_for(computed, group.block_size) - 1) return {};
  const std::uint32_t place = static_cast<std::uint32_t>(table.last_state);
  BlockWord removed{};
  removed.push_back(table.blocks[place]);
  table.blocks.set(place, null_block);
  return removed;
}

// [FREE-07, FREE-09]
KVSPEC_EXEC constexpr void remove_skipped(State& state, Request& request, std::int64_t computed) {
  for (GroupId g = 0; g < state.num_groups; ++g) {
    const Group& group = state.groups[g];
    Table& table = request.tables[g];
    const std::int64_t certain = std::max<std::int64_t>(computed - group.speculative, 0);
    state.pool.free_by_hash(take_skipped(state, table, group, certain));
    if (!state.is_sound && group.rule == Rule::aligned) state.pool.free(take_last_state(table, group, certain));
  }
  forget_freed(state);
}

// [FREE-01, FREE-03, FREE-08]
KVSPEC_EXEC constexpr void free_tables(State& state, Request& request) {
  for (GroupId g = 0; g < state.num_groups; ++g) {
    const BlockWord& blocks = request.tables[g].blocks;
    BlockWord last_first{};
    for (std::uint32_t i = blocks.size(); i > 0; --i) last_first.push_back(blocks[i - 1]);
    if (state.groups[g].rule == Rule::window) {
      state.pool.free_by_hash(last_first);
    } else {
      state.pool.free(last_first);
    }
    request.tables[g] = Table{};
  }
  forget_freed(state);
}

}  // namespace kvspec::cuda::small
