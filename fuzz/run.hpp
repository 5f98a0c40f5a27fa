// Runs: lockstep over the commands of a scheduler, or over a list of commands.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fuzz/counterexample.hpp"
#include "fuzz/lockstep.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/scheduler.hpp"
#include "fuzz/sketch.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

using Commands = std::vector<Command<Growing>>;

struct Outcome {
  Traffic traffic{};
  std::optional<Counterexample> counterexample{};
};

// Looks on at a run: told of the left system when it begins, then of each command with what both answered.
struct NoOnlooker {
  template <class Left>
  void begins(const Left&) {}
  template <class Left, class C, class R>
  void saw(const Left&, const C&, const R&) {}
};

// Up to `operations` commands of the scenario. The states met are entered in the sketch, if there is one, and the
// commands, the failing one included, are appended to the recording, if there is one. `tolerated` as in Lockstep.
template <class Left, class Right, class Onlooker = NoOnlooker>
Outcome run_scenario(const Scenario& scenario, std::uint64_t operations, std::uint32_t view_period, Sketch* sketch,
                     Commands* recording, const ClauseSet& tolerated = {}, Onlooker onlooker = {}) {
  Lockstep<Left, Right> lockstep(scenario.config, view_period, tolerated);
  if (!lockstep.created()) {
    Outcome outcome{{}, lockstep.counterexample()};
    if (!outcome.counterexample) outcome.traffic.rejected_configs = 1;
    return outcome;
  }
  onlooker.begins(lockstep.left());
  Scheduler scheduler(scenario);
  const Command<Growing>* command = nullptr;
  for (std::uint64_t i = 0; i < operations; ++i) {
    command = &scheduler.next();
    if (recording != nullptr) recording->push_back(*command);
    const bool equal = lockstep.apply(*command, [&](const auto& c, const auto& result) {
      onlooker.saw(lockstep.left(), c, result);
      scheduler.observe(c, result);
    });
    if (!equal) return {scheduler.traffic(), lockstep.counterexample()};
    if (sketch != nullptr && lockstep.steps() % view_period == 0) sketch->enter(lockstep.last_view());
  }
  if (command != nullptr) lockstep.finish(*command);
  return {scheduler.traffic(), lockstep.counterexample()};
}

// All commands, from a fresh pair of systems.
template <class Left, class Right, class Onlooker = NoOnlooker>
std::optional<Counterexample> run_commands(const Config<Growing>& config, std::span<const Command<Growing>> commands,
                                           std::uint32_t view_period, const ClauseSet& tolerated = {},
                                           Onlooker onlooker = {}) {
  Lockstep<Left, Right> lockstep(config, view_period, tolerated);
  if (!lockstep.created()) return lockstep.counterexample();
  onlooker.begins(lockstep.left());
  const auto look_on = [&](const auto& c, const auto& result) { onlooker.saw(lockstep.left(), c, result); };
  for (const Command<Growing>& command : commands) {
    if (!lockstep.apply(command, look_on)) return lockstep.counterexample();
  }
  if (!commands.empty()) lockstep.finish(commands.back());
  return lockstep.counterexample();
}

}  // namespace kvspec::fuzz
