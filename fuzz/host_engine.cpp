#include "fuzz/host_engine.hpp"

#include <memory>
#include <utility>

#include "impl/host/manager.hpp"

namespace kvspec::fuzz {

oracle::MakeEngine host_engine() { return oracle::engine_of<host::Manager>(); }

oracle::MakeEngine host_engine(std::vector<Clause> deviations) {
  using oracle::Engine;
  return [deviations = std::move(deviations)](const Config<Growing>& config) -> Result<std::unique_ptr<Engine>> {
    Result<host::Manager> manager = host::Manager::create(config, deviations);
    if (!manager) return manager.error();
    return std::unique_ptr<Engine>(std::make_unique<oracle::EngineOf<host::Manager>>(std::move(manager.value())));
  };
}

}  // namespace kvspec::fuzz
