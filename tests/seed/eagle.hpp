// The seed's cases about EAGLE: what a look-up drops, and what a sliding window caches so that it can.
#pragma once

#include "tests/seed/driver.hpp"
#include "tests/seed/groups.hpp"

namespace kvspec::seed {

// The request's length is divisible by the block size.
// Covers: LOOK-01, LOOK-04
template <class W>
constexpr Verdict test_eagle_enabled_removes_last_block() {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 16, 10);
  config.use_eagle = true;
  Manager<W> manager(config);

  // Request with 3 full blocks (48 tokens).
  const TokenList<S> token_ids = repeat<S>(0, 3 * 16);
  const auto req = manager.make_request("divisible_request", token_ids);

  // Prime the cache.
  Hit<S> hit = manager.get_computed_blocks(req);
  manager.allocate_slots(req, 3 * 16, hit);
  manager.free(req);

  // New request with the same tokens. It keeps 1 block: of the 3 blocks the last is not looked up, so that the last
  // token is computed, and the last of the 2 matched blocks is dropped.
  const auto req_eagle = manager.make_request("eagle_divisible", token_ids);
  hit = manager.get_computed_blocks(req_eagle);
  SEED_CHECK(hit.blocks.size() == 1);
  SEED_CHECK(hit.num_tokens == 1 * 16);
  return SEED_VERDICT(manager);
}

// Covers: LOOK-03, LOOK-04
template <class W>
constexpr Verdict test_eagle_with_partial_blocks() {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 16, 10);
  config.use_eagle = true;
  Manager<W> manager(config);

  // 2 full blocks and 5 tokens.
  const TokenList<S> token_ids = repeat<S>(0, 2 * 16 + 5);
  const auto req = manager.make_request("partial_block_test", token_ids);

  // Prime the cache.
  Hit<S> hit = manager.get_computed_blocks(req);
  manager.allocate_slots(req, 2 * 16 + 5, hit);
  manager.free(req);

  // Original match: 2 full blocks. EAGLE removes 1, 1 remains.
  const auto req_eagle = manager.make_request("partial_eagle", token_ids);
  hit = manager.get_computed_blocks(req_eagle);
  SEED_CHECK(hit.blocks.size() == 1);
  SEED_CHECK(hit.num_tokens == 1 * 16);
  return SEED_VERDICT(manager);
}

// The seed takes a key out of the index; here the block under it is evicted.
// Covers: LOOK-04, LOOK-07, LOOK-08, LOOK-14, POOL-09, POOL-11
template <class W>
constexpr Verdict test_eagle_with_sliding_window() {
  using S = StorageOf<W>;
  Config<S> config = config_of_groups<S>(10, 16, {window_group(16, 16)});
  config.use_eagle = true;
  Manager<W> manager(config);

  // 2 full blocks and 5 tokens.
  const TokenList<S> token_ids = repeat<S>(0, 2 * 16 + 5);
  const auto req = manager.make_request("partial_block_test", token_ids);

  // Prime the cache.
  Hit<S> hit = manager.get_computed_blocks(req);
  manager.allocate_slots(req, 2 * 16 + 5, hit);
  SEED_CHECK(req.block_hashes.size() == 2);
  const BlockKey<S> key_of_first_block = block_key<S>(req.block_hashes[0], 0);
  manager.free(req);

  // Original match: 2 full blocks. EAGLE removes 1, 1 remains.
  const auto req_eagle = manager.make_request("partial_eagle", token_ids);
  hit = manager.get_computed_blocks(req_eagle);
  SEED_CHECK(hit.blocks.size() == 1);
  SEED_CHECK(hit.num_tokens == 1 * 16);

  // Evict the first block of the request.
  SEED_CHECK(manager.is_cached(req_eagle, 0, {0}));
  manager.evict_blocks(manager.blocks_under(key_of_first_block));

  // Cache miss. Without EAGLE the hit would be the null block and the second block; but the run must also have the
  // block that is dropped, and there is none.
  const auto req_after_evict = manager.make_request("partial_eagle_after_evict", token_ids);
  hit = manager.get_computed_blocks(req_after_evict);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  return SEED_VERDICT(manager);
}

// Full attention with blocks of 32 tokens, which are also the alignment, and a sliding window of one block of 8 tokens
// that the drafter reads.
template <class S>
constexpr Config<S> eagle_window_config() {
  Config<S> config = config_of_groups<S>(100, 8, {full_group(4 * 8), eagle_group(window_group(8, 8))});
  config.use_eagle = true;
  return config;
}

// A hit needs one block more than the window's in a row, because the last is dropped. Where the alignment is longer
// than the window that is the first block of the next segment, which is cached too.
// Covers: CACHE-08, LOOK-04, LOOK-07, LOOK-14
template <class W>
constexpr Verdict test_eagle_swa_alignment_caches_extra_block() {
  using S = StorageOf<W>;
  Manager<W> manager(eagle_window_config<S>());

  // Prime the cache with a long prompt: 16 blocks of the window, 4 segments.
  const TokenList<S> token_ids = blocks_of<S>(16, 8);
  const auto req0 = manager.make_request("0", token_ids);
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(manager.allocate_groups(req0, 16 * 8, hit).has_value());
  manager.free(req0);

  // A request with the same prompt hits up to a boundary of segments.
  const auto req1 = manager.make_request("1", token_ids);
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.num_tokens > 0);
  SEED_CHECK(hit.num_tokens % (4 * 8) == 0);

  // Beyond the seed: it is the last boundary before the last token.
  SEED_CHECK(hit.num_tokens == 3 * 4 * 8);
  return SEED_VERDICT(manager);
}

// Covers: CACHE-07, CACHE-08, LOOK-14, POOL-09
template <class W>
constexpr Verdict test_eagle_swa_boundary_caches_post_boundary_block() {
  using S = StorageOf<W>;
  Manager<W> manager(eagle_window_config<S>());

  // 40 tokens: to hit 32 of them the window's blocks 3, the segment's tail, and 4, which is dropped, must be cached.
  const TokenList<S> token_ids = blocks_of<S>(5, 8);
  const auto req0 = manager.make_request("0", token_ids);
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(manager.allocate_groups(req0, 5 * 8, hit).has_value());
  SEED_CHECK(manager.is_cached(req0, 3, {1}));
  SEED_CHECK(manager.is_cached(req0, 4, {1}));
  manager.free(req0);

  const auto req1 = manager.make_request("1", concat(token_ids, repeat<S>(999, 1)));
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.num_tokens == 4 * 8);
  return SEED_VERDICT(manager);
}

// Of two groups of one spec only one is flagged; both cache the block that hits drop.
// Covers: CACHE-07, CACHE-08, LOOK-04, LOOK-11, LOOK-14, POOL-09
template <class W>
constexpr Verdict test_eagle_grouped_swa_siblings_use_same_cache_mask() {
  using S = StorageOf<W>;
  Config<S> config =
      config_of_groups<S>(100, 8, {full_group(4 * 8), window_group(8, 8), eagle_group(window_group(8, 8))});
  config.use_eagle = true;
  Manager<W> manager(config);

  const TokenList<S> token_ids = blocks_of<S>(9, 8);
  const auto req0 = manager.make_request("0", token_ids);
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(manager.allocate_groups(req0, 9 * 8, hit).has_value());
  SEED_CHECK(manager.is_cached(req0, 4, {1, 2}));
  SEED_CHECK(manager.is_cached(req0, 8, {1, 2}));
  manager.free(req0);

  const auto req1 = manager.make_request("1", concat(token_ids, repeat<S>(999, 1)));
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.num_tokens == 8 * 8);
  return SEED_VERDICT(manager);
}

}  // namespace kvspec::seed
