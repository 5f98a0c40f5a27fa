// Single rules of the group kinds that the seed has no test for, on the model and on the implementation.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "impl/host/manager.hpp"
#include "model/manager.hpp"
#include "spec/commands.hpp"
#include "spec/trace/text.hpp"
#include "tests/unit/group_specs.hpp"

namespace kvspec {
namespace {

using S = Growing;

// Blocks of 4 tokens throughout, unless a test says otherwise.
Config<S> config_of(const std::vector<GroupSpec>& groups, std::int64_t num_blocks) {
  Config<S> config = single_group_config<S>(GroupKind::full, 4, num_blocks, 64);
  config.groups = groups;
  return config;
}

std::vector<Token> tokens(Count count, Token first = 0) {
  std::vector<Token> list;
  for (Count i = 0; i < count; ++i) list.push_back(first + i);
  return list;
}

template <class System>
class GroupKinds : public testing::Test {
 protected:
  void start(const Config<S>& config) { system_ = std::move(System::create(config).value()); }

  template <class C>
  auto run(const C& command) {
    const auto result = system_.step(command);
    EXPECT_TRUE(result.ok()) << command.op << " " << describe(result.error().clause).id;
    return result.value();
  }
  void add(const std::string& req, const std::vector<Token>& list) {
    AddRequest<S> command{};
    command.req = req;
    command.tokens.assign(list.begin(), list.end());
    run(command);
  }
  Count look_up(const std::string& req) {
    GetComputedBlocks<S> command{};
    command.req = req;
    return run(command).num_computed_tokens;
  }
  static AllocateSlots<S> allocation(const std::string& req, Count computed, Count count) {
    AllocateSlots<S> command{};
    command.req = req;
    command.req_num_computed_tokens = computed;
    command.num_new_tokens = count;
    return command;
  }
  // Takes the hit of the last look-up and computes the rest of `length` tokens.
  std::optional<BlockTables<S>> take(const std::string& req, Count hit, Count length) {
    AllocateSlots<S> command = allocation(req, 0, length - hit);
    command.num_new_computed_tokens = hit;
    command.new_computed_blocks = PassedHit::computed;
    return run(command).result;
  }
  BlockTables<S> tables(const std::string& req) { return run(GetBlockIds<S>{req}).result; }
  BlockList<S> queue() const { return system_.view().state.free_queue; }
  void free(const std::string& req) {
    Free<S> command{};
    command.req = req;
    command.drop = true;
    run(command);
  }

  System system_;
};

using Systems = testing::Types<model::HostModel, host::Manager>;
TYPED_TEST_SUITE(GroupKinds, Systems);

// A prompt of 6 blocks in chunks of 2: while 4 tokens per step are computed, at most 3 blocks are held at once, so a
// pool of 3 admits it at the gate and a pool of 2 never will. Covers: ALLOC-07, ALLOC-16, ALLOC-19
TYPED_TEST(GroupKinds, TheGateAsksAChunkedGroupForItsCapOnly) {
  for (const std::int64_t num_blocks : {4, 3}) {
    Config<S> config = config_of({chunked(4, 8)}, num_blocks);
    config.max_num_batched_tokens = 4;
    this->start(config);
    this->add("r", tokens(24));
    AllocateSlots<S> command = this->allocation("r", 0, 4);
    command.full_sequence_must_fit = true;
    const auto result = this->system_.step(command);
    if (num_blocks == 4) {
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(result.value().result, (BlockTables<S>{{1}}));
    } else {
      ASSERT_FALSE(result.ok());
      EXPECT_EQ(result.error(), (Error{Clause::alloc_19, 3}));
    }
  }
}

// Covers: ALLOC-17, FREE-01, FREE-04
TYPED_TEST(GroupKinds, CrossAttentionFollowsTheEncoder) {
  Config<S> config = config_of({full(4), cross(4)}, 10);
  config.enable_caching = false;
  this->start(config);
  this->add("r", tokens(6));
  AllocateSlots<S> command = this->allocation("r", 0, 6);
  command.num_encoder_tokens = 9;
  EXPECT_EQ(this->run(command).result, (BlockTables<S>{{1, 2}, {3, 4, 5}}));
  command = this->allocation("r", 6, 3);
  command.num_encoder_tokens = 9;
  EXPECT_EQ(this->run(command).result, (BlockTables<S>{{6}, {}}));
  this->free("r");
  EXPECT_EQ(this->queue(), (BlockList<S>{7, 8, 9, 6, 2, 1, 5, 4, 3}));
}

// A window of 5 tokens over blocks of 4: after 14 tokens the first 10 are skipped, which are 2 whole blocks. The freed
// blocks were cached, so they go to the tail; a block that was not cached would be the next to be allocated.
// Covers: FREE-04, FREE-07
TYPED_TEST(GroupKinds, SkippedBlocksAreRecycled) {
  this->start(config_of({window(4, 5)}, 6));
  this->add("r", tokens(14));
  EXPECT_EQ(this->run(this->allocation("r", 0, 14)).result, (BlockTables<S>{{1, 2, 3, 4}}));
  this->run(RemoveSkippedBlocks<S>{"r", 14});
  EXPECT_EQ(this->tables("r"), (BlockTables<S>{{0, 0, 3, 4}}));
  EXPECT_EQ(this->queue(), (BlockList<S>{5, 2, 1}));
  this->free("r");
  EXPECT_EQ(this->queue(), (BlockList<S>{4, 5, 2, 1, 3}));
}

// The same without a prefix cache: what is skipped is at the head at once. Covers: FREE-07, FREE-08
TYPED_TEST(GroupKinds, UncachedBlocksAreTheNextToBeAllocated) {
  Config<S> config = config_of({window(4, 5)}, 6);
  config.enable_caching = false;
  this->start(config);
  this->add("r", tokens(14));
  this->run(this->allocation("r", 0, 14));
  this->run(RemoveSkippedBlocks<S>{"r", 14});
  EXPECT_EQ(this->queue(), (BlockList<S>{2, 1, 5}));
}

// A window of 9 over blocks of 4 needs runs of 2. Without block 3 the only such run is at the left end; without block 2
// as well no run is long enough, and the one at the left end counts all the same. Covers: LOOK-07, LOOK-08
TYPED_TEST(GroupKinds, ARunAtTheLeftEndIsAHitHoweverShort) {
  this->start(config_of({window(4, 9)}, 12));
  this->add("r", tokens(17));
  this->run(this->allocation("r", 0, 17));
  this->free("r");
  this->add("s", tokens(17));
  EXPECT_EQ(this->look_up("s"), 16u);
  this->run(EvictBlocks<S>{{3}});  // of the blocks 1 to 4
  EXPECT_EQ(this->look_up("s"), 8u);
  this->run(EvictBlocks<S>{{2}});
  EXPECT_EQ(this->look_up("s"), 4u);
  this->run(EvictBlocks<S>{{1}});
  EXPECT_EQ(this->look_up("s"), 0u);
}

// Chunks of 8 tokens: for a prompt of 15 tokens never seen the first chunk counts as a hit, since no token from the
// second chunk on reads it. Covers: LOOK-09, ALLOC-10
TYPED_TEST(GroupKinds, WholeChunksBeforeTheLastAreHitsUnseen) {
  this->start(config_of({chunked(4, 8)}, 8));
  this->add("r", tokens(15));
  EXPECT_EQ(this->look_up("r"), 8u);
  EXPECT_EQ(this->take("r", 8, 15), (BlockTables<S>{{1, 2}}));
  EXPECT_EQ(this->tables("r"), (BlockTables<S>{{0, 0, 1, 2}}));
  this->add("s", tokens(15));
  EXPECT_EQ(this->look_up("s"), 12u);
}

// Only the state to resume from is a hit. Covers: LOOK-10, MAMBA-02
TYPED_TEST(GroupKinds, AStateIsAHitOnceItsStepIsOver) {
  this->start(config_of({mamba(4, MambaCacheMode::all)}, 12));
  this->run(NewStepStarts<S>{});
  this->add("r", tokens(9));
  EXPECT_EQ(this->run(this->allocation("r", 0, 9)).result, (BlockTables<S>{{1, 2, 3}}));
  this->add("s", tokens(9));
  EXPECT_EQ(this->look_up("s"), 8u);
  EXPECT_EQ(this->take("s", 8, 9), std::nullopt);
  this->run(NewStepStarts<S>{});
  EXPECT_EQ(this->look_up("s"), 8u);
  EXPECT_EQ(this->take("s", 8, 9), (BlockTables<S>{{4}}));
  EXPECT_EQ(this->tables("s"), (BlockTables<S>{{0, 2, 4}}));
}

// Covers: MAMBA-01
TYPED_TEST(GroupKinds, SpeculativeBlocksComeOnTopInTheModesNoneAndAll) {
  this->start(config_of({mamba(4, MambaCacheMode::none, 2)}, 12));
  this->add("r", tokens(5));
  EXPECT_EQ(this->run(this->allocation("r", 0, 5)).result, (BlockTables<S>{{1, 2, 3, 4}}));
}

// The table of mode align step by step, with 1 speculative block: nulls, the running state, the speculative block; then
// that block is moved to the end, the last state is kept until the next step, and then freed.
// Covers: MAMBA-03, MAMBA-04, MAMBA-05, MAMBA-06, FREE-09
TYPED_TEST(GroupKinds, AnAlignedTableKeepsTheRunningStateAndTheLast) {
  this->start(config_of({mamba(4, MambaCacheMode::align, 1)}, 12));
  this->add("r", tokens(20));
  EXPECT_EQ(this->run(this->allocation("r", 0, 8)).result, (BlockTables<S>{{0, 1, 2}}));
  AllocateSlots<S> step = this->allocation("r", 8, 8);
  step.num_lookahead_tokens = 4;  // left out
  EXPECT_EQ(this->run(step).result, (BlockTables<S>{{2, 3}}));
  EXPECT_EQ(this->tables("r"), (BlockTables<S>{{0, 1, 0, 2, 3}}));
  EXPECT_EQ(this->run(this->allocation("r", 16, 4)).result, (BlockTables<S>{{4}}));
  EXPECT_EQ(this->tables("r"), (BlockTables<S>{{0, 0, 0, 2, 3, 4}}));
}

// A caller caches a draft's block, which then would become the running state and be cached a second time; where the
// step ends before the end of a block, nothing is cached. Covers: CACHE-04, MAMBA-05
TYPED_TEST(GroupKinds, ACachedDraftCannotBeCachedAgainAsTheRunningState) {
  this->start(config_of({mamba(4, MambaCacheMode::align, 1)}, 12));
  this->add("r", tokens(12));
  this->run(this->allocation("r", 0, 4));
  CacheBlocks<S> caching{};
  caching.req = "r";
  caching.num_computed_tokens = 8;
  this->run(caching);
  ASSERT_EQ(this->tables("r"), (BlockTables<S>{{1, 2}}));
  const auto before = this->system_.view();
  const auto result = this->system_.step(this->allocation("r", 8, 4));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error(), (Error{Clause::cache_04, 2}));
  EXPECT_EQ(this->system_.view(), before);
  EXPECT_EQ(this->run(this->allocation("r", 8, 3)).result, (BlockTables<S>{{2, 3}}));
}

// Fewer drafts than in the step before: nothing is needed, and nothing changes. Covers: DEV-03, MAMBA-04, ALLOC-18
TYPED_TEST(GroupKinds, AnAlignedTableDoesNotShrink) {
  for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
    Config<S> config = config_of({mamba(4, MambaCacheMode::align, 1)}, 12);
    config.semantics = semantics;
    this->start(config);
    this->add("r", tokens(10));
    this->run(this->allocation("r", 0, 8));
    this->run(this->allocation("r", 8, 5));  // 3 of them drafts, which are rejected
    const auto before = this->system_.view();
    const auto result = this->system_.step(this->allocation("r", 10, 1));
    if (semantics == Semantics::sound) {
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(result.value().result, (BlockTables<S>{{}}));
    } else {
      ASSERT_FALSE(result.ok());
      EXPECT_EQ(result.error(), (Error{Clause::alloc_18, 11}));
      EXPECT_EQ(this->system_.view(), before);
    }
  }
}

// External tokens need a block for the state they come with, beside that of the running state. A pool of 1 has not
// both. Covers: DEV-13, MAMBA-04, ALLOC-11, ALLOC-18
TYPED_TEST(GroupKinds, TheStateOfExternalTokensIsCounted) {
  for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
    Config<S> config = config_of({mamba(4, MambaCacheMode::align)}, 2);
    config.semantics = semantics;
    this->start(config);
    this->add("r", tokens(10));
    AllocateSlots<S> command = this->allocation("r", 0, 2);
    command.num_external_computed_tokens = 8;
    const auto before = this->system_.view();
    const auto result = this->system_.step(command);
    if (semantics == Semantics::sound) {
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(result.value().result, std::nullopt);
    } else {
      ASSERT_FALSE(result.ok());
      EXPECT_EQ(result.error(), (Error{Clause::alloc_18, 10}));
      EXPECT_EQ(this->system_.view(), before);
    }
  }
}

// Two full attention specs and a window: with block 3 of the prompt gone from the second full group, everything is cut
// to 8 tokens. Covers: LOOK-11, LOOK-12, LOOK-13, LOOK-15, DEV-07
TYPED_TEST(GroupKinds, EveryFullAttentionHitIsCutToTheCommonLength) {
  for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
    GroupSpec mla = full(4);
    mla.kind = GroupKind::mla;
    Config<S> config = config_of({window(4, 5), full(4), mla}, 20);
    config.semantics = semantics;
    this->start(config);
    this->add("r", tokens(17));
    ASSERT_EQ(this->run(this->allocation("r", 0, 17)).result,
              (BlockTables<S>{{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}, {11, 12, 13, 14, 15}}));
    this->run(EvictBlocks<S>{{3, 4}});
    this->add("s", tokens(17));
    GetComputedBlocks<S> look_up{};
    look_up.req = "s";
    const auto hit = this->run(look_up);
    EXPECT_EQ(hit.num_computed_tokens, 8u);
    const BlockList<S> last = semantics == Semantics::sound ? BlockList<S>{11, 12} : BlockList<S>{11, 12, 13, 14};
    EXPECT_EQ(hit.blocks, (BlockTables<S>{{0, 2}, {6, 7}, last}));
  }
}

// Groups of one spec have keys of their own, and a hit needs the block in each of them. Covers: HASH-11, LOOK-11
TYPED_TEST(GroupKinds, GroupsOfOneSpecHitOnlyTogether) {
  this->start(config_of({full(4), window(4, 5), window(4, 5)}, 20));
  this->add("r", tokens(9));
  ASSERT_EQ(this->run(this->allocation("r", 0, 9)).result, (BlockTables<S>{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}));
  this->add("s", tokens(9));
  EXPECT_EQ(this->look_up("s"), 8u);
  this->run(EvictBlocks<S>{{8}});
  EXPECT_EQ(this->look_up("s"), 4u);
}

// Blocks of 4 and of 8 tokens: caching and hits go by scheduler blocks of 8. Covers: CACHE-07, HASH-10, LOOK-12
TYPED_TEST(GroupKinds, SeveralGroupsCacheWholeSchedulerBlocks) {
  Config<S> config = config_of({full(4), window(8, 9)}, 20);
  config.scheduler_block_size = 8;
  this->start(config);
  this->add("r", tokens(13));
  this->run(this->allocation("r", 0, 13));
  const auto state = this->system_.view().state;
  EXPECT_EQ(state.cached_map_size, 3u);  // 2 blocks of 4 and 1 of 8 tokens, although 3 of 4 are full
  this->add("s", tokens(13));
  EXPECT_EQ(this->look_up("s"), 8u);
}

// The example of the text. Covers: HASH-14, HASH-04
TYPED_TEST(GroupKinds, XxhashGivesShortDigests) {
  for (const auto& [function, expected] : {std::pair{HashFunction::xxhash, "f3856cedd7e636094750c4546e855397"},
                                           {HashFunction::xxhash_cbor, "0a8577df5ee3430515a8cc1f6e3ac52e"}}) {
    Config<S> config = config_of({full(4)}, 8);
    config.hash_fn = function;
    this->start(config);
    AddRequest<S> command{};
    command.req = "r";
    command.tokens = {1, 2, 3, 4, 5};
    const auto seen = this->run(command);
    ASSERT_EQ(seen.block_hashes.size(), 1u);
    std::string hex;
    append_hex(hex, seen.block_hashes[0].view());
    EXPECT_EQ(hex, expected);
  }
}

// A pool-level caller caches a block of a request. It stands in the way of the request's own caching only while it is
// in the table: not once it is skipped, nor where a speculative block moves away from. Covers: CACHE-04, MAMBA-05
TYPED_TEST(GroupKinds, ABlockThatLeavesTheTableMayHaveAHash) {
  struct Case {
    GroupSpec spec;
    std::size_t place;  // of the block that gets a hash
    Count num_new;      // tokens, after 8
    bool refused;
  };
  const GroupSpec states = mamba(4, MambaCacheMode::align, 1);  // null, running state, speculative block
  for (const Case& c : {Case{window(4, 4), 0, 5, false}, Case{window(4, 9), 0, 5, true}, Case{states, 1, 5, true},
                        Case{states, 2, 5, false}}) {
    this->start(config_of({c.spec}, 10));
    this->add("r", tokens(13));
    AllocateSlots<S> first = this->allocation("r", 0, 8);
    first.delay_cache_blocks = true;
    this->run(first);
    const BlockId b = this->tables("r")[0].at(c.place);
    this->run(PoolTouch<S>{{b}});
    PoolCacheFullBlocks<S> cache{};
    cache.req = "r";
    cache.block_ids = {b};
    cache.num_full_blocks = 1;
    this->run(cache);
    const auto result = this->system_.step(this->allocation("r", 8, c.num_new));
    EXPECT_EQ(result.ok(), !c.refused) << static_cast<int>(c.spec.kind) << " " << c.place;
    if (!result.ok()) {
      EXPECT_EQ(result.error(), (Error{Clause::cache_04, b}));
    }
  }
}

// External tokens may leave more cached than the request has hashes for; there is nothing to cache then.
// Covers: CACHE-02, CACHE-03, CACHE-06
TYPED_TEST(GroupKinds, AnEmptyRangeIsCachedWhateverTheHashes) {
  for (const GroupSpec& spec : {window(4, 4), chunked(4, 4), mamba(4, MambaCacheMode::all)}) {
    this->start(config_of({spec}, 10));
    this->add("r", tokens(4));
    AllocateSlots<S> load = this->allocation("r", 0, 1);
    load.num_external_computed_tokens = 12;
    this->run(load);
    CacheBlocks<S> cache{};
    cache.req = "r";
    cache.num_computed_tokens = 8;
    this->run(cache);
  }
}

// What is freed is no longer new. Covers: ALLOC-15, DEV-10
TYPED_TEST(GroupKinds, FreedBlocksAreNotListedAsNew) {
  for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
    Config<S> config = config_of({full(4), window(4, 5)}, 12);
    config.semantics = semantics;
    this->start(config);
    this->add("r", tokens(8));
    this->run(this->allocation("r", 0, 8));
    this->free("r");
    const BlockList<S> expected = semantics == Semantics::sound ? BlockList<S>{} : BlockList<S>{1, 2};
    EXPECT_EQ(this->run(TakeNewBlockIds<S>{}).result, expected);
  }
}

}  // namespace
}  // namespace kvspec
