// The invariants of single states at a glance. A farm asks for them after every command, twice, and nearly always they
// hold: so a device asks first in a way that suits it, one pass with blocks as bits and counts as four of them, all of
// it in registers. Only where that does not say that all is well, spec/invariants.hpp is asked what is wrong, if
// anything is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::fuzz::farm {

namespace glance {

inline constexpr std::uint32_t most_blocks = 16;
inline constexpr std::uint32_t most_places = 31;  // of a block table
inline constexpr std::uint32_t most_tables = 15;  // so that four bits hold a reference count

KVSPEC_EXEC constexpr std::uint32_t below(std::uint32_t bit) { return (1U << bit) - 1; }
// Of a block that may be none of the pool, as long as that is asked too.
KVSPEC_EXEC constexpr std::uint32_t bit_of(BlockId b) { return 1U << b % 32; }

// The free queue: which blocks are in it, a bit each, or nothing if I1 or I5 may not hold.
template <class System>
KVSPEC_EXEC constexpr std::optional<std::uint32_t> queued_blocks(const System& system) {
  const Count num_blocks = system.num_blocks();
  bool holds = !system.has_hash(null_block);
  std::uint32_t queued = 0;
  std::uint32_t length = 0;
  std::uint64_t forwards = 0;  // four bits an id, the tail lowest
  system.walk_free([&](BlockId b) {
    holds &= (b != null_block) & (b < num_blocks) & ((queued & bit_of(b)) == 0);
    queued |= bit_of(b);
    forwards = forwards << 4 | b % most_blocks;
    ++length;
  });
  std::uint32_t length_backwards = 0;
  std::uint64_t backwards = 0;  // the same, from the highest bits down
  system.walk_free_backwards([&](BlockId b) {
    holds &= b < num_blocks;
    backwards = backwards >> 4 | std::uint64_t{b % most_blocks} << 60;
    ++length_backwards;
  });
  if (!holds || length != length_backwards || length != system.num_free()) return {};
  // As many ids as blocks at most, each once and none of them the null block: fewer than most_blocks.
  if (length > 0 && forwards != backwards >> (64 - 4 * length)) return {};
  return queued;
}

// I19: the places of a table that are read, of `size`, given those that have a block.
KVSPEC_EXEC constexpr std::uint32_t places_read(const GroupSpec& spec, std::uint32_t size, std::uint32_t present) {
  switch (spec.kind) {
    case GroupKind::full:
    case GroupKind::mla:
    case GroupKind::cross:
      return below(size);
    case GroupKind::mamba:
      if (*spec.mamba_cache_mode == MambaCacheMode::align) {
        const std::uint32_t read = 1 + static_cast<std::uint32_t>(spec.num_speculative_blocks.value_or(0));
        return below(size) & ~below(size - std::min(size, read));
      }
      [[fallthrough]];
    default:
      return present == 0 ? 0 : below(size) & ~((present & ~(present - 1)) - 1);
  }
}

// The block tables: how often each block is listed, four bits a block, or nothing if a table names no block of the pool
// or I4, I16, I17, I19 or I21 may not hold.
template <class System>
KVSPEC_EXEC constexpr std::optional<std::uint64_t> listed_blocks(const System& system) {
  const Count num_blocks = system.num_blocks();
  const std::int64_t longest = system.max_model_len();
  bool holds = true;
  std::uint32_t num_tables = 0;
  std::uint64_t references = 0;
  std::uint32_t of_other_groups = 0;
  for (GroupId g = 0; g < system.num_groups(); ++g) {
    const GroupSpec& spec = system.spec(g);
    const std::int64_t block_size = system.block_size(g);
    const std::int64_t speculative = spec.num_speculative_blocks.value_or(0);
    std::uint32_t of_group = 0;
    system.walk_tables(g, [&](std::string_view, const auto& table, std::optional<Count> cached, Count num_tokens) {
      const std::uint32_t size = static_cast<std::uint32_t>(table.size());
      holds = holds && size <= most_places && ++num_tables <= most_tables;
      if (!holds) return;
      std::uint32_t listed = 0;
      std::uint32_t present = 0;
      std::uint32_t place = 0;
      for (const BlockId b : table) {
        const bool is_block = b != null_block;
        const std::uint32_t bit = is_block ? bit_of(b) : 0;
        holds &= (b < num_blocks) & ((listed & bit) == 0);
        listed |= bit;
        present |= is_block ? 1U << place : 0;
        references += std::uint64_t{is_block} << 4 * (b % most_blocks);
        ++place;
      }
      of_group |= listed;
      const std::int64_t num_cached = cached.value_or(0);
      // A table of one block less has room for the longest sequence only if that is no longer.
      const std::int64_t beyond = std::int64_t{size} - speculative - 1;
      holds &= ((listed & of_other_groups) == 0) & ((places_read(spec, size, present) & ~present) == 0) &
               (num_cached <= size) & (num_cached * block_size <= num_tokens) &
               ((spec.kind == GroupKind::cross) | (beyond * block_size < longest));
    });
    of_other_groups |= of_group;
  }
  if (!holds) return {};
  return references;
}

// I6, of a pool in which the blocks `hashed` have a hash, a bit each.
template <class System>
KVSPEC_EXEC constexpr bool index_agrees(const System& system, std::uint32_t hashed) {
  const Count num_blocks = system.num_blocks();
  bool holds = true;
  std::uint32_t indexed = 0;
  std::uint32_t keys = 0;
  system.walk_index([&](const auto& hash, GroupId group, BlockId b, bool first_of_key) {
    keys += first_of_key ? 1U : 0U;
    holds &= (b < num_blocks) & ((hashed & ~indexed & bit_of(b)) != 0);
    indexed |= bit_of(b);
    if (!holds) return;
    const bool is_of_group = system.group(b) == group;
    const bool is_of_hash = system.hash(b) == hash;
    holds = is_of_group & is_of_hash;
  });
  return holds && indexed == hashed && keys == system.num_keys();
}

// I7
template <class System>
KVSPEC_EXEC constexpr bool requests_are_hashed(const System& system) {
  bool holds = true;
  system.walk_requests([&](std::string_view, Count num_tokens, Count num_hashes) {
    const std::int64_t hashed = num_hashes * system.hash_block_size();
    holds = holds && (system.caching() ? hashed <= num_tokens && num_tokens < hashed + system.hash_block_size()
                                       : num_hashes == 0);
  });
  return holds;
}

}  // namespace glance

// True only if Invariants::check of spec/invariants.hpp finds nothing. False says nothing: of blocks that are held at
// pool level, for one, and of states that are not small.
template <class System>
KVSPEC_EXEC constexpr bool invariants_hold_at_a_glance(const System& system) {
  const Count num_blocks = system.num_blocks();
  if (num_blocks > glance::most_blocks) return false;
  const std::optional<std::uint32_t> queued = glance::queued_blocks(system);
  const std::optional<std::uint64_t> listed = glance::listed_blocks(system);
  if (!queued || !listed) return false;
  // I2, I3 and, as nothing is held, I18; the null block has no hash [queued_blocks]
  bool holds = true;
  std::uint32_t hashed = 0;
  for (BlockId b = 1; b < num_blocks; ++b) {
    const Count references = static_cast<Count>(*listed >> 4 * b & 15);
    const bool is_queued = (*queued & glance::bit_of(b)) != 0;
    const Count counted = system.ref_cnt(b);
    const Count held = system.held(b);
    holds &= (held == 0) & (counted == references) & ((references == 0) == is_queued);
    hashed |= system.has_hash(b) ? glance::bit_of(b) : 0;
  }
  return holds && glance::index_agrees(system, hashed) && glance::requests_are_hashed(system);
}

}  // namespace kvspec::fuzz::farm
