#include "fuzz/cuda/cuda_manager.hpp"
#include "fuzz/model_host.hpp"
#include "model/manager.hpp"

namespace kvspec::fuzz {

using OnDevice = CudaManagerAt<cuda::Place::device>;
using OnHost = CudaManagerAt<cuda::Place::host>;

Outcome run_model_and_cuda(const Scenario& scenario, std::uint64_t operations, std::uint32_t view_period,
                           Sketch* sketch, Commands* recording, const ClauseSet& tolerated, Implementation on) {
  const auto run =
      on == Implementation::cuda ? run_scenario<model::HostModel, OnDevice> : run_scenario<model::HostModel, OnHost>;
  return run(scenario, operations, view_period, sketch, recording, tolerated);
}

std::optional<Counterexample> run_model_and_cuda(const Config<Growing>& config, const Commands& commands,
                                                 std::uint32_t view_period, const ClauseSet& tolerated,
                                                 Implementation on) {
  const auto run =
      on == Implementation::cuda ? run_commands<model::HostModel, OnDevice> : run_commands<model::HostModel, OnHost>;
  return run(config, commands, view_period, tolerated);
}

}  // namespace kvspec::fuzz
