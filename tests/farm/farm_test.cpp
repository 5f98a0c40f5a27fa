// The farm on the host: it finds nothing in what is right, what it meets is not nothing, and it finds what was put in,
// so that the host can show it again.
#include "fuzz/farm/farm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "fuzz/expected.hpp"
#include "fuzz/farm/planted.hpp"
#include "fuzz/farm/replay.hpp"
#include "fuzz/shrink.hpp"

namespace kvspec::fuzz::farm {
namespace {

constexpr std::uint64_t seed = 20260604;
// A run of each setting is enough to meet what the settings can: neighbours differ in their draws only.
constexpr std::uint64_t settings = 96;

Rules usual_rules(Bug bug = Bug::none) { return {.seed = seed, .beats = 256, .view_period = 16, .bug = bug}; }

// One run of each of the settings.
Harvest perform(Semantics semantics, const Rules& rules, std::uint64_t first = 0) {
  Farm farm;
  EXPECT_TRUE(farm.open(cuda::Place::host, seed, semantics, 1).ok());
  Harvest all;
  for (std::uint64_t i = first; i < first + settings; ++i) {
    const Result<Harvest> harvest = farm.perform(rules, i * runs_per_setting, 1);
    EXPECT_TRUE(harvest.ok());
    all.totals.add(harvest.value().totals);
    all.finds.insert(all.finds.end(), harvest.value().finds.begin(), harvest.value().finds.end());
  }
  return all;
}

// I30: they agree. The rest: in what they agree is worth agreeing on.
TEST(Farm, FindsNothingUnderTheSoundSemanticsAndMeetsEverything) {
  const Harvest harvest = perform(Semantics::sound, usual_rules());
  EXPECT_TRUE(harvest.finds.empty()) << "run " << harvest.finds[0].run << ", step " << harvest.finds[0].step;
  EXPECT_EQ(harvest.totals.of(Met::runs), settings);
  for (std::size_t i = 0; i < num_met; ++i) {
    const Met what = static_cast<Met>(i);
    if (what == Met::halfway || what == Met::outgrown) {
      EXPECT_EQ(harvest.totals.of(what), 0U) << names_of_met[i];
    } else {
      EXPECT_GT(harvest.totals.of(what), 0U) << names_of_met[i];
    }
  }
}

TEST(Farm, ARunFollowsFromTheSeedAndItsNumber) {
  const Repeated once = repeat(usual_rules(), Semantics::sound, 77);
  const Repeated again = repeat(usual_rules(), Semantics::sound, 77);
  EXPECT_EQ(once.config, again.config);
  EXPECT_EQ(once.commands, again.commands);
  EXPECT_FALSE(once.commands == repeat(usual_rules(), Semantics::sound, 78).commands);
  Rules other = usual_rules();
  ++other.seed;
  EXPECT_FALSE(once.commands == repeat(other, Semantics::sound, 77).commands);
}

TEST(Farm, ThreadsFindTheSame) {
  const Rules rules = usual_rules(Bug::forgets_gate);
  Farm alone;
  Farm several;
  ASSERT_TRUE(alone.open(cuda::Place::host, seed, Semantics::sound, 1).ok());
  ASSERT_TRUE(several.open(cuda::Place::host, seed, Semantics::sound, 3).ok());
  const Harvest one = alone.perform(rules, 0, 200).value();
  const Harvest three = several.perform(rules, 0, 200).value();
  for (std::size_t i = 0; i < num_met; ++i) EXPECT_EQ(one.totals.counts[i], three.totals.counts[i]) << names_of_met[i];
  ASSERT_EQ(one.finds.size(), three.finds.size());
  ASSERT_FALSE(one.finds.empty());
  for (std::size_t i = 0; i < one.finds.size(); ++i) {
    EXPECT_EQ(one.finds[i].run, three.finds[i].run);
    EXPECT_EQ(one.finds[i].step, three.finds[i].step);
  }
}

// What the farm found comes back at the same step on the lane, and in the host's lockstep.
Failure replayed(const Find& find, Semantics semantics, const Rules& rules) {
  const Repeated repeated = repeat(rules, semantics, find.run);
  EXPECT_TRUE(repeated.difference.has_value());
  EXPECT_EQ(repeated.difference->kind, find.kind);
  EXPECT_EQ(repeated.difference->step, find.step);
  EXPECT_EQ(repeated.commands.size(), find.step + 1U);
  Oracle oracle = oracle_of(find, rules.bug);
  if (semantics == Semantics::recorded) oracle = recorded_only(oracle);
  EXPECT_TRUE(oracle(repeated.config, repeated.commands).has_value()) << "run " << find.run;
  return shrink(repeated.config, repeated.commands, oracle, 1500);
}

class PlantedBug : public testing::TestWithParam<NamedBug> {};

TEST_P(PlantedBug, IsFoundRepeatedAndShrunk) {
  const Rules rules = usual_rules(GetParam().bug);
  const Harvest harvest = perform(Semantics::sound, rules);
  ASSERT_FALSE(harvest.finds.empty());
  const Failure failure = replayed(harvest.finds[0], Semantics::sound, rules);
  EXPECT_LE(failure.commands.size(), 12U);
}

std::string name_of(const testing::TestParamInfo<NamedBug>& info) { return std::string(info.param.name); }
INSTANTIATE_TEST_SUITE_P(Farm, PlantedBug, testing::ValuesIn(named_bugs), name_of);

// The first find of the invariant under the recorded semantics that a deviation explains.
void expect_breach(Clause deviation, Clause invariant) {
  Rules rules = usual_rules();
  rules.tolerated.add(Clause::i26);  // nearly every run breaks it [DEV-06, DEV-10]
  for (std::uint64_t first = 0; first < 8 * settings; first += settings) {
    for (const Find& find : perform(Semantics::recorded, rules, first).finds) {
      if (find.invariant != invariant) continue;
      if (!can_deviate(deviation, repeat(rules, Semantics::recorded, find.run).config)) continue;
      const std::optional<Breach> breach = explain(replayed(find, Semantics::recorded, rules));
      if (breach && breach->deviation == deviation) return;
    }
  }
  ADD_FAILURE() << describe(deviation).id << " was not found";
}

TEST(Farm, FindsDev01) { expect_breach(Clause::dev_01, Clause::i4); }
TEST(Farm, FindsDev02) { expect_breach(Clause::dev_02, Clause::i10); }
TEST(Farm, FindsDev03) { expect_breach(Clause::dev_03, Clause::i13); }

// [DEVICE-01 .. DEVICE-03]
TEST(Farm, SaysWhyThereIsNoDevice) {
  Farm farm;
  const Result<Done> opened = farm.open(cuda::Place::device, seed, Semantics::sound, 1);
  if (opened) GTEST_SKIP() << "there is one";
  EXPECT_TRUE(opened.error().clause == Clause::device_01 || opened.error().clause == Clause::device_02);
}

}  // namespace
}  // namespace kvspec::fuzz::farm
