// One group: the numbers that its rules come down to, reckoned once when the manager is made, and what it lists between
// commands. Lengths are in blocks of the group where they are not in tokens.
#pragma once

#include <algorithm>
#include <cstdint>

#include "impl/cuda/small/bits.hpp"
#include "impl/cuda/small/block_word.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda::small {

inline constexpr std::int64_t no_cap = std::int64_t{1} << 40;

KVSPEC_EXEC constexpr std::int64_t blocks_for(std::int64_t tokens, std::int64_t block_size) {
  return (tokens + block_size - 1) / block_size;
}

// Which kinds behave alike.
enum class Rule : std::uint8_t {
  keeps_all,  // full attention, MLA
  window,     // sliding windows
  chunk,      // chunked local attention
  state,      // state-space, modes none and all
  aligned,    // state-space, mode align
};

struct Group {
  GroupSpec spec{};  // as configured
  Rule rule = Rule::keeps_all;
  bool drops = false;            // hits lose their last block [LOOK-04]
  std::uint8_t first_alike = 0;  // the first group of the same spec [LOOK-11]
  std::int32_t block_size = 1;   // tokens
  std::int32_t reach = 0;        // tokens of a window or a chunk
  std::int32_t speculative = 0;  // blocks
  std::int32_t run = 0;          // blocks in a row that a window needs for a hit, without the one that is dropped
  std::int64_t cap = no_cap;     // blocks held at most, for the gate [ALLOC-16]
  std::uint32_t kept = 0;        // places of a table worth caching, a bit each; tables.hpp may add some [CACHE-08]
  BlockWord new_ids{};           // full attention: blocks not yet reported as new [ALLOC-15]

  // Tokens that nothing after `computed` tokens reads; below 0 for a state of no tokens. [FREE-04]
  KVSPEC_EXEC constexpr std::int64_t skipped_tokens(std::int64_t computed) const {
    switch (rule) {
      case Rule::keeps_all:
        return 0;
      case Rule::window:
        return std::max<std::int64_t>(computed - reach + 1, 0);
      case Rule::chunk:
        return computed - computed % reach;
      case Rule::state:
      case Rule::aligned:
        break;
    }
    return computed - 1;
  }
  KVSPEC_EXEC constexpr std::int64_t skipped_blocks(std::int64_t computed) const {
    return std::max<std::int64_t>(skipped_tokens(computed), 0) / block_size;
  }
  // Length of a table with that many slots. [ALLOC-08, MAMBA-01]
  KVSPEC_EXEC constexpr std::int64_t length_for(std::int64_t slots) const {
    return blocks_for(slots, block_size) + speculative;
  }
  KVSPEC_EXEC constexpr bool is_state() const { return rule == Rule::state || rule == Rule::aligned; }
};

// The places below 32 that are congruent to `offset` modulo `period`, at least `offset`.
KVSPEC_EXEC constexpr std::uint32_t every(std::uint32_t period, std::uint32_t offset) {
  std::uint32_t places = 0;
  for (std::uint32_t i = offset; i < 32; i += period) places |= 1U << i;
  return places;
}

// The places whose blocks a hit at any segment end can use: the last `needed` of each segment of `segment` blocks, all
// of it moved by `shift`. A segment of 0 blocks is none. [CACHE-08]
KVSPEC_EXEC constexpr std::uint32_t ends_of_segments(std::int64_t segment, std::int64_t needed, std::uint32_t shift) {
  if (segment <= 0) return 0;
  if (needed >= segment) return ~0U;
  std::uint32_t places = 0;
  for (std::int64_t back = 1; back <= needed; ++back) {
    const std::int64_t first = segment - back + shift;
    if (first < 32)
      places |=
          every(static_cast<std::uint32_t>(std::min<std::int64_t>(segment, 32)), static_cast<std::uint32_t>(first));
  }
  return places;
}

template <class S>
KVSPEC_EXEC constexpr Group make_group(const Config<S>& config, GroupId id) {
  const GroupSpec& spec = config.groups[id];
  const bool is_sound = config.is_sound();
  const std::int64_t max_batched = config.max_num_batched_tokens.value_or(config.max_model_len);
  Group group{};
  group.spec = spec;
  group.block_size = static_cast<std::int32_t>(config.effective_block_size(spec));
  group.first_alike = static_cast<std::uint8_t>(id);
  for (GroupId other = static_cast<GroupId>(config.groups.size()); other-- > 0;) {
    if (!config.groups[other].same_spec(spec)) continue;
    group.first_alike = static_cast<std::uint8_t>(other);
    group.drops = group.drops || config.is_eagle(config.groups[other]);
  }
  switch (spec.kind) {
    case GroupKind::swa:
    case GroupKind::swa_mla: {
      group.rule = Rule::window;
      group.reach = static_cast<std::int32_t>(*spec.sliding_window);
      group.cap = blocks_for(std::min(group.reach - 1 + max_batched, config.max_model_len), group.block_size) + 1;
      group.run = static_cast<std::int32_t>(blocks_for(group.reach - 1, group.block_size));
      if (is_sound) group.run = std::max(group.run, 1);  // [DEV-08]
      const std::int64_t segment = config.retention_interval.value_or(config.scheduler_block_size) / group.block_size;
      group.kept = ends_of_segments(segment, group.run + (group.drops ? 1 : 0), group.drops ? 1 : 0);
      break;
    }
    case GroupKind::chunked:
      group.rule = Rule::chunk;
      group.reach = static_cast<std::int32_t>(*spec.attention_chunk_size);
      group.cap = blocks_for(std::min(group.reach + max_batched, config.max_model_len), group.block_size);
      group.kept = ~0U;
      break;
    case GroupKind::mamba:
      group.rule = *spec.mamba_cache_mode == MambaCacheMode::align ? Rule::aligned : Rule::state;
      group.speculative = static_cast<std::int32_t>(spec.num_speculative_blocks.value_or(0));
      group.kept = ~0U;
      break;
    default:
      group.kept = ~0U;
  }
  return group;
}

}  // namespace kvspec::cuda::small
