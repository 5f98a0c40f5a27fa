#include "fuzz/model_host.hpp"

#include "impl/host/manager.hpp"
#include "model/manager.hpp"

namespace kvspec::fuzz {

Outcome run_model_and_host(const Scenario& scenario, std::uint64_t operations, std::uint32_t view_period,
                           Sketch* sketch, Commands* recording) {
  return run_scenario<model::HostModel, host::Manager>(scenario, operations, view_period, sketch, recording);
}

std::optional<Counterexample> run_model_and_host(const Config<Growing>& config, const Commands& commands,
                                                 std::uint32_t view_period) {
  return run_commands<model::HostModel, host::Manager>(config, commands, view_period);
}

Oracle model_host_oracle() {
  return
      [](const Config<Growing>& config, const Commands& commands) { return run_model_and_host(config, commands, 1); };
}

}  // namespace kvspec::fuzz
