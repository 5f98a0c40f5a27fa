#include "fuzz/targets/goal_inputs.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "fuzz/model_host.hpp"
#include "fuzz/reach/reach.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/shrink.hpp"
#include "model/manager.hpp"

namespace kvspec::fuzz {

namespace {

constexpr std::uint64_t operations = 2000;
constexpr std::size_t most_replays = 4000;

// The number of commands after which the goal is reached; nothing if it is not.
std::optional<std::size_t> commands_to(Goal goal, const Config<Growing>& config, const Commands& commands) {
  Result<model::HostModel> model = model::HostModel::create(config);
  if (!model) return {};
  Reached reached;
  Reach reach(reached);
  reach.begins(model.value());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    std::visit([&](const auto& c) { reach.saw(model.value(), c, model.value().step(c)); }, commands[i]);
    if (reached.count(goal) > 0) return i + 1;
  }
  return {};
}

// To the shrinker, reaching the goal is what fails.
Oracle oracle_of(Goal goal) {
  return [goal](const Config<Growing>& config, const Commands& commands) -> std::optional<Counterexample> {
    const auto number = commands_to(goal, config, commands);
    if (!number) return {};
    return Counterexample{.step = *number - 1,
                          .command = commands[*number - 1],
                          .kind = Disagreement::observation,
                          .clause = describe(goal).clause,
                          .path = {},
                          .expected = {},
                          .actual = {}};
  };
}

}  // namespace

Reached reached_by(const CommandsInput& input) {
  Reached reached;
  Result<model::HostModel> model = model::HostModel::create(input.config);
  if (!model) return reached;
  Reach reach(reached);
  reach.begins(model.value());
  for (const Command<Growing>& command : input.commands) {
    std::visit([&](const auto& c) { reach.saw(model.value(), c, model.value().step(c)); }, command);
  }
  return reached;
}

std::optional<CommandsInput> find_goal_input(Goal goal, std::uint64_t seeds) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (const Preset& preset : presets()) {
      Scenario scenario = make_scenario(preset, seed);
      tame(scenario.config);
      Commands commands;
      run_model_and_host(scenario, operations, {.view_period = operations, .recording = &commands});
      if (!commands_to(goal, scenario.config, commands)) continue;
      Failure found = shrink(scenario.config, commands, oracle_of(goal), most_replays);
      found.config.name.reset();
      const CommandsInput input{.config = std::move(found.config), .commands = std::move(found.commands)};
      // Too long an input is cut where it is read.
      if (reached_by(decode_input(encode_input(input))).count(goal) > 0) return input;
    }
  }
  return {};
}

}  // namespace kvspec::fuzz
