#include "fuzz/model_host.hpp"

#include <algorithm>
#include <variant>

#include "fuzz/reach/reach.hpp"
#include "fuzz/reach/state_features.hpp"
#include "fuzz/watch/watch.hpp"
#include "impl/host/manager.hpp"
#include "model/manager.hpp"
#include "spec/invariants.hpp"

namespace kvspec::fuzz {

namespace {

struct Onlooker {
  Onlookers to;

  void begins(const model::HostModel& model) {
    if (to.reach != nullptr) to.reach->begins(model);
  }
  template <class C, class R>
  void saw(const model::HostModel& model, const C& command, const R& result) {
    if (to.reach != nullptr) to.reach->saw(model, command, result);
    if (to.features != nullptr) to.features->saw(model, command, result);
  }
};

}  // namespace

Outcome run_model_and_host(const Scenario& scenario, std::uint64_t operations, std::uint32_t view_period,
                           Sketch* sketch, Commands* recording, const ClauseSet& tolerated, Onlookers onlookers) {
  return run_scenario<model::HostModel, host::Manager>(scenario, operations, view_period, sketch, recording, tolerated,
                                                       Onlooker{onlookers});
}

std::optional<Counterexample> run_model_and_host(const Config<Growing>& config, const Commands& commands,
                                                 std::uint32_t view_period, const ClauseSet& tolerated,
                                                 Onlookers onlookers) {
  return run_commands<model::HostModel, host::Manager>(config, commands, view_period, tolerated, Onlooker{onlookers});
}

Oracle model_host_oracle(const ClauseSet& tolerated, std::uint32_t view_period) {
  return [=](const Config<Growing>& config, const Commands& commands) {
    return run_model_and_host(config, commands, view_period, tolerated);
  };
}

bool host_breaks(Clause invariant, const std::vector<Clause>& deviations, const Config<Growing>& config,
                 const Commands& commands) {
  Result<host::Manager> created = host::Manager::create(config, deviations);
  if (!created) return false;
  host::Manager& manager = created.value();
  Invariants<Growing> invariants;
  Watch watch(config);
  const auto is_it = [&](const Finding& finding) { return finding && finding->clause == invariant; };
  return std::ranges::any_of(commands, [&](const Command<Growing>& command) {
    return std::visit(
        [&](const auto& c) {
          const auto result = manager.step(c);
          return is_it(invariants.check(manager)) || is_it(watch.saw(manager, c, result));
        },
        command);
  });
}

}  // namespace kvspec::fuzz
