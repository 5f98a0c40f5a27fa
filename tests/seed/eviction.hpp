// The seed's cases about eviction, re-use, resetting and the statistics.
#pragma once

#include "tests/seed/driver.hpp"

namespace kvspec::seed {

// Covers: POOL-03, POOL-06, FREE-01, LOOK-03, ALLOC-10, ALLOC-12
template <class W>
constexpr Verdict test_evict() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 11));

  // 5 full blocks and a partial one.
  Token last_token_id = 5 * 16 + 7;
  const auto req0 = manager.make_request("0", range<S>(0, last_token_id));
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  auto blocks = manager.allocate_slots(req0, 5 * 16 + 7, hit);
  SEED_CHECK(blocks.has_value() && blocks->size() == 6);

  // 3 full blocks.
  const auto req1 = manager.make_request("1", range<S>(last_token_id, last_token_id + 3 * 16));
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  blocks = manager.allocate_slots(req1, 3 * 16, hit);
  SEED_CHECK(blocks.has_value() && blocks->size() == 3);
  last_token_id += 3 * 16;

  // 10 - (6 + 3) == 1
  SEED_CHECK(manager.num_free_blocks() == 1);
  manager.free(req0);
  manager.free(req1);
  SEED_CHECK(manager.num_free_blocks() == 10);
  SEED_CHECK(manager.free_queue() == Ids<W>{10, 6, 5, 4, 3, 2, 1, 9, 8, 7});

  // Touch the first 2 blocks.
  const auto req2 = manager.make_request("2", range<S>(0, 2 * 16 + 3));
  hit = manager.get_computed_blocks(req2);
  SEED_CHECK(hit.blocks == Ids<W>{1, 2});
  SEED_CHECK(hit.num_tokens == 2 * 16);
  blocks = manager.allocate_slots(req2, 3, hit);
  SEED_CHECK(blocks == Ids<W>{10});
  SEED_CHECK(manager.num_free_blocks() == 7);
  return SEED_VERDICT(manager);
}

// When a cached block is re-used as a new block, its hash is reset.
// Covers: POOL-03, POOL-10, ALLOC-12
template <class W>
constexpr Verdict test_hash_block_correct_reuse() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 2));

  // Allocate 1 block and cache it.
  const Count num_tokens = 16;
  const auto req0 = manager.make_request("0", range<S>(0, num_tokens));
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  auto blocks = manager.allocate_slots(req0, num_tokens, hit);
  SEED_CHECK(blocks.has_value() && blocks->size() == 1);

  // Deallocate the block.
  manager.free(req0);

  // Allocate a new block that is not full; the hash of the block is cleared.
  const auto req1 = manager.make_request("1", range<S>(0, num_tokens - 1));
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  blocks = manager.allocate_slots(req1, num_tokens - 1, hit);
  SEED_CHECK(blocks.has_value() && blocks->size() == 1);
  SEED_CHECK(!manager.block_hash((*blocks)[0]));
  return SEED_VERDICT(manager);
}

// Computed blocks are not evicted when a request gets new blocks, as long as others are free.
// Covers: POOL-03, POOL-05, ALLOC-08, ALLOC-10, LOOK-01
template <class W>
constexpr Verdict test_computed_blocks_not_evicted() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 3));

  // Allocate a block and cache it.
  const Count num_tokens = 16;
  const auto req0 = manager.make_request("0", range<S>(0, num_tokens));
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  auto blocks = manager.allocate_slots(req0, num_tokens, hit);
  SEED_CHECK(blocks == Ids<W>{1});

  // Allocate another block.
  const auto req1 = manager.make_request("1", range<S>(num_tokens, num_tokens * 2));
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  blocks = manager.allocate_slots(req1, num_tokens, hit);
  SEED_CHECK(blocks == Ids<W>{2});

  // Free the blocks.
  manager.free(req0);
  manager.free(req1);

  // With a cache hit on the first block, the second cached block is evicted rather than the first one.
  const auto req2 = manager.make_request("2", range<S>(0, num_tokens * 2));
  hit = manager.get_computed_blocks(req2);
  SEED_CHECK(hit.blocks == Ids<W>{1});
  SEED_CHECK(hit.num_tokens == 16);
  blocks = manager.allocate_slots(req2, num_tokens * 2 - num_tokens, hit);
  SEED_CHECK(blocks == Ids<W>{2});
  return SEED_VERDICT(manager);
}

// Covers: POOL-13, ALLOC-10
template <class W>
constexpr Verdict test_reset_prefix_cache() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 11));

  const TokenList<S> full_block_token_ids = blocks_of<S>(3, 16);
  const auto req0 = manager.make_request("0", concat(full_block_token_ids, repeat<S>(3, 7)));
  auto blocks = manager.allocate_slots(req0, 55);
  SEED_CHECK(blocks == Ids<W>{1, 2, 3, 4});

  const auto req1 = manager.make_request("1", concat(full_block_token_ids, repeat<S>(4, 7)));
  const Hit<S> hit = manager.get_computed_blocks(req1);
  SEED_CHECK(req1.block_hashes.size() == 3);
  SEED_CHECK(hit.blocks.size() == 3);
  blocks = manager.allocate_slots(req1, 7, hit);
  SEED_CHECK(blocks == Ids<W>{5});

  // Failed to reset the prefix cache because some blocks are not freed yet.
  SEED_CHECK(!manager.reset_prefix_cache());
  SEED_CHECK(manager.num_keys() != 0);

  // Free the blocks.
  manager.free(req0);
  manager.free(req1);
  SEED_CHECK(manager.reset_prefix_cache());
  SEED_CHECK(manager.num_keys() == 0);
  for (BlockId b = 0; b < manager.num_blocks(); ++b) SEED_CHECK(!manager.block_hash(b));
  return SEED_VERDICT(manager);
}

// The seed's manager has no statistics object when log_stats is off; here the statistics stay zero and unmarked.
// Covers: STAT-03
template <class W>
constexpr Verdict test_prefix_cache_stats_disabled() {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 16, 11);
  config.log_stats = false;
  Manager<W> manager(config);
  SEED_CHECK(manager.take_stats() == PrefixCacheStats{});

  // Call all functions that check whether log_stats is off.
  const auto req = manager.make_request("0", range<S>(0, 16));
  const Hit<S> hit = manager.get_computed_blocks(req);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  manager.allocate_slots(req, 16, hit);
  manager.reset_prefix_cache();
  SEED_CHECK(manager.take_stats() == PrefixCacheStats{});

  // Beyond the seed, whose reset fails because the request still holds its block: one that succeeds leaves no mark.
  manager.free(req);
  SEED_CHECK(manager.reset_prefix_cache());
  SEED_CHECK(manager.take_stats() == PrefixCacheStats{});
  return SEED_VERDICT(manager);
}

// The seed writes made-up hashes into all four blocks of a pool of four, the null block included. Here a block gets a
// hash by being cached, and the null block never does: the four blocks are 1 to 4 of a pool of five, and the three keys
// are the first blocks of three requests in groups 1000, 2000 and 3000.
// Covers: POOL-09, POOL-10, POOL-11, HASH-11
template <class W>
constexpr Verdict test_maybe_evict_cached_block() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 5));
  const auto req0 = manager.make_request("10", repeat<S>(10, 16));
  const auto req1 = manager.make_request("20", repeat<S>(20, 16));
  const auto req2 = manager.make_request("30", repeat<S>(30, 16));
  const BlockKey<S> block_hash0 = block_key<S>(req0.block_hashes[0], 1000);
  const BlockKey<S> block_hash1 = block_key<S>(req1.block_hashes[0], 2000);
  const BlockKey<S> block_hash2 = block_key<S>(req2.block_hashes[0], 3000);

  const Ids<W> blocks = manager.pool_get_new_blocks(4);
  SEED_CHECK(blocks.size() == 4);
  const BlockId block0 = blocks[0], block1 = blocks[1], block2 = blocks[2], block3 = blocks[3];
  manager.pool_cache_full_blocks(req0, {block0}, 0, 1, 1000);
  manager.pool_cache_full_blocks(req1, {block1}, 0, 1, 2000);
  manager.pool_cache_full_blocks(req2, {block2}, 0, 1, 3000);
  // Block 3 has the exact same hash as the first block.
  manager.pool_cache_full_blocks(req0, {block3}, 0, 1, 1000);
  SEED_CHECK(manager.num_keys() == 3);
  SEED_CHECK(manager.blocks_under(block_hash0) == Ids<W>{block0, block3});
  SEED_CHECK(manager.blocks_under(block_hash1) == Ids<W>{block1});
  SEED_CHECK(manager.blocks_under(block_hash2) == Ids<W>{block2});

  // Evict block 1.
  manager.evict_block(block1);
  SEED_CHECK(manager.num_keys() == 2);
  SEED_CHECK(manager.blocks_under(block_hash0) == Ids<W>{block0, block3});
  SEED_CHECK(manager.blocks_under(block_hash2) == Ids<W>{block2});

  // Evict block 0: its key stays, because block 3 is under it too.
  manager.evict_block(block0);
  SEED_CHECK(manager.num_keys() == 2);
  SEED_CHECK(manager.blocks_under(block_hash0) == Ids<W>{block3});
  SEED_CHECK(manager.blocks_under(block_hash2) == Ids<W>{block2});

  // Evict block 2.
  manager.evict_block(block2);
  SEED_CHECK(manager.num_keys() == 1);
  SEED_CHECK(manager.blocks_under(block_hash0) == Ids<W>{block3});

  // Evict block 3.
  manager.evict_block(block3);
  SEED_CHECK(manager.num_keys() == 0);
  SEED_CHECK(manager.blocks_under(block_hash0).empty());
  return SEED_VERDICT(manager);
}

}  // namespace kvspec::seed
