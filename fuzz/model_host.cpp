#include "fuzz/model_host.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "fuzz/onlooker.hpp"
#include "fuzz/watch/watch.hpp"
#include "impl/host/manager.hpp"
#include "model/manager.hpp"
#include "spec/invariants.hpp"

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

Outcome run_model_and_host(const Scenario& scenario, std::uint64_t operations, const RunOptions& options,
                           Onlookers onlookers, Implementation on) {
  if (on != Implementation::host) return run_model_and_cuda(scenario, operations, options, onlookers, on);
  return run_scenario<model::HostModel, host::Manager>(scenario, operations, options, Onlooker{onlookers});
}

std::optional<Counterexample> run_model_and_host(const Config<Growing>& config, const Commands& commands,
                                                 const RunOptions& options, Onlookers onlookers, Implementation on) {
  if (on != Implementation::host) return run_model_and_cuda(config, commands, options, onlookers, on);
  return run_commands<model::HostModel, host::Manager>(config, commands, options, Onlooker{onlookers});
}

Oracle model_host_oracle(const RunOptions& options, Implementation on) {
  return [=](const Config<Growing>& config, const Commands& commands) {
    return run_model_and_host(config, commands, options, {}, on);
  };
}

bool host_breaks(Clause invariant, const std::vector<Clause>& deviations, const Config<Growing>& config,
                 const Commands& commands) {
  Result<host::Manager> created = host::Manager::create(config, deviations);
  if (!created) return false;
  host::Manager& manager = created.value();
  Invariants<Growing> invariants(config);
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
