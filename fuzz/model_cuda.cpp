#include "fuzz/cuda/cuda_manager.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/onlooker.hpp"
#include "model/manager.hpp"

namespace kvspec::fuzz {

using OnDevice = CudaManagerAt<cuda::Place::device>;
using OnHost = CudaManagerAt<cuda::Place::host>;

Outcome run_model_and_cuda(const Scenario& scenario, std::uint64_t operations, const RunOptions& options,
                           Onlookers onlookers, Implementation on) {
  const auto run = on == Implementation::cuda ? run_scenario<model::HostModel, OnDevice, Onlooker>
                                              : run_scenario<model::HostModel, OnHost, Onlooker>;
  return run(scenario, operations, options, Onlooker{onlookers});
}

std::optional<Counterexample> run_model_and_cuda(const Config<Growing>& config, const Commands& commands,
                                                 const RunOptions& options, Onlookers onlookers, Implementation on) {
  const auto run = on == Implementation::cuda ? run_commands<model::HostModel, OnDevice, Onlooker>
                                              : run_commands<model::HostModel, OnHost, Onlooker>;
  return run(config, commands, options, Onlooker{onlookers});
}

}  // namespace kvspec::fuzz
