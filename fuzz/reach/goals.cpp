#include "fuzz/reach/goals.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kvspec::fuzz {

void Reached::add(const Reached& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::size_t Reached::num_reached() const { return counts_.size() - missing().size(); }

std::vector<Goal> Reached::missing() const {
  std::vector<Goal> goals;
  for (const GoalEntry& entry : goal_registry) {
    if (count(entry.goal) == 0) goals.push_back(entry.goal);
  }
  return goals;
}

std::string Reached::summary() const {
  std::string text = fmt::format("{} of {} goals reached", num_reached(), counts_.size());
  const std::vector<Goal> never = missing();
  for (const Goal goal : never) {
    text += goal == never.front() ? "; never: " : ", ";
    text += describe(goal).name;
  }
  return text;
}

std::string Reached::table() const {
  std::string text;
  for (const GoalEntry& entry : goal_registry) {
    text += fmt::format("{:>12}  {:<24} {:<9} {}\n", count(entry.goal), entry.name, kvspec::describe(entry.clause).id,
                        entry.sentence);
  }
  return text;
}

std::optional<Goal> find_goal(std::string_view name) {
  const auto found = std::ranges::find(goal_registry, name, &GoalEntry::name);
  if (found == goal_registry.end()) return {};
  return found->goal;
}

}  // namespace kvspec::fuzz
