// The harness finds bugs: each planted one is found on random traffic within a few seeds, shrunk to a handful of
// commands, and reported with the clause that it breaks.
#include "tests/properties/planted_bugs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "fuzz/report.hpp"
#include "fuzz/run.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/shrink.hpp"

namespace kvspec::planted {
namespace {

using fuzz::Commands;
using fuzz::Counterexample;
using fuzz::Failure;
using fuzz::Scenario;

constexpr std::uint64_t operations_per_run = 2000;
constexpr std::uint64_t most_runs = 200;
constexpr std::size_t most_commands = 8;

// Everything below is about the bug that is planted.
std::optional<Counterexample> replay(const Config<S>& config, const Commands& commands) {
  return fuzz::run_commands<Model, Planted>(config, commands, 1);
}

// The first seed of the session whose run finds the bug, as its configuration and commands.
std::optional<Failure> find(std::uint64_t runs) {
  for (std::uint64_t number = 0; number < runs; ++number) {
    const auto presets = fuzz::presets();
    const Scenario scenario = fuzz::make_scenario(presets[number % presets.size()], fuzz::seed_of_run(1, number));
    Failure failure{.config = scenario.config, .commands = {}, .counterexample = {}};
    const fuzz::Outcome outcome = fuzz::run_scenario<Model, Planted>(
        scenario, operations_per_run, fuzz::usual_view_period, nullptr, &failure.commands);
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

class PlantedBug : public testing::TestWithParam<const Correct*> {
 protected:
  void SetUp() override { Planted::bug = GetParam(); }
  void TearDown() override { Planted::bug = &correct; }
};

std::string name_of_bug(const testing::TestParamInfo<const Correct*>& bug) {
  std::string name(bug.param->name);
  std::ranges::replace_if(name, [](char c) { return c == ' ' || c == '-'; }, '_');
  return name;
}

template <class Bug>
constexpr Bug planted{};

INSTANTIATE_TEST_SUITE_P(, PlantedBug,
                         testing::Values(&planted<FreesForwards>, &planted<ForgetsTouch>, &planted<KeepsEagleBlock>,
                                         &planted<PrefersNewestDuplicate>, &planted<EvictsWrongDuplicate>,
                                         &planted<IgnoresLookahead>, &planted<IgnoresGate>, &planted<IgnoresDelay>,
                                         &planted<IgnoresSalt>, &planted<MixesPreempted>, &planted<NeverPrepends>,
                                         &planted<MakesNoTable>, &planted<ForgetsOnError>, &planted<TouchesOnRefusal>,
                                         &planted<SilentReset>, &planted<ForgetsModelLength>),
                         name_of_bug);

// Covers: FREE-01, POOL-05, LOOK-04, POOL-09, POOL-10, ALLOC-12, ALLOC-07, ALLOC-13, HASH-06, STAT-01, POOL-07,
// FREE-06, ALLOC-09, EVENT-05, I21
TEST_P(PlantedBug, IsFoundAndShrunk) {
  const std::optional<Failure> found = find(most_runs);
  ASSERT_TRUE(found.has_value()) << "not found in " << most_runs << " runs";

  const Failure failure = fuzz::shrink(found->config, found->commands, replay);
  const std::string report = fuzz::report(failure, {.right = "planted"});
  RecordProperty("commands", static_cast<int>(failure.commands.size()));
  EXPECT_LE(failure.commands.size(), most_commands) << report;

  // What was shrunk still fails, for the same cause, at its last command.
  const std::optional<Counterexample> again = replay(failure.config, failure.commands);
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(fuzz::same_cause(*again, failure.counterexample));
  EXPECT_EQ(again->step + 1, failure.commands.size());

  if (GetParam()->shows_in_a_trace()) {
    EXPECT_TRUE(trace_shows(fuzz::counterexample_trace(failure)));
  }
}

TEST(PlantedBugs, ADifferentOpinionOnTheConfigurationIsFound) {
  static constexpr RejectsEverything rejects_everything;
  Planted::bug = &rejects_everything;
  const std::optional<Failure> found = find(1);
  ASSERT_TRUE(found.has_value());
  const Failure failure = fuzz::shrink(found->config, found->commands, replay);
  EXPECT_EQ(failure.counterexample.kind, fuzz::Disagreement::creation);
  EXPECT_EQ(failure.counterexample.clause, Clause::conf_01);
  EXPECT_TRUE(failure.commands.empty());
  EXPECT_NE(fuzz::report(failure, {}).find("disagree about the configuration [CONF-01]"), std::string::npos);
  Planted::bug = &correct;
}

// The canary must stay silent: a wrapper without a bug is the model.
TEST(PlantedBugs, NoBugIsNotFound) { EXPECT_FALSE(find(42).has_value()); }

}  // namespace
}  // namespace kvspec::planted
