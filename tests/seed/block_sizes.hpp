// The seed's cases about groups of different block sizes: which blocks are cached, and which hits they share.
#pragma once

#include "tests/seed/driver.hpp"
#include "tests/seed/groups.hpp"

namespace kvspec::seed {

// Full attention with blocks of 32 tokens beside a sliding window of 32 tokens with blocks of 16.
template <class S>
constexpr Config<S> different_block_size_config() {
  return config_of_groups<S>(100, 16, {full_group(16 * 2), window_group(16, 2 * 16)});
}

// The seed takes two keys out of the index; here the blocks under them are evicted.
// Covers: LOOK-03, LOOK-07, LOOK-12, LOOK-13, LOOK-15, HASH-10, ALLOC-12, CACHE-07, POOL-10, POOL-11
template <class W>
constexpr Verdict test_different_block_size() {
  using S = StorageOf<W>;
  Manager<W> manager(different_block_size_config<S>());

  // 10 hash blocks of 16 tokens, of which 7 are computed.
  const TokenList<S> common_token_ids = blocks_of<S>(10, 16);
  const auto req0 = manager.make_request("0", common_token_ids);
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(hit.groups[0].empty());
  SEED_CHECK(hit.groups[1].empty());
  SEED_CHECK(hit.num_tokens == 0);
  const auto blocks = manager.allocate_groups(req0, 7 * 16, hit);
  SEED_CHECK(blocks == Tables<W>{{1, 2, 3, 4}, {5, 6, 7, 8, 9, 10, 11}});

  const auto prefix = [&](std::int64_t count) {
    return TokenList<S>(common_token_ids.begin(), common_token_ids.begin() + count);
  };
  const auto req1 = manager.make_request("1", prefix(7 * 16 + 1));
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.groups[0].size() == 3);
  SEED_CHECK(hit.groups[1].size() == 6);
  SEED_CHECK(hit.num_tokens == 6 * 16);

  const auto req2 = manager.make_request("2", prefix(6 * 16 + 1));
  hit = manager.get_computed_blocks(req2);
  SEED_CHECK(hit.groups[0].size() == 3);
  SEED_CHECK(hit.groups[1].size() == 6);
  SEED_CHECK(hit.num_tokens == 6 * 16);

  // Evict blocks so that the sliding window hits 5 * 16 tokens. The common hit is 4 * 16, because that of full
  // attention is a multiple of 32. Block 11 is beyond the last whole scheduler block and was never cached, so that
  // popping its key does nothing, as in the seed.
  manager.evict_block(11);
  SEED_CHECK(manager.blocks_under(block_key<S>(req1.block_hashes[5], 1)) == Ids<W>{10});
  manager.evict_block(10);
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.groups[0].size() == 2);
  SEED_CHECK(hit.groups[1].size() == 4);
  SEED_CHECK(hit.num_tokens == 4 * 16);
  return SEED_VERDICT(manager);
}

// A look-up in a sliding window asks for the window's blocks before an aligned end and for no others, so only those are
// cached.
// Covers: CACHE-05, CACHE-08, HASH-10, POOL-09
template <class W>
constexpr Verdict test_hybrid_cache_blocks_swa_tail_window_only() {
  using S = StorageOf<W>;
  // The alignment is 32 tokens, 4 blocks of the sliding window, of which the window takes 1.
  Manager<W> manager(config_of_groups<S>(100, 8, {full_group(4 * 8), window_group(8, 8)}));

  // 8 hash blocks of 8 tokens: two segments.
  const auto req = manager.make_request("0", blocks_of<S>(8, 8));
  const Hit<S> hit = manager.get_computed_blocks(req);
  SEED_CHECK(manager.allocate_groups(req, 8 * 8, hit).has_value());
  SEED_CHECK(req.block_hashes.size() == 8);

  // Of each segment the last block only.
  SEED_CHECK(manager.cached_places(req, 1) == Places<W>{3, 7});
  return SEED_VERDICT(manager);
}

// Blocks beyond the last whole scheduler block can be part of no hit, so they are not cached.
// Covers: CACHE-07, HASH-10, POOL-09
template <class W>
constexpr Verdict test_hybrid_cache_blocks_clamped_to_lcm() {
  using S = StorageOf<W>;
  Manager<W> manager(different_block_size_config<S>());

  // 7 hash blocks of 16 tokens: 112 tokens, of which 96 are whole scheduler blocks.
  const auto req = manager.make_request("0", blocks_of<S>(7, 16));
  const Hit<S> hit = manager.get_computed_blocks(req);
  SEED_CHECK(manager.allocate_groups(req, 7 * 16, hit).has_value());
  SEED_CHECK(req.block_hashes.size() == 7);
  for (Count i = 0; i < 6; ++i) SEED_CHECK(manager.is_cached(req, i, {1}));
  SEED_CHECK(!manager.is_cached(req, 6, {1}));
  return SEED_VERDICT(manager);
}

}  // namespace kvspec::seed
