// Whether lockstep finds what it is there to find: each planted bug is found on random traffic within a few seeds and
// shrunk to a handful of commands that fail for the same cause. Which clause is named, ./dev mutants shows.
#include "tests/properties/planted_bugs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>

#include "fuzz/report.hpp"
#include "fuzz/run.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/shrink.hpp"
#include "tests/properties/planted_kind_bugs.hpp"
#include "tests/properties/planted_system.hpp"

namespace kvspec::planted {

static void PrintTo(const PlantedBug& bug, std::ostream* out) { *out << bug.name; }

namespace {

using fuzz::Commands;
using fuzz::Counterexample;
using fuzz::Failure;
using fuzz::Scenario;

constexpr std::uint64_t operations_per_run = 2000;
constexpr std::uint64_t most_runs = 200;
constexpr std::size_t most_commands = 10;
constexpr std::size_t most_replays = 20000;

fuzz::Oracle oracle() {
  return [](const Config<S>& config, const Commands& commands) {
    return fuzz::run_commands<Model, Planted>(config, commands);
  };
}

// The first seed of the session whose run finds the bug, as its configuration and commands.
std::optional<Failure> find(const PlantedBug& bug, std::uint64_t runs) {
  Planted::plant(bug);
  const auto presets = fuzz::presets();
  for (std::uint64_t number = 0; number < runs; ++number) {
    const fuzz::Preset& preset = bug.preset.empty() ? presets[number % presets.size()] : *fuzz::find_preset(bug.preset);
    const Scenario scenario = fuzz::make_scenario(preset, fuzz::seed_of_run(1, number));
    Failure failure{.config = scenario.config, .commands = {}, .counterexample = {}};
    const fuzz::Outcome outcome = fuzz::run_scenario<Model, Planted>(
        scenario, operations_per_run, {.view_period = fuzz::usual_view_period, .recording = &failure.commands});
    if (outcome.counterexample) return failure;
  }
  return {};
}

// Whether replaying the trace on the planted system gives an answer other than the recorded one.
bool trace_shows(const Trace& trace) {
  Result<Planted> planted = Planted::create(trace.config);
  if (!planted) return true;
  for (const TraceStep& step : trace.steps) {
    const Result<Observation<S>> result = kvspec::step<Planted, S>(planted.value(), step.command);
    if (result.ok() != step.observation.has_value()) return true;
    if (result && !(result.value() == *step.observation)) return true;
  }
  return trace.after_error_state && !(planted.value().view().state == *trace.after_error_state);
}

const PlantedBug all_bugs[] = {
    planted<FreesForwards>(),
    planted<ForgetsTouch>(),
    planted<KeepsEagleBlock>(),
    planted<PrefersNewestDuplicate>(),
    planted<EvictsWrongDuplicate>(),
    planted<IgnoresLookahead>(),
    planted<IgnoresGate>(),
    planted<IgnoresDelay>(),
    planted<IgnoresSalt>(),
    planted<MixesPreempted>(),
    planted<NeverPrepends>(),
    planted<MakesATable>(),
    planted<ForgetsOnError>(),
    planted<TouchesOnRefusal>(),
    planted<SilentReset>(),
    planted<ForgetsModelLength>(),
    planted<SkipsTooMuch>(),
    planted<NeedsShorterRun>(),
    planted<CountsNullBlocks>(),
    planted<ResumesAtOnce>(),
    planted<DoesNotAlign>(),
    planted<CachesUnaligned>(),
    planted<MasksOffByOne>(),
    planted<IgnoresRetention>(),
    planted<FreesWindowsLikeFullAttention>(),
    planted<FreesUncachedLast>(),
    planted<IgnoresEncoder>(),
    planted<CapsTooHigh>(),
    planted<AsksBeforeChunk>(),
    planted<ForgetsItems>(),
    planted<MixesLoraAndSalt>(),
    planted<DropsSpeculative>(),
};

std::string identifier(const testing::TestParamInfo<PlantedBug>& info) {
  std::string name(info.param.name);
  std::ranges::replace_if(name, [](char c) { return c == ' ' || c == '-'; }, '_');
  return name;
}

class PlantedBugs : public testing::TestWithParam<PlantedBug> {};
INSTANTIATE_TEST_SUITE_P(Lockstep, PlantedBugs, testing::ValuesIn(all_bugs), identifier);

// Covers: FREE-01, POOL-05, LOOK-04, POOL-09, POOL-10, ALLOC-12, ALLOC-07, ALLOC-13, HASH-06, STAT-01, POOL-07,
// FREE-06, ALLOC-09, EVENT-05, I21, FREE-04, LOOK-07, ALLOC-08, MAMBA-02, LOOK-03, CACHE-07, CACHE-08, CACHE-09,
// FREE-08, ALLOC-17, ALLOC-16, LOOK-09, HASH-08, FREE-07, MAMBA-01
TEST_P(PlantedBugs, AreFoundAndShrunk) {
  const std::optional<Failure> found = find(GetParam(), most_runs);
  ASSERT_TRUE(found.has_value()) << "not found in " << most_runs << " runs";

  const Failure failure = fuzz::shrink(found->config, found->commands, oracle(), most_replays);
  const std::string report = fuzz::report(failure, {.right = "planted"});
  RecordProperty("commands", static_cast<int>(failure.commands.size()));
  EXPECT_LE(failure.commands.size(), most_commands) << report;

  // What was shrunk still fails, for the same cause, at its last command.
  const std::optional<Counterexample> again = oracle()(failure.config, failure.commands);
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(fuzz::same_cause(*again, failure.counterexample));
  EXPECT_EQ(again->step + 1, failure.commands.size());

  if (GetParam().shows_in_a_trace) {
    EXPECT_TRUE(trace_shows(fuzz::counterexample_trace(failure))) << report;
  }
}

TEST(PlantedBugsTogether, ADifferentOpinionOnTheConfigurationIsFound) {
  const std::optional<Failure> found = find(planted<RejectsEverything>(), 1);
  ASSERT_TRUE(found.has_value());
  const Failure failure = fuzz::shrink(found->config, found->commands, oracle());
  EXPECT_EQ(failure.counterexample.kind, fuzz::Disagreement::creation);
  EXPECT_EQ(failure.counterexample.clause, Clause::conf_01);
  EXPECT_TRUE(failure.commands.empty());
  EXPECT_NE(fuzz::report(failure, {}).find("disagree about the configuration [CONF-01]"), std::string::npos);
}

// The canary must stay silent: a wrapper without a bug is the model.
TEST(PlantedBugsTogether, NoBugIsNotFound) {
  EXPECT_FALSE(find(planted<Correct>(), fuzz::presets().size()).has_value());
}

}  // namespace
}  // namespace kvspec::planted
