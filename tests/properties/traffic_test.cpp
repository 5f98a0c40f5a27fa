// The generator: the same seed gives the same run, every configuration it makes is valid, and it meets what it is for.
// Without the last, agreement shows nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "fuzz/model_host.hpp"
#include "fuzz/scenario.hpp"
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
  return fuzz::run_model_and_host(scenario, operations, {.view_period = operations, .recording = commands}).traffic;
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
    if (preset.is_valid) {
      EXPECT_EQ(first.size(), operations) << preset.name;
    }
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
    if (!preset.is_valid) continue;
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
      const Result<Done> valid = validate(fuzz::make_scenario(preset, seed).config);
      EXPECT_TRUE(valid.ok()) << preset.name << " " << seed << " " << describe(valid.error().clause).id;
    }
  }
}

TEST(Traffic, InvalidConfigurationsBreakEveryRule) {
  std::set<std::string_view> broken;
  for (const Preset& preset : fuzz::presets()) {
    if (preset.is_valid) continue;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
      const Result<Done> valid = validate(fuzz::make_scenario(preset, seed).config);
      if (!valid.ok()) broken.insert(describe(valid.error().clause).id);
    }
  }
  for (const char* id : {"CONF-01", "CONF-02", "CONF-03", "CONF-04", "CONF-05", "CONF-06", "CONF-07", "CONF-08",
                         "CONF-09", "CONF-10", "CONF-12", "CONF-13"}) {
    EXPECT_TRUE(broken.contains(id)) << id;
  }
}

std::uint64_t of_kind(const fuzz::PerKind& counts, GroupKind kind) { return counts[static_cast<std::size_t>(kind)]; }

// Covers: LOOK-03, LOOK-07, LOOK-09, LOOK-10, FREE-04, FREE-07, POOL-03
TEST(Traffic, MeetsWhatItIsFor) {
  Traffic all;
  for (const Preset& preset : fuzz::presets()) {
    if (!preset.is_valid) continue;
    const Traffic traffic = run_many(preset, 8);
    const bool caches = !preset.name.starts_with("nocache");
    EXPECT_GT(traffic.requests, 0U) << preset.name;
    EXPECT_GT(traffic.allocations, traffic.operations / 25) << preset.name;
    if (caches) {
      EXPECT_GT(traffic.hits, traffic.look_ups / 50) << preset.name;
      EXPECT_GT(traffic.evictions, traffic.operations / 100) << preset.name;
    }
    if (preset.name.find("retention") != std::string_view::npos) {
      EXPECT_GT(traffic.retained_hits, traffic.look_ups / 50) << preset.name;
    }
    if (preset.name.starts_with("full_") || preset.name.starts_with("big_") || preset.name == "mix") {
      EXPECT_GT(traffic.hybrid_hits, traffic.look_ups / 50) << preset.name;
      EXPECT_GT(traffic.hybrid_loads, 0U) << preset.name;
    }
    if (preset.name.find("spec") != std::string_view::npos) {
      EXPECT_GT(traffic.fewer_drafts, 0U) << preset.name;
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
    if (preset.name == "pool") {
      EXPECT_GT(traffic.errors, traffic.operations / 100) << preset.name;
    }
    // What the scheduler means well is nearly always in order; a generator of errors would test little else.
    EXPECT_LT(traffic.unplanned_errors, traffic.operations / 500) << preset.name;
    all.add(traffic);
  }
  EXPECT_GT(all.preemptions, 0U);
  EXPECT_GT(all.resets, 0U);
  EXPECT_GT(all.oversized, 0U);
  for (const GroupKind kind :
       {GroupKind::full, GroupKind::mla, GroupKind::swa, GroupKind::swa_mla, GroupKind::chunked, GroupKind::mamba}) {
    EXPECT_GT(of_kind(all.hits_of, kind), 100U) << static_cast<int>(kind);
    EXPECT_GT(of_kind(all.evictions_of, kind), 100U) << static_cast<int>(kind);
    if (!is_full_attention(kind)) {
      EXPECT_GT(of_kind(all.recycled_of, kind), 100U) << static_cast<int>(kind);
    }
  }
}

// A feature that never changes a run is not reached.
TEST(Traffic, EveryFeatureMakesADifference) {
  for (unsigned i = 0; i < static_cast<unsigned>(fuzz::Feature::count); ++i) {
    const auto feature = static_cast<fuzz::Feature>(i);
    bool differs = false;
    for (std::uint64_t seed = 0; seed < 40 && !differs; ++seed) {
      Scenario with = fuzz::make_scenario(*fuzz::find_preset("mix"), seed);
      Scenario without = with;
      with.features.set(feature, true);
      without.features.set(feature, false);
      const auto commands_of = [](const Scenario& scenario) {
        Commands commands;
        fuzz::run_model_and_host(scenario, 500, {.view_period = 500, .recording = &commands});
        return commands;
      };
      differs = commands_of(with) != commands_of(without);
    }
    EXPECT_TRUE(differs) << "feature " << i;
  }
}

TEST(Traffic, MeetsEveryKindOfConfiguration) {
  bool several_of_one_spec = false;
  bool several_flags = false;
  bool flag_without_eagle = false;
  bool finer_hashes = false;
  bool coarser_scheduler = false;
  bool narrow_window = false;
  bool wide_window = false;
  bool keeps_latest_only = false;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Config<S> config = fuzz::make_scenario(*fuzz::find_preset("mix"), seed).config;
    std::int64_t flags = 0;
    std::int64_t largest = 0;
    std::int64_t smallest = config.scheduler_block_size;
    for (std::size_t g = 0; g < config.groups.size(); ++g) {
      const GroupSpec& group = config.groups[g];
      flags += group.is_eagle_group.value_or(false) ? 1 : 0;
      largest = std::max(largest, group.block_size);
      smallest = std::min(smallest, group.block_size);
      narrow_window = narrow_window || group.sliding_window == 1;
      wide_window = wide_window || group.sliding_window.value_or(0) > config.max_model_len;
      for (std::size_t h = 0; h < g; ++h) {
        several_of_one_spec = several_of_one_spec || config.groups[h].same_spec(group);
      }
    }
    several_flags = several_flags || flags > 1;
    flag_without_eagle = flag_without_eagle || (flags > 0 && !config.use_eagle);
    finer_hashes = finer_hashes || config.hash_block_size < smallest;
    coarser_scheduler = coarser_scheduler || config.scheduler_block_size > largest;
    keeps_latest_only = keeps_latest_only || config.retention_interval == 0;
  }
  EXPECT_TRUE(several_of_one_spec);
  EXPECT_TRUE(several_flags);
  EXPECT_TRUE(flag_without_eagle);
  EXPECT_TRUE(finer_hashes);
  EXPECT_TRUE(coarser_scheduler);
  EXPECT_TRUE(narrow_window);
  EXPECT_TRUE(wide_window);
  EXPECT_TRUE(keeps_latest_only);
}

TEST(Traffic, UsesEveryCommand) {
  std::vector<bool> used(std::variant_size_v<Command<S>>);
  for (const char* preset : {"mix", "pool"}) {
    Commands commands;
    for (std::uint64_t i = 0; i < 5; ++i) run(*fuzz::find_preset(preset), fuzz::seed_of_run(3, i), &commands);
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
  EXPECT_EQ(digest(scenario.config, commands), 3489601514601707685U);
}

}  // namespace
}  // namespace kvspec::properties
