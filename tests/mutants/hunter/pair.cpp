#include "tests/mutants/hunter/pair.hpp"

#include <utility>
#include <variant>

#include "fuzz/lockstep.hpp"
#include "fuzz/scheduler.hpp"
#include "model/manager.hpp"
#include "tests/mutants/hunter/loaded.hpp"

namespace kvspec::mutants {

using fuzz::Commands;

fuzz::Outcome run(const fuzz::Scenario& scenario, std::uint64_t operations, const fuzz::RunOptions& options) {
  return fuzz::run_scenario<model::HostModel, Loaded>(scenario, operations, options);
}

std::optional<fuzz::Counterexample> replay(const Config<Growing>& config, const Commands& commands,
                                           std::uint32_t view_period, const fuzz::ClauseSet& tolerated,
                                           std::size_t& reached) {
  reached = 0;
  fuzz::Lockstep<model::HostModel, Loaded> lockstep(config, view_period, tolerated);
  if (!lockstep.created()) return lockstep.counterexample();
  for (; reached < commands.size(); ++reached) {
    if (!lockstep.apply(commands[reached])) return lockstep.counterexample();
  }
  if (!commands.empty()) lockstep.finish(commands.back());
  return lockstep.counterexample();
}

Commands commands_of(const fuzz::Scenario& scenario, std::uint64_t operations) {
  Commands commands;
  Result<model::HostModel> model = model::HostModel::create(scenario.config);
  if (!model) return commands;
  fuzz::Scheduler scheduler(scenario);
  for (std::uint64_t i = 0; i < operations; ++i) {
    commands.push_back(scheduler.next());
    std::visit([&](const auto& c) { scheduler.observe(c, model.value().step(c)); }, commands.back());
  }
  return commands;
}

}  // namespace kvspec::mutants
