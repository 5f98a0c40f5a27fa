#include "fuzz/model_host.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "impl/host/manager.hpp"
#include "model/manager.hpp"

namespace kvspec::fuzz {
namespace {

constexpr std::array names = {
    std::pair(Implementation::host, std::string_view("host")),
    std::pair(Implementation::cuda, std::string_view("cuda")),
    std::pair(Implementation::cuda_on_host, std::string_view("cuda-on-host")),
};

}  // namespace

std::string_view to_text(Implementation on) {
  return std::ranges::find(names, on, [](const auto& entry) { return entry.first; })->second;
}

std::optional<Implementation> implementation_of(std::string_view name) {
  const auto found = std::ranges::find(names, name, [](const auto& entry) { return entry.second; });
  if (found == names.end()) return std::nullopt;
  return found->first;
}

Outcome run_model_and_host(const Scenario& scenario, std::uint64_t operations, std::uint32_t view_period,
                           Sketch* sketch, Commands* recording, const ClauseSet& tolerated, Implementation on) {
  if (on != Implementation::host) {
    return run_model_and_cuda(scenario, operations, view_period, sketch, recording, tolerated, on);
  }
  return run_scenario<model::HostModel, host::Manager>(scenario, operations, view_period, sketch, recording, tolerated);
}

std::optional<Counterexample> run_model_and_host(const Config<Growing>& config, const Commands& commands,
                                                 std::uint32_t view_period, const ClauseSet& tolerated,
                                                 Implementation on) {
  if (on != Implementation::host) return run_model_and_cuda(config, commands, view_period, tolerated, on);
  return run_commands<model::HostModel, host::Manager>(config, commands, view_period, tolerated);
}

Oracle model_host_oracle(const ClauseSet& tolerated, std::uint32_t view_period, Implementation on) {
  return [=](const Config<Growing>& config, const Commands& commands) {
    return run_model_and_host(config, commands, view_period, tolerated, on);
  };
}

}  // namespace kvspec::fuzz
