// The seed's cases about sliding windows and the pool: what the admission gate counts for a window, and in which order
// a window's blocks are given back.
#pragma once

#include <algorithm>

#include "tests/seed/driver.hpp"
#include "tests/seed/groups.hpp"

namespace kvspec::seed {

// Full attention and a sliding window of 64 tokens, both with blocks of 16; a step computes 128 tokens at most.
template <class S>
constexpr Config<S> admission_config(std::int64_t num_blocks) {
  Config<S> config = config_of_groups<S>(num_blocks, 16, {full_group(16), window_group(16, 4 * 16)}, 64 * 16);
  config.max_num_batched_tokens = 8 * 16;
  return config;
}

// A window recycles its blocks while a prompt is computed in steps, so the gate counts for it at most
// cdiv(64 - 1 + 128, 16) + 1 = 13 blocks. The pool has what the longest sequence may need: 64 blocks and those 13.
// Covers: ALLOC-07, ALLOC-16
template <class W>
constexpr Verdict test_can_fit_full_sequence_swa_cap_admits_long_prompt() {
  using S = StorageOf<W>;
  Manager<W> manager(admission_config<S>(64 + 13 + 1));

  // Beyond the seed, whose pool has room for the 32 + 32 blocks that the gate would count without the cap: with 44 free
  // blocks, one less than 32 + 13, the prompt is refused, with 45 it is admitted.
  const auto req = manager.make_request("long", range<S>(0, 32 * 16));
  const Ids<W> taken = manager.pool_get_new_blocks(77 - 44);
  SEED_CHECK(taken.size() == 33);
  SEED_CHECK(!manager.admit(req, 16));
  manager.pool_free_blocks({taken[0]});
  SEED_CHECK(manager.num_free_blocks() == 45);
  SEED_CHECK(manager.admit(req, 16));
  return SEED_VERDICT(manager);
}

// The cap is the window's alone: what full attention needs still exceeds the pool.
// Covers: ALLOC-07, ALLOC-16
template <class W>
constexpr Verdict test_can_fit_full_sequence_full_attention_still_gates_oversized() {
  using S = StorageOf<W>;
  Manager<W> manager(admission_config<S>(5));
  const auto req = manager.make_request("oversized", range<S>(0, 16 * 16));
  SEED_CHECK(!manager.admit(req, 16));
  return SEED_VERDICT(manager);
}

// Of a window's blocks those without a hash are recycled before those with one, with or without a retention interval.
// Covers: FREE-08, CACHE-08, POOL-07, POOL-09
template <class W>
constexpr Verdict test_swa_free_split_keeps_cached_tail_ahead_of_scratch() {
  using S = StorageOf<W>;
  Manager<W> manager(config_of_groups<S>(100, 8, {full_group(4 * 8), window_group(8, 8)}));
  const TokenList<S> token_ids = blocks_of<S>(16, 8);
  const auto req = manager.make_request("0", token_ids);
  const Hit<S> hit = manager.get_computed_blocks(req);
  SEED_CHECK(manager.allocate_groups(req, 16 * 8, hit).has_value());

  // Only the last block of each segment is cached, so there are blocks of both sorts.
  const Ids<W> table = manager.block_ids(req, 1);
  Ids<W> cached_ids{};
  Ids<W> uncached_ids{};
  Places<W> cached_hash_indices{};
  for (Count i = 0; i < table.size(); ++i) {
    if (table[i] == null_block) continue;
    if (!manager.block_hash(table[i])) {
      uncached_ids.push_back(table[i]);
    } else {
      cached_ids.push_back(table[i]);
      cached_hash_indices.push_back(i);
    }
  }
  SEED_CHECK(!cached_ids.empty());
  SEED_CHECK(!uncached_ids.empty());
  manager.free(req);

  // Every block without a hash comes before every block with one.
  const Ids<W> order = manager.free_queue();
  const auto place = [&](BlockId block) { return std::find(order.begin(), order.end(), block) - order.begin(); };
  for (BlockId uncached : uncached_ids) {
    for (BlockId cached : cached_ids) SEED_CHECK(place(uncached) < place(cached));
  }

  // Beyond the seed: the whole order. The window's blocks without a hash are first, from the last to the first of the
  // prompt, then the blocks never used and those of full attention, then the window's with a hash.
  SEED_CHECK(order.size() == 99);
  for (std::size_t i = 0; i < uncached_ids.size(); ++i) {
    SEED_CHECK(order[i] == uncached_ids[uncached_ids.size() - 1 - i]);
  }
  for (std::size_t i = 0; i < cached_ids.size(); ++i) SEED_CHECK(order[order.size() - 1 - i] == cached_ids[i]);

  // What is cached survives and still serves a hit. (The seed asks with the request it has freed.)
  const auto again = manager.make_request("1", token_ids);
  for (Count i : cached_hash_indices) SEED_CHECK(manager.is_cached(again, i, {1}));
  return SEED_VERDICT(manager);
}

}  // namespace kvspec::seed
