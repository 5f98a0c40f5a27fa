// What is an engine's own choice under the mode eviction.
#include "fuzz/check/policy.hpp"

#include <gtest/gtest.h>

#include "fuzz/check/tolerance.hpp"

namespace kvspec::fuzz {
namespace {

using S = Growing;

BlockKey<S> some_key(std::uint8_t content) {
  BlockKey<S> key{};
  key.hash.resize(32);
  key.hash[0] = content;
  return key;
}

StateDump<S> holding(std::vector<OfBlock<BlockKey<S>>> hashes) {
  StateDump<S> state{};
  state.hashes = std::move(hashes);
  return state;
}

// Covers: MODE-05
TEST(Policy, AVictimAndACopyAreChoices) {
  const Command<S> allocation = AllocateSlots<S>{};
  const StateDump<S> one = holding({{1, some_key(1)}});
  EXPECT_EQ(choice_of(allocation, one, one), Choice::none);
  EXPECT_EQ(choice_of(allocation, one, holding({{1, some_key(1)}, {2, some_key(2)}})), Choice::none);
  EXPECT_EQ(choice_of(allocation, one, holding({})), Choice::victim);
  EXPECT_EQ(choice_of(allocation, one, holding({{1, some_key(2)}})), Choice::victim);
  EXPECT_EQ(choice_of(allocation, one, holding({{1, some_key(1)}, {2, some_key(1)}})), Choice::copy);
  // Two copies that were there are no new choice.
  const StateDump<S> copies = holding({{1, some_key(1)}, {2, some_key(1)}});
  EXPECT_EQ(choice_of(allocation, copies, copies), Choice::none);
}

// What the caller names is not the engine's to choose.
// Covers: MODE-05
TEST(Policy, WhatIsEvictedByNameIsNoChoice) {
  const StateDump<S> one = holding({{1, some_key(1)}});
  EXPECT_EQ(choice_of(Command<S>(EvictBlocks<S>{}), one, holding({})), Choice::none);
  EXPECT_EQ(choice_of(Command<S>(ResetPrefixCache<S>{}), one, holding({})), Choice::none);
}

// Covers: MODE-05
TEST(Policy, OfAnAllocationThatEvictsTheNumbersAreLeft) {
  AllocateSlots<S>::Observation given{};
  given.result = BlockTables<S>{{4, 7}};
  given.num_free = 3;
  Observation<S> observation = given;
  leave_out_names(observation);
  const auto& left = std::get<AllocateSlots<S>::Observation>(observation);
  EXPECT_EQ(left.num_free, 3);
  EXPECT_EQ(left.result, (BlockTables<S>{{null_block, null_block}}));
}

// Covers: MODE-04, MODE-05
TEST(Tolerance, IsReadAsItIsWritten) {
  for (const char* modes : {"exact", "ids", "order", "eviction", "no-events", "no-hashes", "ids,no-events",
                            "eviction,no-hashes", "order,no-hashes"}) {
    const auto tolerance = Tolerance::from_text(modes);
    ASSERT_TRUE(tolerance.has_value()) << modes;
    EXPECT_EQ(tolerance->to_text(), modes);
  }
  EXPECT_TRUE(Tolerance::from_text("eviction")->order);
  EXPECT_TRUE(Tolerance::from_text("no-hashes")->no_events);
  EXPECT_FALSE(Tolerance::from_text("evict").has_value());
}

}  // namespace
}  // namespace kvspec::fuzz
