// Model and host implementation agree: on what a plausible scheduler does, on any commands at all, and on any
// configuration at all.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/arbitrary.hpp"
#include "fuzz/expected.hpp"
#include "fuzz/host_engine.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/owed.hpp"
#include "fuzz/report.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/shrink.hpp"
#include "tests/properties/scenarios.hpp"

namespace kvspec::properties {
namespace {

using fuzz::Commands;
using fuzz::Failure;

// Where hashes collide a hit can list a block twice. A scheduler does not take such a hit; any commands might.
fuzz::Scenario without_collisions(fuzz::Scenario scenario) {
  scenario.config.hash_bits.reset();
  return scenario;
}

std::string shrunk_report(const Config<S>& config, const Commands& commands, const fuzz::ClauseSet& tolerated = {}) {
  const Failure failure = fuzz::shrink(config, commands, fuzz::model_host_oracle({.tolerated = tolerated}));
  return fuzz::report(failure, {.commands_before = commands.size()});
}

// Covers: I30
TEST(Lockstep, ModelAndHostAgreeOnPlausibleTraffic) {
  EXPECT_TRUE(rc::check("model and host agree on plausible traffic", [] {
    const fuzz::Scenario scenario = (*any_scenario()).make();
    Commands commands;
    if (fuzz::run_model_and_host(scenario, 1000, {.recording = &commands}).counterexample) {
      RC_FAIL(shrunk_report(scenario.config, commands));
    }
  }));
}

// The CUDA-backed implementation: the same kernels' bodies on the host, and on the device where there is one.
// Covers: I30
TEST(Lockstep, ModelAndCudaAgreeOnPlausibleTraffic) {
  std::vector<fuzz::Implementation> implementations{fuzz::Implementation::cuda_on_host};
  if (fuzz::absence_of(cuda::Place::device).empty()) implementations.push_back(fuzz::Implementation::cuda);
  for (const fuzz::Implementation on : implementations) {
    EXPECT_TRUE(rc::check("model and the CUDA-backed implementation agree on plausible traffic", [on] {
      const fuzz::Scenario scenario = (*any_scenario()).make();
      Commands commands;
      if (fuzz::run_model_and_host(scenario, 200, {.view_period = 4, .recording = &commands}, {}, on).counterexample) {
        const Failure failure = fuzz::shrink(scenario.config, commands, fuzz::model_host_oracle({}, on));
        RC_FAIL(fuzz::report(failure, {.right = fuzz::to_text(on), .commands_before = commands.size()}));
      }
    }));
  }
}

// Whatever the deviations break, they break it on both sides alike.
TEST(Lockstep, ModelAndHostAgreeUnderTheRecordedSemantics) {
  EXPECT_TRUE(rc::check("model and host agree under the recorded semantics", [] {
    fuzz::Scenario scenario = (*any_scenario()).make();
    scenario.config.semantics = Semantics::recorded;
    fuzz::ClauseSet broken;
    for (const fuzz::Breach& breach : fuzz::all_breaches()) broken.add(breach.invariant);
    Commands commands;
    if (fuzz::run_model_and_host(scenario, 1000, {.tolerated = broken, .recording = &commands}).counterexample) {
      RC_FAIL(shrunk_report(scenario.config, commands, broken));
    }
  }));
}

TEST(Lockstep, ModelAndHostAgreeOnAnyCommands) {
  EXPECT_TRUE(rc::check("model and host agree on any commands", [] {
    const fuzz::Scenario scenario = without_collisions((*any_scenario()).make());
    const auto commands = *fuzz::any_commands();
    const fuzz::ClauseSet owed = fuzz::owed_by_callers();
    if (fuzz::run_model_and_host(scenario.config, commands, {.tolerated = owed})) {
      RC_FAIL(shrunk_report(scenario.config, commands, owed));
    }
  }));
}

// Any commands in the middle of plausible traffic, where they meet a state worth spoiling.
TEST(Lockstep, ModelAndHostAgreeOnAnyCommandsAmongPlausibleOnes) {
  EXPECT_TRUE(rc::check("model and host agree on any commands among plausible ones", [] {
    const fuzz::Scenario scenario = without_collisions((*any_scenario()).make());
    Commands commands;
    fuzz::run_model_and_host(scenario, 200, {.view_period = 200, .recording = &commands});
    const auto strange = *fuzz::any_commands();
    for (const Command<S>& command : strange) {
      const auto at = *rc::gen::inRange<std::size_t>(0, commands.size());
      commands.insert(commands.begin() + static_cast<std::ptrdiff_t>(at), command);
    }
    const fuzz::ClauseSet owed = fuzz::owed_by_callers();
    if (fuzz::run_model_and_host(scenario.config, commands, {.tolerated = owed})) {
      RC_FAIL(shrunk_report(scenario.config, commands, owed));
    }
  }));
}

// Covers: CONF-01, CONF-02, CONF-03, CONF-04, CONF-05, CONF-06, CONF-07, CONF-08, CONF-09, CONF-10, CONF-11, CONF-12,
// CONF-13
TEST(Lockstep, ModelAndHostAcceptTheSameConfigurations) {
  EXPECT_TRUE(rc::check("model and host accept the same configurations", [] {
    Config<S> config = *rc::gen::oneOf(
        fuzz::any_config(), rc::gen::map(any_scenario(), [](const auto& drawn) { return drawn.make().config; }));
    if (*rc::gen::arbitrary<bool>()) config.num_blocks = *fuzz::any_int64();
    if (*rc::gen::arbitrary<bool>()) config.scheduler_block_size = *fuzz::any_int64();
    if (config.num_blocks > 4096) RC_DISCARD("a pool larger than a test should make");
    const auto found = fuzz::run_model_and_host(config, Commands{});
    if (found) RC_FAIL(fuzz::report({.config = config, .commands = {}, .counterexample = *found}, {}));
  }));
}

}  // namespace
}  // namespace kvspec::properties
