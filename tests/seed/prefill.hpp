// The seed's cases about prefill and decode: hits, allocation, the free queue's order.
#pragma once

#include "tests/seed/driver.hpp"

namespace kvspec::seed {

// The chain of hashes that Python's own pickle (sha256) or CBOR (sha256_cbor), and hashlib, give for the three blocks
// 0 x 16, 1 x 16, 2 x 16 of test_prefill. They keep the comparison from resting on this project's encoders alone.
inline constexpr std::string_view prefill_digests[2][3] = {
    {"f3a8f2e90974a63ef3f4a3aabf52219019b3b77ec2d99e38a739f6084806797e",
     "1e7c5d566dfaf51e0eca85466a493c7345d7901271d0b794ce557097520f71e4",
     "ef1b3ce81aae770f7aff15bbfb59212e604bdea6f3401bfecea287c6c30890e6"},
    {"2211943d896700fd8b1dc90d9c6372bb747165ec462d81ea97bb45e9086de399",
     "761e2b62bc51538e4546bf4c88b8c5767ccb27e4d028d6a66703edc19b49cbc4",
     "b42adcb6e6e102583b24514e47849b6e5e0f765dd877ff7c20084fe20d74fdf0"}};

// Blocks 1 to 3 hold the three common blocks of the request, block 4 its partial block.
template <class W>
constexpr Verdict check_block_metadata(const Manager<W>& manager, const TokenList<StorageOf<W>>& tokens) {
  std::optional<Digest> parent_block_hash{};
  for (BlockId block_id = 1; block_id <= 3; ++block_id) {
    const Digest block_hash = manager.hash_block_tokens(parent_block_hash, tokens_of_block(tokens, block_id - 1u, 16));
    SEED_CHECK(manager.block_hash(block_id) == block_key<StorageOf<W>>(block_hash, 0));
    SEED_CHECK(manager.ref_cnt(block_id) == 1);
    parent_block_hash = block_hash;
  }
  SEED_CHECK(!manager.block_hash(4));
  SEED_CHECK(manager.ref_cnt(4) == 1);
  return {};
}

// Covers: HASH-01, HASH-02, HASH-03, HASH-04, HASH-12, POOL-02, POOL-03, POOL-05, POOL-06, LOOK-03, ALLOC-08, ALLOC-10,
// ALLOC-12, CACHE-01, FREE-01, I1
template <class W>
constexpr Verdict test_prefill(HashFunction hash_fn) {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 16, 11);
  config.hash_fn = hash_fn;
  Manager<W> manager(config);

  // Complete 3 blocks (48 tokens).
  const TokenList<S> common_token_ids = blocks_of<S>(3, 16);

  // Fully cache miss. Incomplete 1 block (7 tokens).
  const TokenList<S> all_token_ids = concat(common_token_ids, repeat<S>(3, 7));
  const auto req0 = manager.make_request("0", all_token_ids);
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(req0.block_hashes.size() == 3);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  auto blocks = manager.allocate_slots(req0, 55, hit);
  SEED_CHECK(blocks == Ids<W>{1, 2, 3, 4});
  if (const Verdict v = check_block_metadata(manager, all_token_ids); !v.passed()) return v;
  for (std::size_t i = 0; i < 3; ++i) {
    SEED_CHECK(req0.block_hashes[i] == digest(prefill_digests[hash_fn == HashFunction::sha256 ? 0 : 1][i]));
  }

  // Cache hit in the common prefix when the original block is still in use. Incomplete 1 block (5 tokens).
  const auto req1 = manager.make_request("1", concat(common_token_ids, repeat<S>(3, 5)));
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(req1.block_hashes.size() == 3);
  SEED_CHECK(hit.blocks == Ids<W>{1, 2, 3});
  SEED_CHECK(hit.num_tokens == 3 * 16);
  blocks = manager.allocate_slots(req1, 53 - 3 * 16, hit);
  SEED_CHECK(blocks == Ids<W>{5});
  for (BlockId block : hit.blocks) SEED_CHECK(manager.ref_cnt(block) == 2);

  // At this point, we should have 5 free blocks left.
  SEED_CHECK(manager.num_free_blocks() == 5);
  manager.free(req0);
  manager.free(req1);

  // All blocks should be available, in this order: unallocated (6 to 10), the partial block of req0 (4), that of
  // req1 (5), common (3, 2, 1).
  SEED_CHECK(manager.num_free_blocks() == 10);
  SEED_CHECK(manager.free_queue() == Ids<W>{6, 7, 8, 9, 10, 4, 5, 3, 2, 1});

  // Cache hit in the common prefix when the original block is already free. Incomplete 1 block (6 tokens).
  const auto req2 = manager.make_request("2", concat(common_token_ids, repeat<S>(3, 6)));
  hit = manager.get_computed_blocks(req2);
  SEED_CHECK(req2.block_hashes.size() == 3);
  SEED_CHECK(hit.blocks == Ids<W>{1, 2, 3});
  SEED_CHECK(hit.num_tokens == 3 * 16);
  blocks = manager.allocate_slots(req2, 53 - 3 * 16, hit);
  SEED_CHECK(blocks == Ids<W>{6});
  SEED_CHECK(manager.num_free_blocks() == 6);
  for (BlockId block : manager.free_queue()) SEED_CHECK(manager.ref_cnt(block) == 0);
  SEED_CHECK(manager.free_queue().size() == 6);
  manager.free(req2);

  // Cache miss and eviction. The order of the ids also checks the order of eviction.
  const auto req3 = manager.make_request("3", repeat<S>(99, 16 * 10));
  hit = manager.get_computed_blocks(req3);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  blocks = manager.allocate_slots(req3, 16 * 10, hit);
  SEED_CHECK(blocks == Ids<W>{7, 8, 9, 10, 4, 5, 6, 3, 2, 1});

  // The seed looks at the two ends of the queue's links; walking them from either end says the same.
  SEED_CHECK(manager.num_free_blocks() == 0);
  SEED_CHECK(manager.free_queue().empty());
  SEED_CHECK(manager.free_queue_backwards().empty());
  return SEED_VERDICT(manager);
}

// Covers: REQ-08, LOOK-02, LOOK-03, POOL-09, CACHE-01, FREE-01
template <class W>
constexpr Verdict test_prefill_plp() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 11));

  // Complete 3 blocks (48 tokens).
  const TokenList<S> common_token_ids = blocks_of<S>(3, 16);

  // Request 0 asks for prompt log-probabilities. Fully cache miss. Incomplete 1 block (7 tokens).
  const TokenList<S> all_token_ids = concat(common_token_ids, repeat<S>(3, 7));
  const auto req0 = manager.make_request("0", all_token_ids, {.prompt_logprobs = 5});
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(req0.block_hashes.size() == 3);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  auto blocks = manager.allocate_slots(req0, 55, hit);
  SEED_CHECK(blocks == Ids<W>{1, 2, 3, 4});
  if (const Verdict v = check_block_metadata(manager, all_token_ids); !v.passed()) return v;
  const std::optional<BlockKey<S>> req0_block_hashes[4] = {manager.block_hash(1), manager.block_hash(2),
                                                           manager.block_hash(3), manager.block_hash(4)};

  // Request 1 does not: cache hit in the common prefix when the original block is still in use.
  const auto req1 = manager.make_request("1", concat(common_token_ids, repeat<S>(3, 5)));
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(req1.block_hashes.size() == 3);
  SEED_CHECK(hit.blocks == Ids<W>{1, 2, 3});
  SEED_CHECK(hit.num_tokens == 3 * 16);
  blocks = manager.allocate_slots(req1, 53 - 3 * 16, hit);
  SEED_CHECK(blocks == Ids<W>{5});
  for (BlockId block : hit.blocks) SEED_CHECK(manager.ref_cnt(block) == 2);

  // At this point, we should have 5 free blocks left.
  SEED_CHECK(manager.num_free_blocks() == 5);
  manager.free(req0);
  manager.free(req1);
  SEED_CHECK(manager.num_free_blocks() == 10);
  SEED_CHECK(manager.free_queue() == Ids<W>{6, 7, 8, 9, 10, 4, 5, 3, 2, 1});

  // Request 2 asks for them again: no hit in the common prefix; it duplicates the cached blocks of request 0.
  const auto req2 = manager.make_request("2", concat(common_token_ids, repeat<S>(3, 6)), {.prompt_logprobs = 5});
  hit = manager.get_computed_blocks(req2);
  SEED_CHECK(req2.block_hashes.size() == 3);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  blocks = manager.allocate_slots(req2, 55, hit);
  SEED_CHECK(blocks.has_value());
  SEED_CHECK(blocks->size() == 4);
  for (std::size_t i = 0; i < 4; ++i) SEED_CHECK(manager.block_hash((*blocks)[i]) == req0_block_hashes[i]);
  SEED_CHECK(blocks != Ids<W>{1, 2, 3, 4});
  for (BlockId block : *blocks) SEED_CHECK(manager.ref_cnt(block) == 1);
  manager.free(req2);
  return SEED_VERDICT(manager);
}

// Covers: REQ-07, HASH-12, LOOK-05, ALLOC-12, ALLOC-13, CACHE-01
template <class W>
constexpr Verdict test_decode() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 11));

  // Fully cache miss: 3 complete blocks and an incomplete one (7 tokens).
  auto req0 = manager.make_request("0", concat(blocks_of<S>(3, 16), repeat<S>(3, 7)));
  const Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  const auto blocks = manager.allocate_slots(req0, 55, hit);
  SEED_CHECK(blocks == Ids<W>{1, 2, 3, 4});

  // Append slots without allocating a new block.
  req0.num_computed_tokens = 55;
  manager.append_output(req0, 8, 4);
  auto new_blocks = manager.allocate_slots(req0, 4, hit);
  SEED_CHECK(new_blocks.has_value() && new_blocks->empty());
  SEED_CHECK(!manager.block_hash(manager.block_ids(req0).back()));

  // Append slots with allocating a new block: 5 tokens fill the previous block, the rest goes into the new one. (The
  // seed's comment says 9 and 10; with 59 computed tokens it is 5 and 14.)
  req0.num_computed_tokens = 59;
  manager.append_output(req0, 7, 9 + 10);
  new_blocks = manager.allocate_slots(req0, 19, hit);
  SEED_CHECK(new_blocks.has_value() && new_blocks->size() == 1);
  const auto table = manager.block_ids(req0);
  SEED_CHECK(table.size() == 5);
  SEED_CHECK(manager.block_hash(table[3]).has_value());
  SEED_CHECK(!manager.block_hash(table[4]));
  return SEED_VERDICT(manager);
}

// Covers: LOOK-02, HASH-12, ALLOC-12, ALLOC-09, FREE-01
template <class W>
constexpr Verdict test_basic_prefix_caching_disabled() {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 5);
  config.enable_caching = false;
  Manager<W> manager(config);

  // 2 blocks and some more.
  const auto req1 = manager.make_request("1", range<S>(0, 10));
  Hit<S> hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  auto blocks = manager.allocate_slots(req1, 10, hit);
  SEED_CHECK(blocks.has_value() && blocks->size() == 3);
  manager.free(req1);

  // No caching, although the prefix is shared.
  const auto req2 = manager.make_request("2", range<S>(0, 16));
  hit = manager.get_computed_blocks(req2);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  blocks = manager.allocate_slots(req2, 16, hit);
  SEED_CHECK(blocks.has_value() && blocks->size() == 4);

  // New requests should not have any blocks.
  const auto req3 = manager.make_request("3", range<S>(0, 4));
  hit = manager.get_computed_blocks(req3);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  blocks = manager.allocate_slots(req3, 4, hit);
  SEED_CHECK(!blocks);
  return SEED_VERDICT(manager);
}

// A request that hits computed blocks but does not fit must not touch them.
// Covers: ALLOC-08, ALLOC-09, LOOK-06, POOL-05, I13
template <class W>
constexpr Verdict test_prefill_not_enough_free_blocks_with_computed_blocks() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 11));

  // Complete 3 blocks (48 tokens):
  // | Common-0 | Common-1 | Common-2 | ... |
  const TokenList<S> common_token_ids = blocks_of<S>(3, 16);
  const auto req0 = manager.make_request("0", common_token_ids);
  Hit<S> hit = manager.get_computed_blocks(req0);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  manager.allocate_slots(req0, 48, hit);
  const Ids<W> block_part0 = manager.block_ids(req0);

  // | Common-0 | Common-1 | Common-2 | Req1-3 | Req1-4 | Req1-5 | ... |
  const auto req1 = manager.make_request("1", concat(common_token_ids, common_token_ids));
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.blocks == block_part0);
  SEED_CHECK(hit.num_tokens == 3 * 16);
  manager.allocate_slots(req1, 48, hit);
  const Ids<W> block_part1 = manager.block_ids(req1);
  SEED_CHECK(block_part1.size() == 6);

  // | Common-0 | Common-1 | Common-2 | Req1-3 (F) | Req1-4 (F) | Req1-5 (F) | ... |
  manager.free(req1);
  for (std::size_t i = 0; i < 6; ++i) SEED_CHECK(manager.ref_cnt(block_part1[i]) == (i < 3 ? 1 : 0));

  // | Common-0 | Common-1 | Common-2 | Req1-3 (F) | Req1-4 (F) | Req1-5 (F) | Req2-0 | Req2-1 | ... |
  const auto req2 = manager.make_request("2", repeat<S>(7, 16 * 2));
  hit = manager.get_computed_blocks(req2);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  manager.allocate_slots(req2, 16 * 2, hit);

  // Req3 is Req1 + 3 new blocks, so its first 6 blocks are computed, but it cannot be allocated: of the 5 free blocks 3
  // are hits. The reference counts of the computed blocks should not change.
  SEED_CHECK(manager.num_free_blocks() == 5);
  const auto req3 = manager.make_request("3", concat(common_token_ids, common_token_ids, common_token_ids));
  hit = manager.get_computed_blocks(req3);
  SEED_CHECK(hit.blocks == block_part1);
  SEED_CHECK(hit.num_tokens == 6 * 16);
  SEED_CHECK(!manager.allocate_slots(req3, 48, hit));
  for (std::size_t i = 0; i < 6; ++i) SEED_CHECK(manager.ref_cnt(block_part1[i]) == (i < 3 ? 1 : 0));
  return SEED_VERDICT(manager);
}

}  // namespace kvspec::seed
