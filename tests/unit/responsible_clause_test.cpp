// Which clause a difference names: that of the kind of group, where the configuration says which it is.
#include "spec/trace/responsible_clause.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace kvspec {
namespace {

using S = Growing;

std::vector<GroupSpec> some_groups() {
  GroupSpec full{};
  full.kind = GroupKind::full;
  GroupSpec window{};
  window.kind = GroupKind::swa;
  GroupSpec states{};
  states.kind = GroupKind::mamba;
  states.mamba_cache_mode = MambaCacheMode::align;
  return {full, window, states};
}

TEST(ResponsibleClause, AHitIsOfTheKindOfItsGroup) {
  const std::vector<GroupSpec> groups = some_groups();
  const Command<S> look_up = GetComputedBlocks<S>{};
  EXPECT_EQ(clause_of_observation(look_up, "blocks[0].size()", groups), Clause::look_03);
  EXPECT_EQ(clause_of_observation(look_up, "blocks[1].size()", groups), Clause::look_07);
  EXPECT_EQ(clause_of_observation(look_up, "blocks[2].size()", groups), Clause::look_10);
  EXPECT_EQ(clause_of_observation(look_up, "blocks[0][1]", groups), Clause::pool_09);
  EXPECT_EQ(clause_of_observation(look_up, "blocks[2][1]", groups), Clause::look_10);
  // Not known, or no group.
  EXPECT_EQ(clause_of_observation(look_up, "blocks[1].size()"), Clause::look_03);
  EXPECT_EQ(clause_of_observation(look_up, "blocks[3].size()", groups), Clause::look_03);
  EXPECT_EQ(clause_of_observation(look_up, "num_computed_tokens", groups), Clause::look_03);
}

TEST(ResponsibleClause, AnErrorInTheSearchForAHitIsNoMatterOfCopies) {
  EXPECT_EQ(clause_of_observation(GetComputedBlocks<S>{}, ""), Clause::look_03);
}

TEST(ResponsibleClause, AnAllocationIsOfTheKindOfItsGroup) {
  const std::vector<GroupSpec> groups = some_groups();
  const Command<S> allocation = AllocateSlots<S>{};
  EXPECT_EQ(clause_of_observation(allocation, "result[0].size()", groups), Clause::alloc_12);
  EXPECT_EQ(clause_of_observation(allocation, "result[2].size()", groups), Clause::mamba_03);
  EXPECT_EQ(clause_of_observation(allocation, "result[0][1]", groups), Clause::pool_03);
  EXPECT_EQ(clause_of_observation(allocation, "result[2][1]", groups), Clause::pool_03);
}

// Other blocks of a table come from another order, another length from another growth.
TEST(ResponsibleClause, ABlockTableIsOfItsAllocations) {
  const Command<S> table = GetBlockIds<S>{};
  EXPECT_EQ(clause_of_observation(table, "result[0].size()"), Clause::alloc_12);
  EXPECT_EQ(clause_of_observation(table, "result[0][2]"), Clause::pool_03);
}

TEST(ResponsibleClause, AStateNamesWhatMadeThePart) {
  const Command<S> allocation = AllocateSlots<S>{};
  EXPECT_EQ(clause_of_view(allocation, "managers[0].allocated_block_reqs.size()"), Clause::mamba_04);
  EXPECT_EQ(clause_of_view(allocation, "managers[0].last_state_block_idx[\"r0\"]"), Clause::mamba_06);
  EXPECT_EQ(clause_of_view(allocation, "managers[0].cached_blocks_this_step.size()"), Clause::mamba_02);
}

TEST(ResponsibleClause, AnAnswerOfOnePartNamesTheClauseOfItsCommand) {
  PoolFreeBlocks<S> prepending{};
  prepending.prepend = true;
  const std::vector<std::pair<Command<S>, Clause>> commands{
      {CacheBlocks<S>{}, Clause::cache_01},         {Free<S>{}, Clause::free_01},
      {RemoveSkippedBlocks<S>{}, Clause::free_04},  {EvictBlocks<S>{}, Clause::pool_11},
      {ResetPrefixCache<S>{}, Clause::pool_13},     {NewStepStarts<S>{}, Clause::mamba_02},
      {TakeNewBlockIds<S>{}, Clause::alloc_15},     {GetNumCommonPrefixBlocks<S>{}, Clause::free_05},
      {PoolGetNewBlocks<S>{}, Clause::pool_03},     {PoolTouch<S>{}, Clause::pool_05},
      {PoolFreeBlocks<S>{}, Clause::pool_06},       {prepending, Clause::pool_07},
      {PoolCacheFullBlocks<S>{}, Clause::cache_01}, {PoolGetCachedBlock<S>{}, Clause::pool_09}};
  for (const auto& [command, clause] : commands) EXPECT_EQ(clause_of_observation(command, "result"), clause);
}

TEST(ResponsibleClause, AHashOrAnEventIsOfTheCommandBehindIt) {
  EXPECT_EQ(clause_of_view(PoolCacheFullBlocks<S>{}, "state.hashes[1]"), Clause::cache_01);
  EXPECT_EQ(clause_of_view(ResetPrefixCache<S>{}, "state.hashes[1]"), Clause::pool_13);
  EXPECT_EQ(clause_of_view(ResetPrefixCache<S>{}, "state.free_queue[0]"), Clause::pool_13);
}

TEST(ResponsibleClause, AnEventWithOtherBlocksIsNoMatterOfHowHashesAreWritten) {
  const Command<S> events = TakeEvents<S>{};
  EXPECT_EQ(clause_of_observation(events, "events[0].block_hashes.size()"), Clause::event_02);
  EXPECT_EQ(clause_of_observation(events, "events[0].block_hashes[1]"), Clause::event_03);
}

}  // namespace
}  // namespace kvspec
