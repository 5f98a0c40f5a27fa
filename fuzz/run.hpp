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

struct RunOptions {
  std::uint32_t view_period = 1;  // views are compared after every so many commands; whoever makes traffic takes longer
  ClauseSet tolerated{};          // as in Lockstep
  Sketch* sketch = nullptr;       // if there is one, the states met are entered
  Commands* recording = nullptr;  // if there is one, the commands are appended, the failing one included
};

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

// Up to `operations` commands of the scenario.
template <class Left, class Right, class Onlooker = NoOnlooker>
Outcome run_scenario(const Scenario& scenario, std::uint64_t operations, const RunOptions& options = {},
                     Onlooker onlooker = {}) {
  Lockstep<Left, Right> lockstep(scenario.config, options.view_period, options.tolerated);
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
    if (options.recording != nullptr) options.recording->push_back(*command);
    const bool equal = lockstep.apply(*command, [&](const auto& c, const auto& result) {
      onlooker.saw(lockstep.left(), c, result);
      scheduler.observe(c, result);
    });
    if (!equal) return {scheduler.traffic(), lockstep.counterexample()};
    const bool was_compared = lockstep.steps() % options.view_period == 0;
    if (options.sketch != nullptr && was_compared) options.sketch->enter(lockstep.last_view());
  }
  if (command != nullptr) lockstep.finish(*command);
  return {scheduler.traffic(), lockstep.counterexample()};
}

// All commands, from a fresh pair of systems; of the options the first two.
template <class Left, class Right, class Onlooker = NoOnlooker>
std::optional<Counterexample> run_commands(const Config<Growing>& config, std::span<const Command<Growing>> commands,
                                           const RunOptions& options = {}, Onlooker onlooker = {}) {
  Lockstep<Left, Right> lockstep(config, options.view_period, options.tolerated);
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
