// A short input for each reachability goal, kept in fuzz/corpus/goals/: it ties the special case of the model to a test
// that meets it, and shows a reader how it is met (`replay_inputs lockstep --show FILE`).
#pragma once

#include <filesystem>
#include <optional>

#include "fuzz/reach/goals.hpp"
#include "fuzz/targets/commands_input.hpp"

namespace kvspec::fuzz {

// What the input reaches, on the model alone.
Reached reached_by(const CommandsInput& input);

// An input that reaches the goal, shrunk; nothing if no run of some traffic with that many seeds for each preset does.
std::optional<CommandsInput> find_goal_input(Goal goal, std::uint64_t seeds);

}  // namespace kvspec::fuzz
