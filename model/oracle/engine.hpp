// An engine: any manager behind one interface, so that the command can serve one it was not written for. The model is
// registered here; implementations are registered from outside, since the model names none.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::oracle {

class Engine {
 public:
  virtual ~Engine() = default;
  // As a System's: the observation, or the clause the command breaks, and then nothing has changed.
  virtual Result<Observation<Growing>> step(const Command<Growing>& command) = 0;
  virtual View<Growing> view() const = 0;
};

using MakeEngine = std::function<Result<std::unique_ptr<Engine>>(const Config<Growing>&)>;

// Base: Engine, or an interface that adds to it.
template <class System, class Base = Engine>
class EngineOf : public Base {
 public:
  explicit EngineOf(System system) : system_(std::move(system)) {}
  Result<Observation<Growing>> step(const Command<Growing>& command) override {
    return kvspec::step<System, Growing>(system_, command);
  }
  View<Growing> view() const override { return system_.view(); }

 protected:
  System system_;
};

// Makes engines of a system, or names the clause that a configuration breaks. [CONF-*]
template <class System>
MakeEngine engine_of() {
  return [](const Config<Growing>& config) -> Result<std::unique_ptr<Engine>> {
    Result<System> system = System::create(config);
    if (!system) return system.error();
    return std::unique_ptr<Engine>(std::make_unique<EngineOf<System>>(std::move(system.value())));
  };
}

struct NamedEngine {
  std::string name;
  MakeEngine make;
  // Why this machine or this build cannot have it, in words; empty if it can.
  std::function<std::string()> absence = [] { return std::string(); };
};

}  // namespace kvspec::oracle
