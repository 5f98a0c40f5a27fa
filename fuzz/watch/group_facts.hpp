// What the observers need to know about a group: which positions its tokens read and how many blocks it may want. Said
// once more, from the clauses, so that a mistake in a system is not repeated here.
//
//   kind      a token at position n reads                     a hit of n tokens needs cached
//   full      every position before n                         every block
//   window    the window - 1 positions before n               the blocks of those, at least the last one
//   chunked   the positions from the start of n's chunk on    the blocks of those
//   state     the state after n - 1, in n - 1's block         the last block
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "spec/config.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::fuzz {

constexpr std::int64_t divided_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

struct GroupFacts {
  GroupId id = 0;
  GroupKind kind = GroupKind::full;
  std::int64_t block_size = 0;                                  // tokens
  std::int64_t digests = 1;                                     // digests per block
  std::int64_t window = 0;                                      // of a sliding window
  std::int64_t chunk = 0;                                       // of chunked attention
  std::int64_t speculative = 0;                                 // of a state-space group
  MambaCacheMode mode{};                                        // of a state-space group
  bool drops = false;                                           // its hits drop their last block [LOOK-04]
  std::int64_t cap = std::numeric_limits<std::int64_t>::max();  // admission cap [ALLOC-16]

  // A chunk that is not made of whole blocks: its first block is taken for skipped although later tokens read a part of
  // it, and the admission cap is short of it. LOOK-09 and ALLOC-16 do not foresee it, so nothing is said about it.
  bool splits_blocks() const { return is_chunked() && chunk % block_size != 0; }
  bool is_window() const { return is_sliding_window(kind); }
  bool is_chunked() const { return kind == GroupKind::chunked; }
  bool is_state() const { return kind == GroupKind::mamba; }
  bool is_aligned_state() const { return is_state() && mode == MambaCacheMode::align; }
  bool is_cross() const { return kind == GroupKind::cross; }

  // The first position that a token at position n reads; n if it reads none before it.
  std::int64_t first_read(std::int64_t n) const {
    if (is_window()) return std::max<std::int64_t>(n - window + 1, 0);
    if (is_chunked()) return n / chunk * chunk;
    if (is_state()) return std::max<std::int64_t>(n - 1, 0);
    return 0;
  }
  // Blocks of which all tokens are skipped once n are computed. [FREE-04]
  std::int64_t skipped_blocks(std::int64_t n) const { return is_cross() ? 0 : first_read(n) / block_size; }
  // Cached blocks before the end of a hit in a sliding window. [LOOK-07]
  std::int64_t run() const { return std::max<std::int64_t>(divided_up(window - 1, block_size), 1); }
  // The first block of a hit of n tokens, a multiple of the block size, that must be cached; the others are up to the
  // end of the hit.
  std::int64_t first_cached(std::int64_t n) const {
    if (is_window()) return std::max<std::int64_t>(n / block_size - run(), 0);
    if (is_state()) return std::max<std::int64_t>(n / block_size - 1, 0);
    return first_read(n) / block_size;
  }
};

inline std::vector<GroupFacts> facts_of_groups(const Config<Growing>& config) {
  std::vector<GroupFacts> groups;
  const std::int64_t max_batched = config.max_num_batched_tokens.value_or(config.max_model_len);
  for (const GroupSpec& spec : config.groups) {
    GroupFacts group;
    group.id = static_cast<GroupId>(groups.size());
    group.kind = spec.kind;
    group.block_size = config.effective_block_size(spec);
    group.digests = std::max<std::int64_t>(group.block_size / config.hash_block_size, 1);
    group.window = spec.sliding_window.value_or(0);
    group.chunk = spec.attention_chunk_size.value_or(0);
    group.speculative = spec.num_speculative_blocks.value_or(0);
    group.mode = spec.mamba_cache_mode.value_or(MambaCacheMode::none);
    for (const GroupSpec& other : config.groups) {
      group.drops = group.drops || (other.same_spec(spec) && config.is_eagle(other));
    }
    if (group.is_window()) {
      group.cap = divided_up(std::min(group.window - 1 + max_batched, config.max_model_len), group.block_size) + 1;
    } else if (group.is_chunked()) {
      group.cap = divided_up(std::min(group.chunk + max_batched, config.max_model_len), group.block_size);
    }
    groups.push_back(group);
  }
  return groups;
}

}  // namespace kvspec::fuzz
