// The farm on the host: it finds nothing in what is right, what it meets is not nothing, and it finds what was put in,
// so that the host can show it again.
#include "fuzz/farm/farm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>

#include "fuzz/expected.hpp"
#include "fuzz/farm/planted.hpp"
#include "fuzz/farm/replay.hpp"
#include "fuzz/farm/session.hpp"
#include "fuzz/shrink.hpp"
#include "tests/golden/command_line.hpp"

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
  EXPECT_TRUE(harvest.finds.empty()) << "run " << harvest.finds[0].run << ", command " << harvest.finds[0].command;
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

void expect_equal(const std::vector<Find>& left, const std::vector<Find>& right) {
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i].kind, right[i].kind);
    EXPECT_EQ(left[i].invariant, right[i].invariant);
    EXPECT_EQ(left[i].run, right[i].run);
    EXPECT_EQ(left[i].command, right[i].command);
  }
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
  ASSERT_FALSE(one.finds.empty());
  expect_equal(one.finds, three.finds);
}

// A device that does nothing, or something else, shows nothing: it meets what the host meets, and finds what is there.
TEST(Farm, TheDeviceMeetsAndFindsWhatTheHostDoes) {
  constexpr std::uint64_t runs = 4096;
  Farm device;
  const Result<Done> opened = device.open(cuda::Place::device, seed, Semantics::sound, 1);
  if (!opened) GTEST_SKIP() << absence_of_farm(cuda::Place::device, opened.error());
  Farm host;
  ASSERT_TRUE(
      host.open(cuda::Place::host, seed, Semantics::sound, std::max(1U, std::thread::hardware_concurrency())).ok());
  device.begin(usual_rules(), 0, runs / 2);
  device.begin(usual_rules(), runs / 2, runs / 2);
  Harvest there = device.finish().value();
  const Harvest more = device.finish().value();
  EXPECT_TRUE(more.finds.empty());
  there.totals.add(more.totals);
  const Harvest here = host.perform(usual_rules(), 0, runs).value();
  EXPECT_EQ(here.totals.of(Met::runs), runs);
  for (std::size_t i = 0; i < num_met; ++i) {
    EXPECT_EQ(there.totals.counts[i], here.totals.counts[i]) << names_of_met[i];
  }
  expect_equal(there.finds, here.finds);
  for (const NamedBug& bug : named_bugs) {
    const Rules rules = usual_rules(bug.bug);
    const std::vector<Find> finds = device.perform(rules, 0, runs).value().finds;
    EXPECT_FALSE(finds.empty()) << bug.name;
    for (const Find& find : finds) {
      const Repeated repeated = repeat(rules, Semantics::sound, find.run, cuda::Place::device);
      ASSERT_TRUE(repeated.difference.has_value()) << bug.name << ", run " << find.run;
      EXPECT_EQ(repeated.difference->kind, find.kind) << bug.name << ", run " << find.run;
      EXPECT_EQ(repeated.difference->command, find.command) << bug.name << ", run " << find.run;
    }
  }
}

// The beats after the last comparison are compared at the end, as a device compares: by walks, after each few beats.
TEST(Farm, WhatTheLastCommandsLeftBehindIsCompared) {
  bool is_found_at_the_end = false;
  for (std::uint64_t run = 0; run < settings * runs_per_setting && !is_found_at_the_end; run += runs_per_setting) {
    Rules rules = usual_rules(Bug::spares_last_block);
    for (rules.beats = 8; rules.beats <= 64 && !is_found_at_the_end; rules.beats += 8) {
      const auto found = repeat(rules, Semantics::sound, run, cuda::Place::device).difference;
      if (!found || found->kind != Disagreement::view) continue;
      Rules before = rules;
      before.beats -= 3;  // beat 4 of the last eight is compared, and nothing after it
      is_found_at_the_end = !repeat(before, Semantics::sound, run, cuda::Place::device).difference;
      break;
    }
  }
  EXPECT_TRUE(is_found_at_the_end);
}

TEST(Farm, ABatchThatLacksRunsIsNoBatch) {
  const Rules rules = usual_rules();
  Farm farm;
  ASSERT_TRUE(farm.open(cuda::Place::host, seed, Semantics::sound, 1).ok());
  Harvest harvest = farm.perform(rules, 0, 3).value();
  EXPECT_EQ(shortfall(harvest), "");
  harvest.asked = 4;
  EXPECT_NE(shortfall(harvest).find("4 runs were asked for and 3 performed"), std::string::npos);
  EXPECT_NE(shortfall(Harvest{.asked = 4}), "");
}

TEST(Farm, BatchesThatAreUnderWayTogetherEndAsTheyWereBegun) {
  Farm farm;
  ASSERT_TRUE(farm.open(cuda::Place::host, seed, Semantics::sound, 2).ok());
  const Totals alone[] = {farm.perform(usual_rules(), 0, 60).value().totals,
                          farm.perform(usual_rules(), 60, 40).value().totals};
  farm.begin(usual_rules(), 0, 60);
  farm.begin(usual_rules(), 60, 40);
  EXPECT_EQ(farm.batches_under_way(), 2U);
  EXPECT_TRUE(farm.finish().value().totals == alone[0]);
  EXPECT_TRUE(farm.finish().value().totals == alone[1]);
  EXPECT_EQ(farm.batches_under_way(), 0U);
  EXPECT_FALSE(alone[0] == alone[1]);
}

TEST(Farm, WhatLockstepDoesNotShowIsNoCounterexample) {
  const Repeated repeated = repeat(usual_rules(), Semantics::sound, 77);
  ASSERT_FALSE(repeated.commands.empty());
  const Find made_up{.kind = Disagreement::invariant, .invariant = Clause::i10, .run = 77, .command = 3};
  EXPECT_FALSE(shrink_if_shown(repeated, oracle_of(made_up, Bug::none)).has_value());
  EXPECT_EQ(to_text(made_up), "invariant I10");
}

TEST(FarmCommand, SaysThatNoOperationShowsNothing) {
  for (const char* limit : {"--runs", "--seconds"}) {
    const golden::Ran ran = golden::kvspec_command({"farm", limit, "0", "--seed", "1"});
    EXPECT_EQ(ran.exit_code, 2) << ran.out;
    EXPECT_EQ(ran.err, "kvspec farm: no operation was performed, which shows nothing\n");
  }
  const std::string folder = golden::scratch().string();
  EXPECT_EQ(golden::kvspec_command({"farm", "--runs", "2", "--seed", "1", "--beats", "32"}).exit_code, 0);
  const golden::Ran found =
      golden::kvspec_command({"farm", "--runs", "500", "--seed", "1", "--plant", "gate", "--trace-dir", folder});
  EXPECT_EQ(found.exit_code, 1) << found.err;
  EXPECT_NE(found.out.find(" --beats 512 --plant gate\n"), std::string::npos) << found.out;
}

// What the farm found comes back at the same command on the lane, and in the host's lockstep.
Failure replayed(const Find& find, Semantics semantics, const Rules& rules) {
  const Repeated repeated = repeat(rules, semantics, find.run);
  EXPECT_TRUE(repeated.difference.has_value());
  EXPECT_EQ(repeated.difference->kind, find.kind);
  EXPECT_EQ(repeated.difference->command, find.command);
  EXPECT_EQ(repeated.commands.size(), find.command + 1U);
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
  const Clause clause = opened.error().clause;
  EXPECT_TRUE(clause == Clause::device_01 || clause == Clause::device_02 || clause == Clause::device_03);
  const bool lacks_farm = cuda::built_with_cuda() && !Farm::built_for_device();
  EXPECT_EQ(absence_of_farm(cuda::Place::device, opened.error()).find("no farm for a device") != std::string::npos,
            lacks_farm);
}

}  // namespace
}  // namespace kvspec::fuzz::farm
