// What the recorded traces do not reach: refused commands, the pool level, and states that only they lead to.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "impl/host/manager.hpp"
#include "spec/invariants.hpp"
#include "spec/system.hpp"
#include "tests/unit/host_manager_fixture.hpp"

namespace kvspec::host {
namespace {

static_assert(System<Manager, Growing>);

// Covers: CONF-01, CONF-12
TEST_F(HostManager, RejectsWhatTheSpecificationRejects) {
  Config<Growing> config = config_of(0);
  EXPECT_EQ(Manager::create(config).error(), (Error{Clause::conf_01, 0}));
  config = config_of(4);
  config.hash_bits = 257;
  EXPECT_EQ(Manager::create(config).error(), (Error{Clause::conf_12, 257}));
}

// Covers: REQ-01, REQ-02, REQ-03, REQ-04, REQ-05, REQ-06
TEST_F(HostManager, RefusesBadRequests) {
  start(config_of(8));
  add("a", tokens(5));
  AddRequest<Growing> command{};
  command.req = "a";
  refuse(command, Clause::req_01, 0);
  command.req = "b";
  refuse(command, Clause::req_03, 0);
  command.tokens = tokens(4);
  command.mm = MultimodalItems<Growing>{{"x", 0, 1}, {"y", 3, 1}, {"z", 2, 1}};
  refuse(command, Clause::req_04, 2);
  command.mm.reset();
  command.prompt_embeds = PromptEmbeds<Growing>{.values = {1, 2, 3, 4, 5, 6, 7}, .width = 2};
  refuse(command, Clause::req_05, 7);
  command.prompt_embeds = PromptEmbeds<Growing>{};
  refuse(command, Clause::req_05, 0);
  command.prompt_embeds = PromptEmbeds<Growing>{.values = {1, 2, 3, 4}, .width = 1};
  run(command);
  run(allocation("b", 0, 4));
  const auto events = run(TakeEvents<Growing>{}).events;
  EXPECT_EQ(std::get<BlockStored<Growing>>(events.at(0)).token_ids, (std::vector<Token>{0, 0, 0, 0}));
  refuse(release("c", true), Clause::req_02, 0);
  refuse(allocation("c", 0, 1), Clause::req_02, 0);
}

// Covers: ALLOC-01, ALLOC-02, ALLOC-03, ALLOC-04, ALLOC-05, ALLOC-06
TEST_F(HostManager, RefusesBadAllocationsInOrder) {
  start(config_of(12));
  add("a", tokens(13));
  refuse(allocation("a", 0, 0), Clause::alloc_01, 0);
  refuse(allocation("a", 60, 5), Clause::alloc_06, 65);
  refuse(allocation("a", 1, 5), Clause::alloc_05, 1);
  AllocateSlots<Growing> with_hit = allocation("a", 0, 1);
  with_hit.new_computed_blocks = PassedHit::computed;
  with_hit.num_new_computed_tokens = 4;
  refuse(with_hit, Clause::alloc_02, 4);

  run(allocation("a", 0, 13));
  add("b", tokens(13));
  EXPECT_EQ(look_up("b").num_computed_tokens, 12U);
  with_hit.req = "b";
  refuse(with_hit, Clause::alloc_02, 4);
  with_hit.num_new_computed_tokens = 12;
  run(allocation("b", 0, 1));
  refuse(with_hit, Clause::alloc_03, 1);
  AllocateSlots<Growing> external = allocation("b", 1, 1);
  external.num_external_computed_tokens = 4;
  refuse(external, Clause::alloc_03, 1);

  run(release("b", false));
  EXPECT_EQ(manager.view().requests.at(1).hit, std::nullopt);
  look_up("b");
  EvictBlocks<Growing> evict{};
  evict.block_ids = {3, 2};
  run(evict);
  refuse(with_hit, Clause::alloc_04, 2);
}

// Covers: CACHE-04, CACHE-02, CACHE-03, POOL-08
TEST_F(HostManager, RefusesToCacheWhatHasAHash) {
  start(config_of(12));
  add("a", tokens(13));
  AllocateSlots<Growing> delayed = allocation("a", 0, 13);
  delayed.delay_cache_blocks = true;
  run(delayed);
  CacheBlocks<Growing> cache{};
  cache.req = "a";
  cache.num_computed_tokens = 20;
  refuse(cache, Clause::cache_02, 20);
  cache.num_computed_tokens = 16;
  refuse(cache, Clause::cache_03, 16);

  refuse(pool_cache("a", {1, 2}, 0, 2), Clause::pool_08, 1);
  run(pool_touch({2, 2, 3}));
  refuse(pool_cache("a", {2, 3, 2}, 0, 3), Clause::cache_04, 2);
  refuse(pool_cache("a", {2, 3}, 0, 3), Clause::cache_02, 3);
  refuse(pool_cache("a", {2, 3, 0, 0}, 0, 4), Clause::cache_03, 4);
  refuse(pool_cache("a", {2, 12}, 3, 1), Clause::pool_12, 12);
  run(pool_cache("a", {2, 3}, 3, 1));
  run(pool_cache("a", {null_block, null_block}, 0, 2));
  run(pool_cache("a", {1, 0, 3}, 1, 3));
  cache.num_computed_tokens = 12;
  refuse(cache, Clause::cache_04, 3);
  refuse(allocation("a", 13, 1), Clause::cache_04, 3);
}

// Covers: POOL-03, POOL-04, POOL-05, POOL-06, POOL-07, POOL-08, POOL-12
TEST_F(HostManager, HeldBlocks) {
  start(config_of(7));
  PoolGetNewBlocks<Growing> too_many{};
  too_many.num_blocks = 7;
  refuse(too_many, Clause::pool_04, 7);
  EXPECT_EQ(take(4), (BlockList<Growing>{1, 2, 3, 4}));
  run(pool_touch({0, 6, 2, 2}));
  EXPECT_EQ(queue(), (BlockList<Growing>{5}));
  refuse(pool_touch({1, 7}), Clause::pool_12, 7);
  refuse(pool_free({1, 7}), Clause::pool_12, 7);
  refuse(pool_free({1, 2, 1}), Clause::pool_08, 1);
  refuse(pool_free({0, 5}), Clause::pool_08, 5);
  // A block that is listed as often as it is held is queued where it is listed first.
  EXPECT_EQ(run(pool_free({2, 0, 1, 2, 2})).num_free, 3U);
  EXPECT_EQ(queue(), (BlockList<Growing>{5, 2, 1}));
  run(pool_free({6, 3, 4}, true));
  EXPECT_EQ(queue(), (BlockList<Growing>{6, 3, 4, 5, 2, 1}));
  EXPECT_TRUE(manager.view().held.empty());
}

// Covers: POOL-09, POOL-10, CACHE-05, EVENT-01, EVENT-04, EVENT-06, HASH-11
TEST_F(HostManager, GroupsTheConfigurationLacks) {
  start(config_of(9));
  add("a", tokens(9));
  const BlockList<Growing> blocks = take(2);
  run(pool_cache("a", {blocks[0], null_block}, 0, 2, 300));
  run(pool_cache("a", {null_block, blocks[1]}, 1, 2, 5));
  run(pool_cache("a", {null_block}, 0, 1, 5));
  PoolGetCachedBlock<Growing> get{};
  get.req = "a";
  get.groups = {300};
  EXPECT_EQ(run(get).blocks, (BlockList<Growing>{blocks[0]}));
  get.groups = {300, 5};
  EXPECT_EQ(run(get).blocks, std::nullopt);
  get.index = 2;
  refuse(get, Clause::cache_03, 2);
  EvictBlocks<Growing> evict{};
  evict.block_ids = {blocks[1], null_block, blocks[1]};
  run(evict);
  // What is not stored is not told of.
  const EventList<Growing> events = run(TakeEvents<Growing>{}).events;
  ASSERT_EQ(events.size(), 3U);
  const auto& stored = std::get<BlockStored<Growing>>(events[0]);
  EXPECT_EQ(stored.block_hashes.size(), 1U);
  EXPECT_EQ(stored.token_ids.size(), 4U);
  EXPECT_EQ(stored.kv_cache_spec_kind, std::nullopt);
  const auto& with_parent = std::get<BlockStored<Growing>>(events[1]);
  EXPECT_EQ(with_parent.parent_block_hash, stored.block_hashes[0]);
  EXPECT_EQ(std::get<BlockRemoved<Growing>>(events[2]).group_idx, 5U);
}

// A hash that somebody at pool level gave to a block matters only if the block is going to be cached.
// Covers: CACHE-04, CACHE-05, CACHE-08, FREE-07
TEST_F(HostManager, AHashThatIsInNobodysWay) {
  Config<Growing> config = config_of(20);
  config.groups[0].kind = GroupKind::swa;
  config.groups[0].sliding_window = 3;
  config.scheduler_block_size = 8;  // of two blocks the second is cached
  start(config);
  add("a", tokens(17));
  AllocateSlots<Growing> delayed = allocation("a", 0, 15);
  delayed.delay_cache_blocks = true;
  run(delayed);
  run(pool_touch({1, 2, 3, 4}));
  run(pool_cache("a", {1, 2, 3}, 0, 3));
  AllocateSlots<Growing> next = allocation("a", 4, 12);
  refuse(next, Clause::cache_04, 2);
  next = allocation("a", 15, 1);  // skips the first three blocks
  run(next);
  EXPECT_TRUE(manager.has_hash(4));
}

// Between two steps that change something nothing does, however many groups there are.
// Covers: ALLOC-09, ALLOC-12, FREE-04, CACHE-07
TEST_F(HostManager, QuietStepsChangeNothing) {
  Config<Growing> config = config_of(40);
  GroupSpec window = config.groups[0];
  window.kind = GroupKind::swa;
  window.sliding_window = 6;
  GroupSpec states = config.groups[0];
  states.kind = GroupKind::mamba;
  states.mamba_cache_mode = MambaCacheMode::align;
  config.groups.push_back(window);
  config.groups.push_back(states);
  start(config);
  add("a", tokens(9));
  run(allocation("a", 0, 9));
  for (Count computed = 9; computed < 40; ++computed) {
    AppendTokens<Growing> append{};
    append.req = "a";
    append.tokens = {Token{computed}};
    run(append);
    const View<Growing> before = manager.view();
    const auto added = run(allocation("a", computed, 1)).result;
    const bool adds = computed % 4 == 0;
    EXPECT_EQ(added->at(0).size() + added->at(1).size() + added->at(2).size(), adds ? 3U : 0U);
    const bool skips = (computed - 5) % 4 == 0 || computed % 4 == 1;
    const bool fills = computed % 4 == 3;
    if (!adds && !skips && !fills) {
      EXPECT_EQ(manager.view(), before) << computed;
    }
  }
}

// Covers: ALLOC-12, ALLOC-13, ALLOC-15
TEST_F(HostManager, AllocatingByHandleIsTheSame) {
  Config<Growing> config = config_of(30);
  config.max_model_len = 50;
  start(config);
  Manager other = std::move(Manager::create(config).value());
  AddRequest<Growing> request{};
  request.req = "a";
  request.tokens = tokens(20);
  run(request);
  ASSERT_TRUE(other.step(request).ok());
  const RequestHandle handle = *other.find_request("a");
  EXPECT_EQ(other.find_request("b"), std::nullopt);
  for (Count computed = 0; computed < 48;) {
    AllocateSlots<Growing> command = allocation("a", computed, computed < 6 ? 3 : 1);
    command.num_lookahead_tokens = computed % 3;
    const auto answer = run(command);
    const Result<bool> granted = other.allocate(handle, command);
    ASSERT_TRUE(granted.ok() && granted.value());
    ASSERT_EQ(other.view(), manager.view());
    const BlockList<Growing>& added = answer.result->at(0);
    const std::span<const BlockId> table = other.table(handle, 0);
    ASSERT_TRUE(std::ranges::equal(table.last(added.size()), added));
    computed += command.num_new_tokens;
  }
  EXPECT_EQ(other.allocate(handle, allocation("a", 48, 3)).error(), (Error{Clause::alloc_06, 51}));
  EXPECT_EQ(other.allocate(handle, allocation("a", 53, 0)).error().clause, Clause::alloc_01);
}

// What is loaded may be skipped at once, and then counts as cached although no token of it has come.
// Covers: ALLOC-10, ALLOC-11, CACHE-01, CACHE-03
TEST_F(HostManager, CachingUpToWhatIsCachedIsNothing) {
  Config<Growing> config = config_of(12, 2);
  config.groups[0].kind = GroupKind::chunked;
  config.groups[0].attention_chunk_size = 6;
  start(config);
  add("a", tokens(3));
  AllocateSlots<Growing> loads = allocation("a", 0, 0);
  loads.num_external_computed_tokens = 14;
  ASSERT_TRUE(manager.step(loads).ok());  // nothing asks whether the request has the tokens
  EXPECT_EQ(manager.view().state.managers[0].num_cached_block[0].value, 6U);
  for (const Count num_tokens : {2U, 10U, 12U, 13U}) {
    EXPECT_TRUE(manager.step(CacheBlocks<Growing>{"a", num_tokens}).ok());
  }
  refuse(CacheBlocks<Growing>{"a", 14}, Clause::cache_03, 14);
}

// Covers: POOL-09
TEST_F(HostManager, ItsIndexCanBeFollowed) {
  start(config_of(9));
  add("a", tokens(9));
  run(allocation("a", 0, 4));
  EXPECT_TRUE(manager.take_index_changes().blocks.empty());
  manager.follow_index();
  run(allocation("a", 4, 4));
  EXPECT_EQ(manager.take_index_changes().blocks, (std::vector<BlockId>{2}));
}

// A block that spans two hashes is under both, however many keys there are that begin alike.
// Covers: HASH-10, POOL-09
TEST_F(HostManager, HalfAKeyIsNoKey) {
  Config<Growing> config = config_of(15, 1);
  config.groups.push_back(config.groups[0]);
  config.groups[1].block_size = 2;
  config.scheduler_block_size = 2;
  config.hash_fn = HashFunction::xxhash_cbor;
  config.events = false;
  start(config);
  for (Token round = 0; round < 150; ++round) {
    add("a", tokens(8, 100 * round));
    BlockList<Growing> blocks = take(4);
    run(pool_cache("a", blocks, 0, 4, 1));
    for (Count i = 0; i < 8; ++i) {
      PoolGetCachedBlock<Growing> get{"a", i, {1}};
      ASSERT_EQ(run(get).blocks, std::nullopt);
    }
    run(pool_free(blocks));
    run(release("a", true));
  }
}

// Covers: POOL-13, I25, EVENT-05, STAT-02
TEST_F(HostManager, ResetNeedsAnIdlePool) {
  start(config_of(9));
  add("a", tokens(9));
  run(allocation("a", 0, 9));
  EXPECT_FALSE(run(ResetPrefixCache<Growing>{}).result);
  run(release("a", false));
  EXPECT_EQ(look_up("a").num_computed_tokens, 8U);
  EXPECT_TRUE(run(ResetPrefixCache<Growing>{}).result);
  EXPECT_EQ(look_up("a").num_computed_tokens, 0U);
  EXPECT_EQ(manager.num_keys(), 0U);
  EXPECT_TRUE(run(TakeStats<Growing>{}).reset);
  const EventList<Growing> events = run(TakeEvents<Growing>{}).events;
  EXPECT_TRUE(std::holds_alternative<AllBlocksCleared<Growing>>(events.back()));
}

// Covers: POOL-02, POOL-14
TEST_F(HostManager, APoolOfOnlyTheNullBlock) {
  start(config_of(1));
  add("a", tokens(5));
  EXPECT_EQ(run(allocation("a", 0, 5)).result, std::nullopt);
  EXPECT_EQ(manager.view().state.usage, 0.0);
  EXPECT_TRUE(run(ResetPrefixCache<Growing>{}).result);
}

// Covers: POOL-03, EVENT-04
TEST_F(HostManager, ALargePoolIsUsedThroughAndThrough) {
  Config<Growing> config = config_of(3000, 1);
  config.max_model_len = 4000;
  start(config);
  for (int round = 0; round < 3; ++round) {
    add("a", tokens(2999, round * 10000));
    EXPECT_EQ(look_up("a").num_computed_tokens, 0U);
    EXPECT_EQ(run(allocation("a", 0, 2999)).result->at(0).size(), 2999U);
    run(release("a", false));
    EXPECT_EQ(look_up("a").num_computed_tokens, 2998U);
    run(release("a", true));
    EXPECT_EQ(run(TakeEvents<Growing>{}).events.size(), round == 0 ? 1U : 3000U);
  }
}

}  // namespace
}  // namespace kvspec::host
