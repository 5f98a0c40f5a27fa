#include "fuzz/cuda/cuda_manager.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/onlooker.hpp"
#include "model/manager.hpp"

namespace kvspec::fuzz {

using OnDevice = CudaManagerAt<cuda::Place::device>;
using OnHost = CudaManagerAt<cuda::Place::host>;

Outcome run_model_and_cuda(const Scenario& scenario, std::uint64_t operations, std::uint32_t view_period,
                           Sketch* sketch, Commands* recording, const ClauseSet& tolerated, Onlookers onlookers,
                           Implementation on) {
  const auto run = on == Implementation::cuda ? run_scenario<model::HostModel, OnDevice, Onlooker>
                                              : run_scenario<model::HostModel, OnHost, Onlooker>;
  return run(scenario, operations, view_period, sketch, recording, tolerated, Onlooker{onlookers});
}

std::optional<Counterexample> run_model_and_cuda(const Config<Growing>& config, const Commands& commands,
                                                 std::uint32_t view_period, const ClauseSet& tolerated,
                                                 Onlookers onlookers, Implementation on) {
  const auto run = on == Implementation::cuda ? run_commands<model::HostModel, OnDevice, Onlooker>
                                              : run_commands<model::HostModel, OnHost, Onlooker>;
  return run(config, commands, view_period, tolerated, Onlooker{onlookers});
}

}  // namespace kvspec::fuzz
