#include "fuzz/model_host.hpp"

#include "impl/host/manager.hpp"
#include "model/manager.hpp"

namespace kvspec::fuzz {

Outcome run_model_and_host(const Scenario& scenario, std::uint64_t operations, std::uint32_t view_period,
                           Sketch* sketch, Commands* recording, const ClauseSet& tolerated) {
  return run_scenario<model::HostModel, host::Manager>(scenario, operations, view_period, sketch, recording, tolerated);
}

std::optional<Counterexample> run_model_and_host(const Config<Growing>& config, const Commands& commands,
                                                 std::uint32_t view_period, const ClauseSet& tolerated) {
  return run_commands<model::HostModel, host::Manager>(config, commands, view_period, tolerated);
}

Oracle model_host_oracle(const ClauseSet& tolerated, std::uint32_t view_period) {
  return [=](const Config<Growing>& config, const Commands& commands) {
    return run_model_and_host(config, commands, view_period, tolerated);
  };
}

}  // namespace kvspec::fuzz
