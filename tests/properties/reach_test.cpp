// Reachability goals: the traffic that agreement is claimed for reaches every special case of the model, each goal has
// a short input that reaches it, and a run that meets nothing is told apart from one that does.
#include "fuzz/reach/reach.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "fuzz/model_host.hpp"
#include "fuzz/reach/goals.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/targets/goal_inputs.hpp"

namespace kvspec::properties {
namespace {

using fuzz::Goal;
using fuzz::Reached;

const std::filesystem::path goal_folder = std::filesystem::path(KVSPEC_SOURCE_DIR) / "fuzz/corpus/goals";

Reached reached_by_file(const std::string& name) {
  std::ifstream in(goal_folder / name, std::ios::binary);
  const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return fuzz::reached_by(fuzz::decode_input(bytes));
}

TEST(Reach, TheTrafficReachesEveryGoal) {
  constexpr std::uint64_t operations = 2000;
  constexpr std::uint64_t most_runs = 40;
  Reached reached;
  for (std::uint64_t run = 0; run < most_runs && !reached.missing().empty(); ++run) {
    for (const fuzz::Preset& preset : fuzz::presets()) {
      fuzz::Reach reach(reached);
      const fuzz::Scenario scenario = fuzz::make_scenario(preset, fuzz::seed_of_run(3, run));
      fuzz::run_model_and_host(scenario, operations, {.view_period = operations}, {.reach = &reach});
    }
  }
  EXPECT_TRUE(reached.missing().empty()) << reached.summary();
}

// Covers: LOOK-02, LOOK-03, LOOK-04, LOOK-07, LOOK-08, LOOK-09, LOOK-10, LOOK-12, LOOK-13, LOOK-14, LOOK-15, ALLOC-04,
// ALLOC-07, ALLOC-09, ALLOC-10, ALLOC-11, ALLOC-17, ALLOC-19, CACHE-06, CACHE-08, CACHE-09, FREE-05, FREE-07, FREE-08,
// FREE-09, MAMBA-02, MAMBA-05, POOL-03, POOL-05, POOL-06, POOL-07, POOL-09, POOL-10, POOL-11, POOL-13, EVENT-01,
// EVENT-03, EVENT-06, HASH-07, HASH-10, STAT-01
TEST(Reach, EachGoalHasAnInputThatReachesIt) {
  for (const fuzz::GoalEntry& entry : fuzz::goal_registry) {
    EXPECT_GT(reached_by_file(std::string(entry.name)).count(entry.goal), 0U)
        << entry.name << ": " << entry.sentence << "; replay_inputs --make-goals " << goal_folder.string();
  }
}

TEST(Reach, NoInputIsThereForNoGoal) {
  for (const auto& file : std::filesystem::directory_iterator(goal_folder)) {
    EXPECT_TRUE(fuzz::find_goal(file.path().filename().string())) << file.path();
  }
}

// A goal that every input reaches, or none, would tell nothing.
TEST(Reach, GoalsAreToldApart) {
  std::size_t most = 0;
  for (const fuzz::GoalEntry& entry : fuzz::goal_registry) {
    most = std::max(most, reached_by_file(std::string(entry.name)).num_reached());
  }
  EXPECT_LT(most, fuzz::goal_registry.size() / 2);
  EXPECT_EQ(fuzz::reached_by({}).num_reached(), 0U);
}

TEST(Reach, NamesAreUniqueAndTheSummarySaysWhatIsMissing) {
  std::set<std::string_view> names;
  for (const fuzz::GoalEntry& entry : fuzz::goal_registry) names.insert(entry.name);
  EXPECT_EQ(names.size(), fuzz::goal_registry.size());
  Reached reached;
  for (const fuzz::GoalEntry& entry : fuzz::goal_registry) {
    if (entry.goal != Goal::hit_mla) reached.add(entry.goal);
  }
  EXPECT_NE(reached.summary().find("; never: hit_mla"), std::string::npos) << reached.summary();
  EXPECT_NE(reached.table().find("hit_mla"), std::string::npos);
}

}  // namespace
}  // namespace kvspec::properties
