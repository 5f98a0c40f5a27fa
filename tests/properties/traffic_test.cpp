// The generator: the same seed gives the same run, every configuration it makes is valid, and it meets what it is for.
// Without the last, agreement shows nothing.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/model_host.hpp"
#include "fuzz/scenario.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/trace/json.hpp"

namespace kvspec::properties {
namespace {

using S = Growing;
using fuzz::Commands;
using fuzz::Preset;
using fuzz::Scenario;
using fuzz::Traffic;

constexpr std::uint64_t operations = 2000;

// FNV-1a over the lines of a trace: equal runs, equal numbers.
std::uint64_t digest(const Config<S>& config, const Commands& commands) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto add = [&](const std::string& line) {
    for (const char c : line) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  };
  add(to_json(config));
  for (const Command<S>& command : commands) add(to_json(command));
  return hash;
}

Traffic run(const Preset& preset, std::uint64_t seed, Commands* commands = nullptr) {
  const Scenario scenario = fuzz::make_scenario(preset, seed);
  return fuzz::run_model_and_host(scenario, operations, operations, nullptr, commands).traffic;
}

Traffic run_many(const Preset& preset, std::uint64_t runs) {
  Traffic traffic;
  for (std::uint64_t i = 0; i < runs; ++i) traffic.add(run(preset, fuzz::seed_of_run(7, i)));
  return traffic;
}

TEST(Traffic, TheSameSeedGivesTheSameRun) {
  for (const Preset& preset : fuzz::presets()) {
    Commands first;
    Commands second;
    run(preset, 11, &first);
    run(preset, 11, &second);
    EXPECT_EQ(first.size(), operations) << preset.name;
    EXPECT_TRUE(first == second) << preset.name;
  }
}

TEST(Traffic, DifferentSeedsGiveDifferentRuns) {
  Commands first;
  Commands second;
  run(fuzz::presets()[0], 11, &first);
  run(fuzz::presets()[0], 12, &second);
  EXPECT_FALSE(first == second);
}

TEST(Traffic, EveryConfigurationIsValid) {
  for (const Preset& preset : fuzz::presets()) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
      EXPECT_TRUE(validate(fuzz::make_scenario(preset, seed).config).ok()) << preset.name << " " << seed;
    }
  }
}

TEST(Traffic, MeetsWhatItIsFor) {
  Traffic all;
  for (const Preset& preset : fuzz::presets()) {
    const Traffic traffic = run_many(preset, 20);
    EXPECT_GT(traffic.requests, 0U) << preset.name;
    EXPECT_GT(traffic.allocations, traffic.operations / 50) << preset.name;
    if (preset.name != "nocache") {
      EXPECT_GT(traffic.hits, traffic.look_ups / 100) << preset.name;
    }
    if (preset.name == "tiny" || preset.name == "full") {
      EXPECT_GT(traffic.refusals, 0U) << preset.name;
    }
    if (preset.name == "connector") {
      EXPECT_GT(traffic.loads, 0U) << preset.name;
    }
    if (preset.name == "eagle") {
      EXPECT_GT(traffic.drafts, 0U) << preset.name;
    }
    if (preset.name == "events") {
      EXPECT_GT(traffic.evictions, 0U) << preset.name;
    }
    if (preset.name == "pool") {
      EXPECT_GT(traffic.errors, traffic.operations / 100) << preset.name;
    }
    // What the scheduler means well is nearly always in order; a generator of errors would test little else.
    EXPECT_LT(traffic.unplanned_errors, traffic.operations / 200) << preset.name;
    all.add(traffic);
  }
  EXPECT_GT(all.preemptions, 0U);
  EXPECT_GT(all.resets, 0U);
}

TEST(Traffic, UsesEveryCommand) {
  std::vector<bool> used(std::variant_size_v<Command<S>>);
  for (const Preset& preset : fuzz::presets()) {
    Commands commands;
    for (std::uint64_t i = 0; i < 5; ++i) run(preset, fuzz::seed_of_run(3, i), &commands);
    for (const Command<S>& command : commands) used[command.index()] = true;
  }
  for (std::size_t i = 0; i < used.size(); ++i) EXPECT_TRUE(used[i]) << "alternative " << i << " of Command";
}

// The run of a seed is the same on every machine and with every compiler. A change of the generator changes this
// number.
TEST(Traffic, TheRunOfASeedIsPinned) {
  Commands commands;
  run(fuzz::presets()[0], 1, &commands);
  const Scenario scenario = fuzz::make_scenario(fuzz::presets()[0], 1);
  EXPECT_EQ(digest(scenario.config, commands), 15175118959597069247U);
}

}  // namespace
}  // namespace kvspec::properties
