// Each deviation is the shortest way known to break its invariant: under the recorded semantics the commands break it,
// under the sound one they break nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/expected.hpp"
#include "fuzz/host_engine.hpp"
#include "fuzz/watch/non_theorems.hpp"
#include "model/manager.hpp"
#include "model/oracle/model_engine.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/print.hpp"
#include "tests/properties/watched.hpp"

namespace kvspec::watched {
namespace {

using Model = model::HostModel;

struct Deviation {
  Clause deviation{};
  Config<S> config{};
  Commands commands{};
  Clause invariant{};  // that is seen broken
};

// The hit of r2 in the window group is free and next in line when the full attention group loads its external token.
Deviation dev_01() {
  Config<S> config = config_of({full(), window(4)}, 17);
  return {Clause::dev_01,
          config,
          {add("r0", tokens(11, 14)), allocate("r0", 0, 4), add("r1", tokens(1, 4)), allocate("r1", 0, 4), free("r1"),
           free("r0"), add("r2", tokens(1, 9)), look_up("r2"), admit("r2", 4, 1, 1)}};
}
Deviation dev_02() {
  Config<S> config = config_of({full(), mamba(MambaCacheMode::all)});
  config.use_eagle = true;
  return {
      Clause::dev_02, config, {add("r0", tokens(1, 3)), allocate("r0", 0, 3), add("r1", tokens(1, 4)), look_up("r1")}};
}
// Two drafts are rejected; the table is longer than the next step needs.
Deviation dev_03() {
  return {Clause::dev_03,
          config_of({mamba(MambaCacheMode::align, 2)}),
          {add("r0", tokens(1, 1)), allocate("r0", 0, 1), append("r0", {2}), allocate("r0", 1, 3), append("r0", {3}),
           allocate("r0", 2, 1)}};
}
AddRequest<S> add_with_items(std::string req, TokenList<S> list, std::string first_item) {
  AddRequest<S> c = add(std::move(req), std::move(list));
  c.mm = MultimodalItems<S>{{std::move(first_item), 2, 1}, {"b", 4, 1}};
  return c;
}
// The block of tokens 2 to 4 has two items, and is filled by an appended token.
Deviation dev_04_as_other_hash() {
  return {Clause::dev_04,
          config_of({full(2)}),
          {add_with_items("r0", tokens(1, 3), "a"), append("r0", {4}), add_with_items("r1", tokens(1, 4), "a")}};
}
Deviation dev_04_as_same_hash() {
  return {Clause::dev_04,
          config_of({full(2)}),
          {add_with_items("r0", tokens(1, 3), "a"), append("r0", {4}), add_with_items("r1", tokens(1, 3), "c"),
           append("r1", {4})}};
}
Deviation dev_05() {
  AddRequest<S> with_lora = add("r0", {1});
  with_lora.lora = Lora<S>{"x", 1};
  AddRequest<S> with_salt = add("r1", {1});
  with_salt.cache_salt = "x";
  return {Clause::dev_05, config_of({full()}), {with_lora, with_salt}};
}
Deviation dev_06() { return {Clause::dev_06, config_of({full()}), {add("r0", {1}), common_prefix("r0")}}; }
// The window supports 2 tokens, both full attention groups 4.
Deviation dev_07() {
  return {Clause::dev_07,
          config_of({full(1), full(2), window(2)}),
          {add("r0", tokens(1, 5)), allocate("r0", 0, 5), evict(12), add("r1", tokens(1, 5)), look_up("r1")}};
}
Deviation dev_08() {
  return {Clause::dev_08,
          config_of({window(1)}),
          {add("r0", tokens(1, 2)), allocate("r0", 0, 2), add("r1", tokens(1, 2)), look_up("r1")}};
}
Deviation dev_09() {
  AllocateSlots<S> gated = allocate("r0", 0, 1);
  gated.full_sequence_must_fit = true;
  return {Clause::dev_09, config_of({full()}, 2), {add("r0", tokens(1, 2)), gated}};
}
Deviation dev_10() {
  return {
      Clause::dev_10, config_of({full()}), {add("r0", {1}), allocate("r0", 0, 1), free("r0"), TakeNewBlockIds<S>{}}};
}
Deviation dev_11() { return {Clause::dev_11, config_of({full()}), {add("r0", {1}), look_up("r0"), TakeStats<S>{}}}; }
// The first block of each pair is masked.
Deviation dev_12() {
  Config<S> config = config_of({window(2)});
  config.scheduler_block_size = 2;
  config.events = true;
  return {Clause::dev_12, config, {add("r0", tokens(1, 2)), allocate("r0", 0, 2), TakeEvents<S>{}}};
}
// The external token and the new one need a block each, and there is one.
Deviation dev_13() {
  return {
      Clause::dev_13, config_of({mamba(MambaCacheMode::align)}, 2), {add("r0", tokens(1, 2)), admit("r0", 0, 1, 1)}};
}
// Steps of one token let states fall behind the certain tokens; steps of two leave null blocks between them.
Deviation dev_14() {
  Deviation deviation{Clause::dev_14, config_of({mamba(MambaCacheMode::align, 2)}), {add("r0", tokens(1, 10))}};
  Count computed = 0;
  for (const Count num_new : {1U, 2U, 2U, 2U, 2U, 1U}) {
    deviation.commands.push_back(allocate("r0", computed, num_new));
    computed += num_new;
  }
  return deviation;
}

Deviation breaks(Deviation deviation, Clause invariant) {
  deviation.invariant = invariant;
  return deviation;
}

std::vector<Deviation> deviations() {
  return {breaks(dev_01(), Clause::i4),
          breaks(dev_02(), Clause::i10),
          breaks(dev_03(), Clause::i13),
          breaks(dev_04_as_other_hash(), Clause::i7),
          breaks(dev_04_as_same_hash(), Clause::i8),
          breaks(dev_05(), Clause::i8),
          breaks(dev_06(), Clause::i26),
          breaks(dev_07(), Clause::i10),
          breaks(dev_08(), Clause::i12),
          breaks(dev_09(), Clause::i15),
          breaks(dev_10(), Clause::i26),
          breaks(dev_11(), Clause::i27),
          breaks(dev_12(), Clause::i23),
          breaks(dev_13(), Clause::i13),
          breaks(dev_14(), Clause::i20)};
}

class WatchedDeviation : public testing::TestWithParam<Deviation> {};

// Covers: DEV-01, DEV-02, DEV-03, DEV-04, DEV-05, DEV-06, DEV-07, DEV-08, DEV-09, DEV-10, DEV-11, DEV-12, DEV-13,
// DEV-14, I4, I7, I8, I10, I12, I13, I15, I20, I23, I26, I27
TEST_P(WatchedDeviation, BreaksItsInvariantUnderRecordedOnly) {
  Deviation deviation = GetParam();
  const auto entry =
      std::ranges::find(fuzz::non_theorems, deviation.deviation, [](const auto& entry) { return entry.deviation; });
  ASSERT_NE(entry, fuzz::non_theorems.end());

  deviation.config.semantics = Semantics::recorded;
  const std::optional<Counterexample> found = run<Model>(deviation.config, deviation.commands);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->clause, deviation.invariant) << text(found);
  EXPECT_TRUE(std::ranges::count(entry->broken(), found->clause) > 0) << text(found);
  EXPECT_EQ(found->step + 1, deviation.commands.size()) << text(found);

  deviation.config.semantics = Semantics::sound;
  const std::optional<Counterexample> sound = run<Model>(deviation.config, deviation.commands);
  EXPECT_FALSE(sound) << text(sound);
}

INSTANTIATE_TEST_SUITE_P(All, WatchedDeviation, testing::ValuesIn(deviations()), [](const auto& info) {
  std::string id(describe(info.param.deviation).id);
  std::ranges::replace(id, '-', '_');
  return id + "_" + std::to_string(info.index);
});

// A violation is traced back to the deviation behind it, and to none where no deviation breaks anything.
TEST_P(WatchedDeviation, IsNamedAsTheCause) {
  Deviation deviation = GetParam();
  deviation.config.semantics = Semantics::recorded;
  fuzz::Failure failure{.config = deviation.config, .commands = deviation.commands};
  failure.counterexample.kind = fuzz::Disagreement::invariant;
  failure.counterexample.clause = deviation.invariant;
  const std::optional<fuzz::Breach> cause = fuzz::explain(failure);
  ASSERT_TRUE(cause);
  EXPECT_EQ(describe(cause->deviation).id, describe(deviation.deviation).id);
  EXPECT_EQ(cause->invariant, deviation.invariant);

  failure.commands.clear();
  EXPECT_FALSE(fuzz::explain(failure));
}

// Shrinking keeps the deviation behind a violation where what can be shrunk further has none: here whatever commands
// are left seem to break the invariant under the recorded semantics, as they do where a caller breaks its word.
TEST_P(WatchedDeviation, IsKeptWhenShrinkingWouldLoseIt) {
  const Deviation& shown = GetParam();
  const auto broken = [&](const Commands& commands) {
    fuzz::Counterexample found;
    found.kind = fuzz::Disagreement::invariant;
    found.clause = shown.invariant;
    found.step = commands.size() - 1;
    found.command = commands.back();
    return found;
  };
  fuzz::Failure as_found{.config = shown.config, .commands = shown.commands};
  as_found.config.semantics = Semantics::recorded;
  as_found.counterexample = broken(shown.commands);
  const fuzz::Oracle oracle = [&](const Config<S>& config, const Commands& commands) {
    return config.is_sound() || commands.empty() ? std::nullopt : std::optional(broken(commands));
  };
  const fuzz::Explained kept = fuzz::shrink_and_explain(as_found, oracle, 500);
  ASSERT_TRUE(kept.breach);
  EXPECT_EQ(kept.breach, fuzz::explain(as_found));
  EXPECT_EQ(kept.breach, fuzz::explain(kept.failure));

  // Nothing is left of commands that no deviation is behind.
  as_found.commands = {add("r0", {1}), NewStepStarts<S>{}};
  as_found.counterexample = broken(as_found.commands);
  EXPECT_FALSE(fuzz::shrink_and_explain(as_found, oracle, 500).breach);
}

// What all commands are answered, the state after each included.
std::vector<std::string> answers(const oracle::MakeEngine& make, Config<S> config, Semantics semantics,
                                 const Commands& commands) {
  config.semantics = semantics;
  const auto engine = make(config);
  std::vector<std::string> texts;
  for (const Command<S>& command : commands) {
    const Result<Observation<S>> result = engine.value()->step(command);
    texts.push_back(result ? to_json(result.value()) : to_text(result.error()));
    texts.push_back(to_json(engine.value()->view()));
  }
  return texts;
}

// The switch of the host implementation that has the deviation's name makes the deviation, and the others do not.
TEST_P(WatchedDeviation, IsOneSwitchOfTheHostImplementation) {
  const Deviation& shown = GetParam();
  const auto of_host = [&](std::vector<Clause> deviations) {
    return answers(fuzz::host_engine(std::move(deviations)), shown.config, Semantics::sound, shown.commands);
  };
  std::vector<Clause> others;
  for (const ClauseEntry& entry : clause_registry) {
    if (entry.kind == ClauseKind::deviation && entry.clause != shown.deviation) others.push_back(entry.clause);
  }
  EXPECT_NE(of_host({shown.deviation}), of_host({}));
  EXPECT_EQ(of_host({}), answers(oracle::model_engine(), shown.config, Semantics::sound, shown.commands));
  std::vector<Clause> all = others;
  all.push_back(shown.deviation);
  EXPECT_EQ(of_host(all), answers(oracle::model_engine(), shown.config, Semantics::recorded, shown.commands));
  EXPECT_NE(of_host(all), of_host(others));
}

TEST(NonTheorems, EveryDeviationIsInTheTable) {
  for (const ClauseEntry& clause : clause_registry) {
    if (clause.kind != ClauseKind::deviation) continue;
    const auto in_table = [&](const auto& entry) { return entry.deviation == clause.clause; };
    EXPECT_EQ(std::ranges::count_if(fuzz::non_theorems, in_table), 1) << clause.id;
    EXPECT_EQ(std::ranges::count_if(deviations(), in_table) > 0, true) << clause.id;
  }
  for (const fuzz::NonTheorem& entry : fuzz::non_theorems) {
    EXPECT_FALSE(entry.broken().empty());
    for (const Clause broken : entry.broken()) EXPECT_EQ(describe(broken).kind, ClauseKind::invariant);
  }
}

}  // namespace
}  // namespace kvspec::watched
