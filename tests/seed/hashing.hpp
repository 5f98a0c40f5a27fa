// The seed's cases about what a hash covers and under which keys blocks are cached.
#pragma once

#include "tests/seed/driver.hpp"

namespace kvspec::seed {

// The seed caches loose block objects 0, 1, 2 through a pool of 5; here they are blocks 1, 2, 3, taken from a pool one
// larger.
// Covers: CACHE-01, HASH-12, POOL-10
template <class W>
constexpr Verdict test_cache_blocks(HashFunction hash_fn) {
  using S = StorageOf<W>;
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 6);
  config.hash_fn = hash_fn;
  Manager<W> manager(config);

  // Block 0: [0, 1, 2, 3], block 1: [4, 5, 6, 7], block 2: [8, 9, 10, 11], block 3: [12, 13].
  const auto req = manager.make_request("0", range<S>(0, 14));

  // Blocks are cached correctly for 2 full blocks from the start.
  Ids<W> blocks = manager.pool_get_new_blocks(2);
  SEED_CHECK(blocks.size() == 2);
  manager.pool_cache_full_blocks(req, blocks, 0, 2, 0);
  SEED_CHECK(manager.num_keys() == 2);
  for (BlockId b : blocks) SEED_CHECK(manager.block_hash(b).has_value());

  // Blocks that do not start from the beginning are cached correctly.
  blocks = concat(blocks, manager.pool_get_new_blocks(1));
  SEED_CHECK(blocks.size() == 3);
  manager.pool_cache_full_blocks(req, blocks, 2, 3, 0);
  SEED_CHECK(manager.num_keys() == 3);
  SEED_CHECK(manager.block_hash(blocks[0]).has_value());

  // Beyond the seed: each block has its own hash.
  SEED_CHECK(req.block_hashes.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    SEED_CHECK(manager.block_hash(blocks[i]) == block_key<S>(req.block_hashes[i], 0));
  }
  return SEED_VERDICT(manager);
}

// As in test_cache_blocks the blocks are taken from a pool one larger; the configuration has group 0 only, as a bare
// pool knows no groups.
// Covers: CACHE-01, HASH-11, HASH-12, POOL-09, POOL-10
template <class W>
constexpr Verdict test_cache_blocks_multi_group() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 4, 11));

  // Block 0: [0, 1, 2, 3], block 1: [4, 5, 6, 7], block 2: [8, 9, 10, 11], block 3: [12, 13].
  const auto req = manager.make_request("0", range<S>(0, 14));

  // Cache the blocks for group 0.
  Ids<W> blocks = manager.pool_get_new_blocks(2);
  manager.pool_cache_full_blocks(req, blocks, 0, 2, 0);
  SEED_CHECK(manager.num_keys() == 2);
  SEED_CHECK(req.block_hashes.size() == 3);
  for (BlockId b : blocks) SEED_CHECK(manager.block_hash(b).has_value());

  // Cache the blocks for group 1.
  blocks = manager.pool_get_new_blocks(3);
  manager.pool_cache_full_blocks(req, blocks, 0, 3, 1);
  SEED_CHECK(manager.num_keys() == 5);
  SEED_CHECK(req.block_hashes.size() == 3);
  for (BlockId b : blocks) SEED_CHECK(manager.block_hash(b).has_value());

  // Block hashes 0 and 1: hit for groups 0 and 1. Block hash 2: hit for group 1.
  SEED_CHECK(manager.is_cached(req, 0, {0}));
  SEED_CHECK(manager.is_cached(req, 1, {0}));
  SEED_CHECK(!manager.is_cached(req, 2, {0}));
  SEED_CHECK(manager.is_cached(req, 0, {1}));
  SEED_CHECK(manager.is_cached(req, 1, {1}));
  SEED_CHECK(manager.is_cached(req, 2, {1}));
  SEED_CHECK(manager.is_cached(req, 0, {0, 1}));
  SEED_CHECK(manager.is_cached(req, 1, {0, 1}));
  SEED_CHECK(!manager.is_cached(req, 2, {0, 1}));
  return SEED_VERDICT(manager);
}

// What Python's own pickle and hashlib give for the four blocks of request 0 of test_mm_prefix_caching.
inline constexpr std::string_view mm_digests[4] = {"69848811d445b4e2ea39310cf62ad417d19d0026c7ff89660937b2af76472b27",
                                                   "c8ed87d7979024b259182d12c03ffbff620ae65b192e35560ef526528d52e69e",
                                                   "77aff155d8ad3aa5f40dc8bbd65d7f156cc5dc7ca30cdcf22d503807a3249306",
                                                   "126d8d624705147c579b3bbcde9d7a30a0f64803648f37f1ed4afb399e62e973"};

// Covers: HASH-01, HASH-03, HASH-06, HASH-07, HASH-08, LOOK-03, REQ-07
template <class W>
constexpr Verdict test_mm_prefix_caching() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 11));

  // Common prompt tokens (T is text tokens and P is image placeholder tokens):
  // [T,...,T, P0,...,P0], [P0,...,P0,T,...,T,P1,...,P1], [P1,...,P1]
  const TokenList<S> common_token_ids = concat(range<S>(0, 10), repeat<S>(-1, 6), repeat<S>(-1, 4), range<S>(10, 20),
                                               repeat<S>(-1, 2), repeat<S>(-1, 16));
  const MultimodalItems<S> mm_items = {{"aaa", 11, 10}, {"bbb", 30, 18}, {"ccc", 48, 7}};

  // A unique image plus some text tokens.
  TokenList<S> all_token_ids = concat(common_token_ids, repeat<S>(-1, 7), repeat<S>(100, 4));
  auto req0 = manager.make_request("0", all_token_ids, {.mm = mm_items});
  Hit<S> hit = manager.get_computed_blocks(req0);

  // Completed blocks have hashes.
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  const DigestList<S>& block_hashes = req0.block_hashes;
  SEED_CHECK(block_hashes.size() == 3);
  SEED_CHECK(block_hashes[0] ==
             manager.hash_block_tokens({}, tokens_of_block(all_token_ids, 0, 16), {item_key<S>("aaa", 11)}));
  SEED_CHECK(block_hashes[1] == manager.hash_block_tokens(block_hashes[0], tokens_of_block(all_token_ids, 1, 16),
                                                          {item_key<S>("aaa", -5), item_key<S>("bbb", 14)}));
  SEED_CHECK(block_hashes[2] == manager.hash_block_tokens(block_hashes[1], tokens_of_block(all_token_ids, 2, 16),
                                                          {item_key<S>("bbb", -2)}));
  const auto blocks = manager.allocate_slots(req0, 59, hit);
  SEED_CHECK(blocks == Ids<W>{1, 2, 3, 4});
  req0.num_computed_tokens = 59;

  // Append slots without allocating a new block.
  manager.append_output(req0, 8, 5);
  const auto new_blocks = manager.allocate_slots(req0, 5, hit);
  SEED_CHECK(new_blocks.has_value() && new_blocks->empty());
  SEED_CHECK(block_hashes.size() == 4);
  all_token_ids = concat(all_token_ids, repeat<S>(8, 5));
  SEED_CHECK(block_hashes[3] == manager.hash_block_tokens(block_hashes[2], tokens_of_block(all_token_ids, 3, 16),
                                                          {item_key<S>("ccc", 0)}));
  for (std::size_t i = 0; i < 4; ++i) SEED_CHECK(block_hashes[i] == digest(mm_digests[i]));

  // Cache hit.
  const auto req1 =
      manager.make_request("1", concat(common_token_ids, repeat<S>(-1, 7), repeat<S>(200, 5)), {.mm = mm_items});
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.blocks.size() == 3);
  SEED_CHECK(hit.num_tokens == 3 * 16);
  return SEED_VERDICT(manager);
}

// What Python's own pickle and hashlib give for the first blocks of requests 0 and 2 of test_cache_key_salting.
inline constexpr std::string_view salt1_digest = "e09db3343be13f6a3d45f09b9bc38e7fa54912fd0d949d96d38de88eaccf2744";
inline constexpr std::string_view salt2_digest = "ab0a21979f67321873e649c07d244d5a42001a5285b1d02fdfa2e877e781d505";

// Covers: HASH-01, HASH-03, HASH-06, LOOK-03, REQ-07
template <class W>
constexpr Verdict test_cache_key_salting() {
  using S = StorageOf<W>;
  Manager<W> manager(single_group_config<S>(GroupKind::full, 16, 11));

  // 3 complete blocks and an incomplete block with 11 tokens.
  const TokenList<S> common_token_ids = blocks_of<S>(3, 16);
  TokenList<S> token_ids = concat(common_token_ids, repeat<S>(3, 11));
  auto req0 = manager.make_request("0", token_ids, {.cache_salt = "salt1"});
  Hit<S> hit = manager.get_computed_blocks(req0);

  // Completed blocks have hashes.
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  SEED_CHECK(req0.block_hashes.size() == 3);
  SEED_CHECK(req0.block_hashes[0] ==
             manager.hash_block_tokens({}, tokens_of_block(token_ids, 0, 16), {text_key<S>("salt1")}));
  SEED_CHECK(req0.block_hashes[0] == digest(salt1_digest));
  SEED_CHECK(req0.block_hashes[1] ==
             manager.hash_block_tokens(req0.block_hashes[0], tokens_of_block(token_ids, 1, 16)));
  SEED_CHECK(req0.block_hashes[2] ==
             manager.hash_block_tokens(req0.block_hashes[1], tokens_of_block(token_ids, 2, 16)));
  const auto blocks = manager.allocate_slots(req0, 59, hit);
  SEED_CHECK(blocks == Ids<W>{1, 2, 3, 4});
  req0.num_computed_tokens = 59;

  // Append slots without allocating a new block.
  manager.append_output(req0, 8, 5);
  const auto new_blocks = manager.allocate_slots(req0, 5, hit);
  SEED_CHECK(new_blocks.has_value() && new_blocks->empty());
  SEED_CHECK(req0.block_hashes.size() == 4);
  token_ids = concat(token_ids, repeat<S>(8, 5));
  SEED_CHECK(req0.block_hashes[3] ==
             manager.hash_block_tokens(req0.block_hashes[2], tokens_of_block(token_ids, 3, 16)));

  // Cache hit with a new request that has the same salt; only a prefix of 3 blocks matches.
  token_ids = concat(common_token_ids, repeat<S>(4, 11));
  const auto req1 = manager.make_request("1", token_ids, {.cache_salt = "salt1"});
  hit = manager.get_computed_blocks(req1);
  SEED_CHECK(hit.blocks.size() == 3);
  SEED_CHECK(hit.num_tokens == 3 * 16);

  // Cache miss with the same content but a different salt.
  const auto req2 = manager.make_request("2", token_ids, {.cache_salt = "salt2"});
  hit = manager.get_computed_blocks(req2);
  SEED_CHECK(hit.blocks.empty());
  SEED_CHECK(hit.num_tokens == 0);
  SEED_CHECK(req2.block_hashes.size() == 3);
  SEED_CHECK(req2.block_hashes[0] ==
             manager.hash_block_tokens({}, tokens_of_block(token_ids, 0, 16), {text_key<S>("salt2")}));
  SEED_CHECK(req2.block_hashes[0] == digest(salt2_digest));
  SEED_CHECK(req2.block_hashes[1] ==
             manager.hash_block_tokens(req2.block_hashes[0], tokens_of_block(token_ids, 1, 16)));
  SEED_CHECK(req2.block_hashes[2] ==
             manager.hash_block_tokens(req2.block_hashes[1], tokens_of_block(token_ids, 2, 16)));
  return SEED_VERDICT(manager);
}

// Not a case of the seed: digests that the recorded system wrote into its traces, for each hash function. They tie the
// hashes of the other cases to the recorded system, whatever the encoders here do.
// Covers: HASH-01, HASH-02, HASH-03, HASH-04, HASH-06, HASH-07
template <class W>
constexpr Verdict recorded_digests(HashFunction hash_fn) {
  using S = StorageOf<W>;
  if (hash_fn == HashFunction::sha256) {
    Config<S> config = single_group_config<S>(GroupKind::full, 8, 7);
    config.hash_fn = hash_fn;
    Manager<W> manager(config);
    // Request r3 of trace full_sha256_3: a multimodal item over both blocks, and a salt.
    const auto req =
        manager.make_request("r3", {72814,  48133, 11298, 67709, 58058, 40724,  125423, 78946, 145041, 94211,
                                    120080, 92108, 58784, 53134, 94697, 107214, 59858,  70140, 109568, 89550},
                             {.mm = MultimodalItems<S>{{"imgB", 2, 11}}, .cache_salt = "salt2"});
    SEED_CHECK(req.block_hashes.size() == 2);
    SEED_CHECK(req.block_hashes[0] == digest("1f7a53bba5306f23d109d3434c1f4bcc21a506e62ae93b8ab1714d59d6abc785"));
    SEED_CHECK(req.block_hashes[1] == digest("e5f35f03468dae59c6380a97454ad039820ed4c42f15c9788788ce0d068c1177"));
    return SEED_VERDICT(manager);
  }
  Config<S> config = single_group_config<S>(GroupKind::full, 2, 13);
  config.hash_fn = hash_fn;
  Manager<W> manager(config);
  // Request r0 of trace full_17: tokens alone.
  const auto plain = manager.make_request("r0", {153, 181, 61, 84, 55, 77, 144});
  SEED_CHECK(plain.block_hashes.size() == 3);
  SEED_CHECK(plain.block_hashes[0] == digest("bf7f72447f65251ecb1565672d9c05221d5e9bc8d660d84d99e6ea9007cd0a38"));
  SEED_CHECK(plain.block_hashes[1] == digest("7f4d3e51dba293b92d6774898d87d58b0f1f442fad5ba1a7e785b15b14128a39"));
  SEED_CHECK(plain.block_hashes[2] == digest("885fd930af14607d72b42ad6b9e90824cb151778fbc35b548d3ea7a015b6f4fd"));
  // Request r1 of trace full_mm_21: a LoRA in every block, a salt in the first.
  const auto tagged = manager.make_request("r1", {5, 3, 5, 6}, {.lora = Lora<S>{"lora-a", 1}, .cache_salt = "salt2"});
  SEED_CHECK(tagged.block_hashes.size() == 2);
  SEED_CHECK(tagged.block_hashes[0] == digest("a3a1e7d34d5d88232ab382b21324e19f89581d50a1f540a76f1ed7ab7fcc0b99"));
  SEED_CHECK(tagged.block_hashes[1] == digest("c232430070fbd7b43139d4b3dc35a741c8f1cacb31b96f1d286a904538e4818a"));
  return SEED_VERDICT(manager);
}

}  // namespace kvspec::seed
