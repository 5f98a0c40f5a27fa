// The watch sees what it is for: each of its checks finds a bug that is put into the model on purpose, and finds
// nothing without it. What deviations break is in watch_deviations_test.cpp.
#include "fuzz/watch/watch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>

#include "tests/properties/planted_bugs.hpp"
#include "tests/properties/planted_system.hpp"
#include "tests/properties/watched.hpp"

namespace kvspec::watched {
namespace {

using planted::Correct;
using planted::Model;
using planted::Planted;
using planted::state_of;

// What goes wrong when the model with the bug does the commands, beside itself.
template <class Bug>
std::optional<Counterexample> run(const Config<S>& config, const Commands& commands) {
  Planted::plant(planted::planted<Bug>());
  return watched::run<Planted>(config, commands);
}

// The bug is found, at the last command, as a break of the invariant, and nothing is found without it.
template <class Bug>
void expect_found(Clause invariant, const Config<S>& config, const Commands& commands) {
  const std::optional<Counterexample> correct = run<Correct>(config, commands);
  EXPECT_FALSE(correct) << "without the bug: " << text(correct);
  const std::optional<Counterexample> found = run<Bug>(config, commands);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->clause, invariant) << text(found);
  EXPECT_EQ(found->step + 1, commands.size()) << text(found);
  EXPECT_EQ(found->side, fuzz::Side::both) << text(found);
}

// Blocks that are allocated stay findable. [POOL-03]
struct KeepsHashes : Correct {
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    const auto before = state_of(model).pool;
    auto result = model.step(command);
    auto& pool = state_of(model).pool;
    for (BlockId b = 1; b < model.num_blocks(); ++b) {
      if (before.blocks[b].key && !pool.blocks[b].key) pool.cache(b, *before.blocks[b].key);
    }
    return result;
  }
};

// The block of r0 goes to r1, which writes other tokens into it, and is then handed out to r2 as that of r0.
// Covers: I9
TEST(Watch, SeesAHitOfWhatHasBeenOverwritten) {
  AllocateSlots<S> delayed = allocate("r1", 0, 1);
  delayed.delay_cache_blocks = true;
  expect_found<KeepsHashes>(
      Clause::i9, config_of({full()}, 2),
      {add("r0", {1}), allocate("r0", 0, 1), free("r0"), add("r1", {2}), delayed, add("r2", {1, 3}), look_up("r2")});
}

// A look-up finds nothing. [LOOK-03]
struct FindsNothing : Correct {
  using Correct::step;
  Result<GetComputedBlocks<S>::Observation> step(Model& model, const GetComputedBlocks<S>& command) {
    auto result = model.step(command);
    for (auto& blocks : result.value().blocks) blocks.clear();
    result.value().num_computed_tokens = 0;
    return result;
  }
};

// Covers: I12
TEST(Watch, SeesThatACachedPromptIsNotFound) {
  expect_found<FindsNothing>(
      Clause::i12, config_of({full()}),
      {add("r0", {1, 2}), allocate("r0", 0, 2), free("r0", true), add("r1", {1, 2}), look_up("r1")});
}
TEST(Watch, SeesThatAPreemptedRequestIsNotFoundAgain) {
  expect_found<FindsNothing>(Clause::i12, config_of({full(), window(3)}),
                             {add("r0", {1, 2}), allocate("r0", 0, 2), free("r0"), look_up("r0")});
}
// What is evicted need not be found: neither with the bug nor without it is there anything to see.
TEST(Watch, DoesNotExpectWhatWasEvicted) {
  const Commands commands{add("r0", {1, 2}), allocate("r0", 0, 2), evict(1), add("r1", {1, 2}), look_up("r1")};
  EXPECT_FALSE(run<FindsNothing>(config_of({full()}), commands));
}

// A look-up forgets the last block of a hit. [LOOK-03]
struct LosesABlock : Correct {
  using Correct::step;
  Result<GetComputedBlocks<S>::Observation> step(Model& model, const GetComputedBlocks<S>& command) {
    auto result = model.step(command);
    for (auto& blocks : result.value().blocks) {
      if (!blocks.empty()) blocks.back() = null_block;
    }
    return result;
  }
};

// Covers: I11
TEST(Watch, SeesAHitThatAGroupDoesNotSupport) {
  expect_found<LosesABlock>(Clause::i11, config_of({full()}),
                            {add("r0", {1}), allocate("r0", 0, 1), add("r1", {1, 2}), look_up("r1")});
}

// A look-up goes on to the last token. [LOOK-01]
struct LeavesNoToken : Correct {
  using Correct::step;
  Result<GetComputedBlocks<S>::Observation> step(Model& model, const GetComputedBlocks<S>& command) {
    auto* request = state_of(model).find(command.req);
    if (request == nullptr) return model.step(command);
    request->tokens.push_back(0);
    auto result = model.step(command);
    request = state_of(model).find(command.req);
    request->tokens.pop_back();
    return result;
  }
};

// Covers: I10
TEST(Watch, SeesAHitThatLeavesNoToken) {
  expect_found<LeavesNoToken>(Clause::i10, config_of({full()}),
                              {add("r0", {1}), allocate("r0", 0, 1), add("r1", {1}), look_up("r1")});
}

// An allocation takes a block that it has no use for. [ALLOC-12]
struct TakesOneMore : Correct {
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, AllocateSlots<S> command) {
    command.num_lookahead_tokens += 1;
    return model.step(command);
  }
};

// Covers: I13
TEST(Watch, SeesAnAllocationThatTakesTooMuch) {
  expect_found<TakesOneMore>(Clause::i13, config_of({full()}), {add("r0", {1}), allocate("r0", 0, 1)});
}

// An allocation is refused. [ALLOC-09]
struct RefusesRunning : Correct {
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& command) {
    if (model.num_free() + 1 == model.num_blocks()) return model.step(command);
    return AllocateSlots<S>::Observation{std::nullopt, model.num_free()};
  }
};
struct RefusesAlways : Correct {
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>&) {
    return AllocateSlots<S>::Observation{std::nullopt, model.num_free()};
  }
};

TEST(Watch, SeesARefusalForNothing) {
  expect_found<RefusesRunning>(Clause::i13, config_of({full()}),
                               {add("r0", {1}), allocate("r0", 0, 1), allocate("r0", 1, 1)});
}
// Covers: I28
TEST(Watch, SeesARefusalInAnEmptyPool) {
  expect_found<RefusesAlways>(Clause::i28, config_of({full()}), {add("r0", {1}), allocate("r0", 0, 1)});
}

// A refusal comes as an error. [ALLOC-09]
struct RunsOut : Correct {
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& command) {
    auto result = model.step(command);
    if (result.ok() && !result.value().result) return Error{Clause::pool_04, 1};
    return result;
  }
};

// Covers: I14
TEST(Watch, SeesAnAllocationThatRunsOutOfBlocks) {
  expect_found<RunsOut>(Clause::i14, config_of({full()}, 2), {add("r0", {1, 2}), allocate("r0", 0, 2)});
}

// The window is taken for one token shorter than it is. [FREE-04]
struct SkipsOneMore : Correct {
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& command) {
    auto result = model.step(command);
    auto& blocks = state_of(model).groups[0].tables[0].blocks;
    const auto first = std::ranges::find_if(blocks, [](BlockId b) { return b != null_block; });
    if (command.req_num_computed_tokens == 0 || first == blocks.end()) return result;
    state_of(model).pool.free_blocks({*first});
    *first = null_block;
    result.value().num_free = model.num_free();
    return result;
  }
};

// Without caching nobody could hit the block, but the next token reads it.
// Covers: I19
TEST(Watch, SeesAPositionThatIsReadAndGone) {
  Config<S> config = config_of({window(3)});
  config.enable_caching = false;
  expect_found<SkipsOneMore>(Clause::i19, config,
                             {add("r0", tokens(1, 4)), allocate("r0", 0, 3), allocate("r0", 3, 1)});
}

// The events of evictions are lost. [EVENT-04]
struct LosesRemovals : Correct {
  using Correct::step;
  auto step(Model& model, const TakeEvents<S>& command) {
    auto result = model.step(command);
    std::erase_if(result.value().events, [](const auto& e) { return std::holds_alternative<BlockRemoved<S>>(e); });
    return result;
  }
};
// They are told twice.
struct RepeatsRemovals : Correct {
  using Correct::step;
  auto step(Model& model, const TakeEvents<S>& command) {
    auto result = model.step(command);
    auto& events = result.value().events;
    if (!events.empty() && std::holds_alternative<BlockRemoved<S>>(events.back()))
      events.push_back(Event<S>(events.back()));
    return result;
  }
};

Config<S> with_events(std::initializer_list<GroupSpec> groups, bool as_integers = true) {
  Config<S> config = config_of(groups);
  config.events = true;
  config.events_int_hashes = as_integers;
  return config;
}

// Covers: I22
TEST(Watch, SeesThatTheEventsAreNotTheIndex) {
  for (const bool as_integers : {true, false}) {
    const Config<S> config = with_events({full()}, as_integers);
    const Commands commands{add("r0", {1}), allocate("r0", 0, 1), evict(1), TakeEvents<S>{}};
    expect_found<LosesRemovals>(Clause::i22, config, commands);
    expect_found<RepeatsRemovals>(Clause::i22, config, commands);
    expect_found<planted::SilentReset>(
        Clause::i22, config,
        {add("r0", {1}), allocate("r0", 0, 1), free("r0"), ResetPrefixCache<S>{}, TakeEvents<S>{}});
  }
}

// Each spoils the last BlockStored in one way.
template <class Spoil>
struct SpoilsEvents : Correct {
  using Correct::step;
  auto step(Model& model, const TakeEvents<S>& command) {
    auto result = model.step(command);
    if (!result.value().events.empty()) Spoil{}(std::get<BlockStored<S>>(result.value().events.back()));
    return result;
  }
};
struct OtherToken {
  void operator()(BlockStored<S>& event) { event.token_ids[0] += 1; }
};
struct OtherParent {
  void operator()(BlockStored<S>& event) {
    event.parent_block_hash->integer ^= 1U;
    if (!event.parent_block_hash->is_integer) event.parent_block_hash->bytes[0] ^= 1U;
  }
};
struct NoParent {
  void operator()(BlockStored<S>& event) { event.parent_block_hash.reset(); }
};
struct NoLora {
  void operator()(BlockStored<S>& event) { event.extra_keys->back().clear(); }
};
struct NoKeys {
  void operator()(BlockStored<S>& event) { event.extra_keys.reset(); }
};
struct OtherSize {
  void operator()(BlockStored<S>& event) { event.block_size += 1; }
};

// Covers: I23
TEST(Watch, SeesAnEventThatDoesNotFollow) {
  for (const bool as_integers : {true, false}) {
    const Config<S> config = with_events({full()}, as_integers);
    AddRequest<S> request = add("r0", {1, 2});
    request.lora = Lora<S>{"x", 1};
    const Commands commands{request, allocate("r0", 0, 1), allocate("r0", 1, 1), TakeEvents<S>{}};
    expect_found<SpoilsEvents<OtherToken>>(Clause::i23, config, commands);
    expect_found<SpoilsEvents<OtherParent>>(Clause::i23, config, commands);
    expect_found<SpoilsEvents<NoParent>>(Clause::i23, config, commands);
    expect_found<SpoilsEvents<NoLora>>(Clause::i23, config, commands);
    expect_found<SpoilsEvents<NoKeys>>(Clause::i23, config, commands);
    expect_found<SpoilsEvents<OtherSize>>(Clause::i23, config, commands);
  }
}
// Blocks of two hash blocks.
TEST(Watch, SeesAnEventOfALargeBlockThatDoesNotFollow) {
  const Config<S> config = with_events({full(1), full(2)});
  const Commands commands{add("r0", {1, 2}), allocate("r0", 0, 2), TakeEvents<S>{}};
  expect_found<SpoilsEvents<OtherToken>>(Clause::i23, config, commands);
}

// Nobody has to wait for a state. [MAMBA-02]
struct DoesNotWait : Correct {
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    for (auto& group : state_of(model).groups) group.cached_this_step.clear();
    return model.step(command);
  }
};

// Covers: I24
TEST(Watch, SeesARequestThatResumesFromAStateOfTheSameStep) {
  expect_found<DoesNotWait>(
      Clause::i24, config_of({mamba(MambaCacheMode::all)}),
      {add("r0", {1}), allocate("r0", 0, 1), add("r1", {1, 2}), look_up("r1"), admit("r1", 1, 1)});
}

// A reset forgets nothing. [POOL-13]
struct ForgetsNothing : Correct {
  using Correct::step;
  auto step(Model& model, const ResetPrefixCache<S>& command) {
    const auto pool = state_of(model).pool;
    auto result = model.step(command);
    state_of(model).pool = pool;
    return result;
  }
};

// Covers: I25
TEST(Watch, SeesAResetThatLeavesABlock) {
  expect_found<ForgetsNothing>(Clause::i25, config_of({full()}),
                               {add("r0", {1}), allocate("r0", 0, 1), free("r0"), ResetPrefixCache<S>{}});
}

// The second of two look-ups finds nothing. [LOOK-06]
struct FindsOnce : Correct {
  using Correct::step;
  Result<GetComputedBlocks<S>::Observation> step(Model& model, const GetComputedBlocks<S>& command) {
    const auto* request = state_of(model).find(command.req);
    const bool again = request != nullptr && request->hit;
    auto result = model.step(command);
    if (again) return FindsNothing{}.step(model, command);
    return result;
  }
};
// The second of two refusals counts another number of free blocks.
struct MiscountsARepetition : Correct {
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& command) {
    auto result = model.step(command);
    if (!result.ok() || result.value().result) return result;
    // The name of the configuration, on which nothing depends, remembers that there was a refusal.
    std::optional<std::string>& name = state_of(model).config.name;
    if (name) ++result.value().num_free;
    name = "refused";
    return result;
  }
};

// Covers: I29
TEST(Watch, SeesALookUpThatCannotBeRepeated) {
  expect_found<FindsOnce>(Clause::i29, config_of({full()}),
                          {add("r0", {1}), allocate("r0", 0, 1), add("r1", {1, 2}), look_up("r1"), look_up("r1")});
}

TEST(Watch, SeesARefusalThatCannotBeRepeated) {
  expect_found<MiscountsARepetition>(Clause::i29, config_of({full()}, 2),
                                     {add("r0", {1, 2}), allocate("r0", 0, 2), allocate("r0", 0, 2)});
}

// Statistics that count what was not admitted, and those that forget what was. [STAT-01]
struct CountsNothing : Correct {
  using Correct::step;
  auto step(Model& model, const TakeStats<S>& command) {
    auto result = model.step(command);
    result.value() = {};
    return result;
  }
};

// Covers: I27
TEST(Watch, SeesStatisticsThatMissAnAdmission) {
  expect_found<CountsNothing>(Clause::i27, config_of({full()}),
                              {add("r0", {1}), look_up("r0"), allocate("r0", 0, 1), TakeStats<S>{}});
}

// A request without blocks keeps its table. [FREE-01]
struct KeepsTables : Correct {
  using Correct::step;
  auto step(Model& model, const Free<S>& command) {
    auto result = model.step(command);
    for (auto& group : state_of(model).groups) group.at(command.req);
    return result;
  }
};

// Covers: I26
TEST(Watch, SeesATableThatIsLeft) {
  expect_found<KeepsTables>(Clause::i26, config_of({full()}), {add("r0", {1}), allocate("r0", 0, 1), free("r0")});
}

// ---- What looks wrong and is right ----------------------------------------------------------------------------------

// Rejected drafts, tokens in flight, loads that fail, and a caller beside the requests break nothing.
TEST(Watch, StaysSilentWhereCallersMayDoAsTheyLike) {
  const Config<S> config = with_events({full(2), window(3, 2)});
  AllocateSlots<S> load = admit("r1", 0, 0, 4);
  load.delay_cache_blocks = true;
  CacheBlocks<S> failed_load{};
  failed_load.req = "r1";
  failed_load.num_computed_tokens = 2;
  const Commands drafts{add("r0", tokens(1, 3)), allocate("r0", 0, 3), append("r0", {4}), allocate("r0", 3, 4),
                        append("r0", {5, 6}),    allocate("r0", 5, 1), look_up("r0"),     TakeEvents<S>{}};
  const Commands in_flight{add("r0", tokens(1, 3)), allocate("r0", 0, 3), allocate("r0", 3, 1), append("r0", {4}),
                           allocate("r0", 4, 1),    append("r0", {5}),    allocate("r0", 5, 1), TakeEvents<S>{}};
  const Commands loads{add("r1", tokens(1, 6)), load,         failed_load, allocate("r1", 2, 4),
                       add("r2", tokens(1, 6)), look_up("r2")};
  for (const Commands& commands : {drafts, in_flight, loads}) {
    const std::optional<Counterexample> found = run<Correct>(config, commands);
    EXPECT_FALSE(found) << text(found);
  }
}

// With digests of one bit there are two keys, so three hits list a block twice, and so does the table that takes them.
// Covers: I4, HASH-13
TEST(Watch, StaysSilentWhereAHitListsABlockTwice) {
  Config<S> config = config_of({full()});
  config.hash_bits = 1;
  const Commands commands{add("r0", tokens(1, 8)), allocate("r0", 0, 8), add("r1", tokens(11, 14)), look_up("r1"),
                          admit("r1", 3, 1)};
  Model model = Model::create(config).value();
  for (const Command<S>& command : commands) ASSERT_TRUE((step<Model, S>(model, command).ok()));
  const std::optional<Counterexample> found = run<Correct>(config, commands);
  EXPECT_FALSE(found) << text(found);
}

}  // namespace
}  // namespace kvspec::watched
