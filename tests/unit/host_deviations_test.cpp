// The host implementation with any subset of the deviations: a system like none that was recorded, which must still be
// one. None of them is the sound semantics, all of them the recorded one.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "fuzz/host_engine.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/scheduler.hpp"
#include "model/oracle/model_engine.hpp"

namespace kvspec::fuzz {
namespace {

using S = Growing;

std::vector<Clause> all_deviations() {
  std::vector<Clause> deviations;
  for (const ClauseEntry& entry : clause_registry) {
    if (entry.kind == ClauseKind::deviation) deviations.push_back(entry.clause);
  }
  return deviations;
}

// Performs traffic on an engine; with `reference` both must answer alike. Returns the commands performed.
std::uint64_t perform(const Scenario& scenario, const oracle::MakeEngine& make, const oracle::MakeEngine* reference) {
  auto engine = make(scenario.config);
  if (!engine) return 0;
  auto other = reference == nullptr ? decltype(engine)(Error{}) : (*reference)(scenario.config);
  Scheduler scheduler(scenario);
  constexpr std::uint64_t count = 400;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Command<S>& command = scheduler.next();
    const Result<Observation<S>> result = engine.value()->step(command);
    if (reference != nullptr) {
      EXPECT_EQ(result, other.value()->step(command));
    }
    scheduler.observe(command, result);
  }
  return count;
}

template <class Make>
std::uint64_t perform_all(Semantics semantics, Make&& make, const oracle::MakeEngine* reference) {
  std::uint64_t performed = 0;
  for (const Preset& preset : presets()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      performed += perform(make_scenario(preset, seed, semantics), make(seed), reference);
    }
  }
  return performed;
}

TEST(HostDeviations, NoneOfThemIsSound) {
  const oracle::MakeEngine model = oracle::model_engine();
  const auto none = [](std::uint64_t) { return host_engine(std::vector<Clause>{}); };
  EXPECT_GT(perform_all(Semantics::sound, none, &model), 10000U);
}

TEST(HostDeviations, AllOfThemAreRecorded) {
  const oracle::MakeEngine model = oracle::model_engine();
  const auto all = [](std::uint64_t) { return host_engine(all_deviations()); };
  EXPECT_GT(perform_all(Semantics::recorded, all, &model), 10000U);
}

TEST(HostDeviations, AnySubsetIsASystem) {
  Random random(7);
  const auto some = [&](std::uint64_t) {
    std::vector<Clause> subset;
    for (const Clause deviation : all_deviations()) {
      if (random.chance(1, 2)) subset.push_back(deviation);
    }
    return host_engine(subset);
  };
  EXPECT_GT(perform_all(Semantics::sound, some, nullptr), 10000U);
  for (const Clause deviation : all_deviations()) {
    const auto one = [&](std::uint64_t) { return host_engine({deviation}); };
    EXPECT_GT(perform_all(Semantics::sound, one, nullptr), 10000U);
  }
}

}  // namespace
}  // namespace kvspec::fuzz
