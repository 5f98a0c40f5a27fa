// Where the recorded semantics part from the sound ones: what each deviation does to the manager, alone and with
// others.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "impl/host/deviations.hpp"
#include "tests/unit/host_manager_fixture.hpp"

namespace kvspec::host {
namespace {

class HostRecorded : public HostManager {};

// A window of three tokens and states in the mode align with a draft, in a pool of 20 blocks.
Config<Growing> window_and_states(Semantics semantics) {
  Config<Growing> config = config_of(20);
  config.semantics = semantics;
  config.groups.push_back(config.groups[0]);
  config.groups[0].kind = GroupKind::swa;
  config.groups[0].sliding_window = 3;
  config.groups[1].kind = GroupKind::mamba;
  config.groups[1].mamba_cache_mode = MambaCacheMode::align;
  config.groups[1].num_speculative_blocks = 1;
  return config;
}

// Covers: DEV-12
TEST_F(HostRecorded, AsRecordedACachingCallIsOneEvent) {
  Config<Growing> config = config_of(9);
  config.semantics = Semantics::recorded;
  start(config);
  add("a", tokens(9));
  const BlockList<Growing> blocks = take(2);
  run(pool_cache("a", {blocks[0], null_block}, 0, 2));
  run(pool_cache("a", {null_block}, 0, 1));
  const EventList<Growing> events = run(TakeEvents<Growing>{}).events;
  ASSERT_EQ(events.size(), 2U);
  const auto& stored = std::get<BlockStored<Growing>>(events[0]);
  EXPECT_EQ(stored.block_hashes.size(), 1U);
  EXPECT_EQ(stored.token_ids.size(), 8U);
  const auto& nothing = std::get<BlockStored<Growing>>(events[1]);
  EXPECT_TRUE(nothing.block_hashes.empty());
  EXPECT_EQ(nothing.extra_keys, std::nullopt);
}

// Covers: FREE-05, FREE-06, DEV-06
TEST_F(HostRecorded, AskingMakesATableAsRecordedOnly) {
  for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
    Config<Growing> config = config_of(9);
    config.semantics = semantics;
    start(config);
    add("a", tokens(9));
    add("b", tokens(9));
    run(allocation("a", 0, 9));
    GetNumCommonPrefixBlocks<Growing> common{};
    common.req = "a";
    EXPECT_EQ(run(common).result, (CountList<Growing>{3}));
    common.req = "b";
    EXPECT_EQ(run(common).result, (CountList<Growing>{0}));
    common.req = "a";
    EXPECT_EQ(run(common).result, (CountList<Growing>{semantics == Semantics::sound ? 3U : 0U}));
    run(release("b", false));
    EXPECT_EQ(run(common).result, (CountList<Growing>{3}));
  }
}

// A request of a window and of states in the mode align is refused, and then nothing at all has changed.
// Covers: ALLOC-18, DEV-03
TEST_F(HostRecorded, AsRecordedATableCannotBecomeShorter) {
  for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
    start(window_and_states(semantics));
    add("a", tokens(4));
    EXPECT_EQ(run(allocation("a", 0, 4)).result, (BlockTables<Growing>{{1}, {2, 3}}));
    AppendTokens<Growing> append{};
    append.req = "a";
    append.tokens = {9};
    run(append);
    EXPECT_EQ(run(allocation("a", 4, 5)).result, (BlockTables<Growing>{{4, 5}, {3, 6}}));
    append.tokens = {10, 11, 12};
    run(append);
    if (semantics == Semantics::recorded) {
      refuse(allocation("a", 7, 1), Clause::alloc_18, 8);
    } else {
      EXPECT_EQ(run(allocation("a", 7, 1)).result, (BlockTables<Growing>{{}, {}}));
    }
  }
}

// As recorded such a request is refused only if the pool has the blocks: those that are free, and those that skipping
// frees, which are not all that is skipped.
// Covers: ALLOC-18, DEV-03, FREE-07
TEST_F(HostRecorded, WhatSkippingWillFreeCounts) {
  for (const bool is_shared : {false, true}) {
    start(window_and_states(Semantics::recorded));
    add("a", tokens(4));
    run(allocation("a", 0, 4));
    run(allocation("a", 4, 5));
    EXPECT_EQ(run(GetBlockIds<Growing>{"a"}).result, (BlockTables<Growing>{{1, 4, 5}, {2, 0, 3, 6}}));
    take(manager.num_free());
    if (is_shared) run(pool_touch({1}));
    // With 7 tokens computed 1 and 2 are skipped; the window needs more blocks, the states one less.
    const std::vector<Count> lookahead = is_shared ? std::vector<Count>{9} : std::vector<Count>{9, 13};
    for (const Count tokens : lookahead) {
      AllocateSlots<Growing> command = allocation("a", 7, 1);
      command.num_lookahead_tokens = tokens;
      refuse(command, Clause::alloc_18, 8);
    }
    AllocateSlots<Growing> more = allocation("a", 7, 1);
    more.num_lookahead_tokens = is_shared ? 13 : 17;
    EXPECT_EQ(run(more).result, std::nullopt);
  }
}

// Covers: ALLOC-19, DEV-09
TEST_F(HostRecorded, WhatNeverFitsIsRejected) {
  Config<Growing> config = config_of(5);
  start(config);
  add("a", tokens(20));
  AllocateSlots<Growing> command = allocation("a", 0, 4);
  command.full_sequence_must_fit = true;
  refuse(command, Clause::alloc_19, 5);
  config.semantics = Semantics::recorded;
  start(config);
  add("a", tokens(20));
  EXPECT_EQ(run(command).result, std::nullopt);
}

// Each deviation can be had alone. [DEV-03] is as far as a table that would become shorter goes, [DEV-13] as far as a
// pool that runs out of blocks for loaded states does. Covers: ALLOC-18, DEV-03, DEV-13
TEST_F(HostRecorded, SomeOfTheDeviations) {
  Config<Growing> config = config_of(6);
  config.groups[0].kind = GroupKind::mamba;
  config.groups[0].mamba_cache_mode = MambaCacheMode::align;
  config.groups[0].num_speculative_blocks = 1;
  const auto start_with = [&](std::vector<Clause> deviations) {
    manager = std::move(Manager::create(config, deviations).value());
    add("a", tokens(30));
  };
  for (const Clause deviation : {Clause::dev_03, Clause::dev_13, Clause::pool_01}) {
    start_with({deviation});
    run(allocation("a", 0, 9));
    if (deviation == Clause::dev_03) {
      refuse(allocation("a", 3, 1), Clause::alloc_18, 4);
    } else {
      run(allocation("a", 3, 1));
    }
    start_with({deviation});
    take(3);
    AllocateSlots<Growing> loads = allocation("a", 0, 1);
    loads.num_external_computed_tokens = 8;
    if (deviation == Clause::dev_13) {
      refuse(loads, Clause::alloc_18, 9);
    } else {
      EXPECT_EQ(run(loads).result, std::nullopt);
    }
  }
}

// Covers: DEV-01, DEV-14
TEST(HostDeviationSwitches, AreThoseThatAreNamed) {
  constexpr std::array switches{&Deviations::groups_take_hits_in_turn,     &Deviations::states_are_sought_beyond,
                                &Deviations::needs_can_be_negative,        &Deviations::only_last_item_is_hashed,
                                &Deviations::texts_are_bare_keys,          &Deviations::asking_makes_a_table,
                                &Deviations::only_first_spec_is_cut,       &Deviations::window_of_one_caches_nothing,
                                &Deviations::what_never_fits_is_refused,   &Deviations::freed_blocks_stay_listed,
                                &Deviations::look_ups_are_counted_at_once, &Deviations::a_caching_call_is_one_event,
                                &Deviations::loaded_states_are_not_needed, &Deviations::freeing_stops_at_null};
  constexpr Clause just_after = static_cast<Clause>(static_cast<std::size_t>(Clause::dev_14) + 1);
  const Deviations none = Deviations::of(true);
  const Deviations all = Deviations::of(false);
  const Deviations others =
      Deviations::of(std::vector{Clause::alloc_01, Clause::conf_01, Clause::pool_01, Clause::i1, just_after});
  for (std::size_t i = 0; i < switches.size(); ++i) {
    const Clause deviation = static_cast<Clause>(static_cast<std::size_t>(Clause::dev_01) + i);
    const Deviations one = Deviations::of(std::vector{deviation});
    for (const auto each : switches) EXPECT_EQ(one.*each, each == switches[i]);
    EXPECT_FALSE(none.*switches[i]);
    EXPECT_TRUE(all.*switches[i]);
    EXPECT_FALSE(others.*switches[i]);
  }
}

}  // namespace
}  // namespace kvspec::host
