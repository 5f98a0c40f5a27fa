// The parts of the manager of small scope, and where its scope ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "fuzz/farm/prefix_hashing.hpp"
#include "fuzz/farm/storage.hpp"
#include "fuzz/farm/systems.hpp"
#include "impl/cuda/small/block_word.hpp"
#include "impl/cuda/small/manager.hpp"
#include "impl/cuda/small/prefix.hpp"
#include "spec/storage.hpp"

namespace kvspec::cuda::small {
namespace {

using S = Growing;

std::vector<BlockId> ids_of(const BlockWord& word) {
  std::vector<BlockId> ids;
  for (const BlockId b : word) ids.push_back(b);
  return ids;
}

TEST(BlockWord, IsAListOfIds) {
  std::mt19937 random(1);
  for (int turn = 0; turn < 2000; ++turn) {
    std::vector<BlockId> expected;
    BlockWord word{};
    for (int step = 0; step < 40; ++step) {
      const BlockId b = random() % 16;
      const std::size_t room = word_places - expected.size();
      switch (random() % 6) {
        case 0:
          if (room > 0) {
            word.push_back(b);
            expected.push_back(b);
          }
          break;
        case 1:
          if (!expected.empty()) {
            const std::uint32_t at = static_cast<std::uint32_t>(random() % expected.size());
            word.erase_at(at);
            expected.erase(expected.begin() + at);
          }
          break;
        case 2:
          if (!expected.empty()) {
            const std::uint32_t at = static_cast<std::uint32_t>(random() % expected.size());
            word.set(at, b);
            expected[at] = b;
          }
          break;
        case 3: {
          BlockWord other{};
          std::vector<BlockId> others(std::min<std::size_t>(room, random() % 5));
          for (BlockId& id : others) other.push_back(id = random() % 16);
          const bool in_front = random() % 2 == 0;
          in_front ? word.prepend(other) : word.append(other);
          expected.insert(in_front ? expected.begin() : expected.end(), others.begin(), others.end());
          break;
        }
        case 4: {
          const std::uint32_t size = static_cast<std::uint32_t>(random() % 17);
          word.resize(size);
          expected.resize(size, null_block);
          break;
        }
        default:
          if (!expected.empty() && expected.size() < word_places) {
            const std::uint32_t count = static_cast<std::uint32_t>(random() % (expected.size() + 1));
            word.drop_front(count);
            expected.erase(expected.begin(), expected.begin() + count);
          }
      }
      ASSERT_EQ(ids_of(word), expected);
      for (BlockId id = 0; id < 16; ++id) {
        ASSERT_EQ(word.find(id), std::ranges::find(expected, id) - expected.begin());
      }
    }
  }
}

TEST(Prefix, IsEqualForEqualTokensOnly) {
  Prefix a{};
  Prefix b{};
  EXPECT_TRUE(a == b);
  a.append(0);
  EXPECT_FALSE(a == b);  // a token of value 0 is a token
  EXPECT_EQ(a.num_tokens(), 1U);
  for (const Token token : {3, 1, 2}) a.append(token);
  b.append(0);
  b.append(3);
  EXPECT_TRUE(a.first(2) == b);
  for (std::uint32_t n = a.num_tokens(); n < most_tokens; ++n) a.append(n % 4);
  EXPECT_EQ(a.num_tokens(), most_tokens);
  EXPECT_TRUE(a.first(2) == b);
}

// The model's digests of prefixes are those of the small manager. [HASH-01, HASH-12]
TEST(Prefix, IsWhatTheModelHashes) {
  const Config<S> config = single_group_config<S>(GroupKind::full, 2, 8, 24);
  const fuzz::farm::PrefixHashing<S> hashing;
  const std::vector<Token> tokens{1, 0, 3, 3, 2};
  AddRequest<S> add{};
  add.req = "r";
  add.tokens = tokens;
  Manager<S> manager = Manager<S>::create(config).value();
  const auto seen = manager.step(add);
  ASSERT_TRUE(seen.ok());
  ASSERT_EQ(seen.value().block_hashes.size(), 2U);
  Digest parent = hashing.none_hash(config);
  for (std::size_t i = 0; i < 2; ++i) {
    parent = hashing.block(config, parent, std::span(tokens).subspan(2 * i, 2), {});
    EXPECT_EQ(seen.value().block_hashes[i], parent);
  }
  // What is no prefix of the scope has the digest of none, whatever follows.
  const Digest none = hashing.block(config, parent, std::vector<Token>{4}, {});
  EXPECT_TRUE(std::ranges::all_of(none.bytes, [](std::uint8_t byte) { return byte == 0; }));
  EXPECT_EQ(hashing.block(config, none, std::vector<Token>{1}, {}), none);
}

Clause clause_of(const auto& result) { return result ? Clause::i30 : result.error().clause; }

// [SCOPE-01]
TEST(Scope, EndsWithAnError) {
  const Config<S> fits = single_group_config<S>(GroupKind::full, 2, 16, 31);
  ASSERT_TRUE(Manager<S>::create(fits).ok());
  Config<S> config = fits;
  config.num_blocks = 17;
  EXPECT_EQ(clause_of(Manager<S>::create(config)), Clause::scope_01);
  config = fits;
  config.max_model_len = 32;
  EXPECT_EQ(clause_of(Manager<S>::create(config)), Clause::scope_01);
  config = fits;
  config.events = true;
  EXPECT_EQ(clause_of(Manager<S>::create(config)), Clause::scope_01);
  config = fits;
  config.hash_bits = 4;
  EXPECT_EQ(clause_of(Manager<S>::create(config)), Clause::scope_01);
  config = fits;
  config.num_blocks = 0;  // what is invalid is invalid first
  EXPECT_EQ(clause_of(Manager<S>::create(config)), Clause::conf_01);

  Manager<S> manager = Manager<S>::create(fits).value();
  const View<S> before = manager.view();
  AddRequest<S> add{};
  add.req = "r";
  add.tokens = {4};
  EXPECT_EQ(clause_of(manager.step(add)), Clause::scope_01);
  add.tokens = {0};
  add.cache_salt = "salt";
  EXPECT_EQ(clause_of(manager.step(add)), Clause::scope_01);
  add.cache_salt.reset();
  add.req = "nine bytes";
  EXPECT_EQ(clause_of(manager.step(add)), Clause::scope_01);
  EXPECT_EQ(clause_of(manager.step(PoolGetNewBlocks<S>{})), Clause::scope_01);
  EXPECT_EQ(manager.view(), before);
  for (const char* req : {"a", "b", "c", "d"}) {
    add.req = req;
    EXPECT_TRUE(manager.step(add).ok());
  }
  add.req = "e";
  EXPECT_EQ(clause_of(manager.step(add)), Clause::scope_01);
  EXPECT_EQ(clause_of(manager.step(AppendTokens<S>{"a", TokenList<S>(31, 1)})), Clause::scope_01);
  EXPECT_TRUE(manager.step(AppendTokens<S>{"a", TokenList<S>(30, 1)}).ok());
}

// ---- Single rules, as tests/unit asks the other systems for them ----------------------------------------------------

template <class S>
AddRequest<S> added(const char* req, std::initializer_list<Token> tokens) {
  AddRequest<S> add{};
  add.req = RequestId<S>(req);
  for (const Token token : tokens) add.tokens.push_back(token);
  return add;
}
template <class S>
AllocateSlots<S> allocation(const char* req, Count computed, Count count) {
  AllocateSlots<S> command{};
  command.req = RequestId<S>(req);
  command.req_num_computed_tokens = computed;
  command.num_new_tokens = count;
  return command;
}

// A caller caches a draft's block, which then would become the running state and be cached a second time; where the
// step ends before the end of a block, nothing is cached. Covers: CACHE-04, MAMBA-05
template <class System>
void expect_cached_draft_refused() {
  Config<S> config = single_group_config<S>(GroupKind::mamba, 4, 12, 24);
  config.groups[0].mamba_cache_mode = MambaCacheMode::align;
  config.groups[0].num_speculative_blocks = 1;
  System manager = System::create(config).value();
  ASSERT_TRUE(manager.step(added<S>("r", {0, 1, 2, 3, 0, 0, 1, 1, 2, 2, 3, 3})).ok());
  ASSERT_TRUE(manager.step(allocation<S>("r", 0, 4)).ok());
  ASSERT_TRUE(manager.step(CacheBlocks<S>{"r", 8}).ok());
  ASSERT_EQ(manager.step(GetBlockIds<S>{"r"}).value().result, (BlockTables<S>{{1, 2}}));
  const View<S> before = manager.view();
  const auto result = manager.step(allocation<S>("r", 8, 4));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error(), (Error{Clause::cache_04, 2}));
  EXPECT_EQ(manager.view(), before);
  EXPECT_EQ(manager.step(allocation<S>("r", 8, 3)).value().result, (BlockTables<S>{{2, 3}}));

  // From then on the block has the hash of another place, and whoever caches its own is refused.
  const View<S> moved = manager.view();
  const auto cached = manager.step(CacheBlocks<S>{"r", 12});
  ASSERT_FALSE(cached.ok());
  EXPECT_EQ(cached.error(), (Error{Clause::cache_04, 2}));
  const auto allocated = manager.step(allocation<S>("r", 11, 1));
  ASSERT_FALSE(allocated.ok());
  EXPECT_EQ(allocated.error(), (Error{Clause::cache_04, 2}));
  EXPECT_EQ(manager.view(), moved);
}

TEST(SmallManager, ACachedDraftCannotBeCachedAgainAsTheRunningState) {
  expect_cached_draft_refused<Manager<S>>();
  expect_cached_draft_refused<fuzz::farm::Model<S>>();
}

// ---- What has no room is said ---------------------------------------------------------------------------------------

// Seventeen states of one group cached in a step: the list of the system beside this one holds sixteen.
TEST(SmallManager, OutgrowsTheStatesOfAStep) {
  Config<S> config = single_group_config<S>(GroupKind::mamba, 1, 16, 16);
  config.groups[0].mamba_cache_mode = MambaCacheMode::all;
  Manager<S> manager = Manager<S>::create(config).value();
  ASSERT_TRUE(manager.step(added<S>("a", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0})).ok());
  ASSERT_TRUE(manager.step(allocation<S>("a", 0, 10)).ok());
  ASSERT_TRUE(manager.step(Free<S>{"a", true}).ok());
  ASSERT_TRUE(manager.step(added<S>("b", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1})).ok());
  ASSERT_TRUE(manager.step(allocation<S>("b", 0, 6)).ok());
  EXPECT_FALSE(manager.outgrown());
  EXPECT_EQ(manager.view().state.managers[0].cached_blocks_this_step->size(), 16U);
  ASSERT_TRUE(manager.step(allocation<S>("b", 6, 1)).ok());
  EXPECT_TRUE(manager.outgrown());
}

// Twenty-four new blocks of three groups: all of them, or as many as the storage's list holds, which is said.
template <class Storage>
Manager<Storage> with_new_blocks() {
  Config<Storage> config = single_group_config<Storage>(GroupKind::full, 1, 16, 16);
  config.groups.push_back(config.groups[0]);
  config.groups.push_back(config.groups[0]);
  config.groups[1].block_size = config.scheduler_block_size = 2;
  config.groups[2].kind = GroupKind::mla;
  config.semantics = Semantics::recorded;  // freed blocks stay listed [DEV-10]
  Manager<Storage> manager = Manager<Storage>::create(config).value();
  EXPECT_TRUE(manager.step(added<Storage>("a", {0, 1, 2, 3})).ok());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(manager.step(allocation<Storage>("a", 0, 3)).value().result.has_value());
    EXPECT_TRUE(manager.step(Free<Storage>{RequestId<Storage>("a"), false}).ok());
  }
  EXPECT_FALSE(manager.outgrown());
  return manager;
}

TEST(SmallManager, OutgrowsAnAnswerThatIsCut) {
  Manager<S> manager = with_new_blocks<S>();
  EXPECT_EQ(manager.step(TakeNewBlockIds<S>{}).value().result.size(), 24U);
  EXPECT_FALSE(manager.outgrown());
  using Packed = fuzz::farm::Storage;
  Manager<Packed> packed = with_new_blocks<Packed>();
  EXPECT_EQ(packed.step(TakeNewBlockIds<Packed>{}).value().result.size(), 16U);
  EXPECT_TRUE(packed.outgrown());
}

}  // namespace
}  // namespace kvspec::cuda::small
