// An engine whose state can be inspected, and those that the C library is linked with. The model is one of them; which
// others there are is said outside of model/, which names no implementation (fuzz/bindings/engines.cpp).
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "model/oracle/engine.hpp"
#include "spec/invariants.hpp"

namespace kvspec::c_api {

class InspectedEngine : public oracle::Engine {
 public:
  // The first invariant of single states that is broken. What it says points into the engine.
  virtual Finding check() = 0;
};

using Inspected = Result<std::unique_ptr<InspectedEngine>>;

template <class System>
class InspectedEngineOf final : public oracle::EngineOf<System, InspectedEngine> {
 public:
  InspectedEngineOf(System system, const Config<Growing>& config)
      : oracle::EngineOf<System, InspectedEngine>(std::move(system)), invariants_(config) {}
  Finding check() override { return invariants_.check(this->system_); }

 private:
  Invariants<Growing> invariants_;
};

// An engine of a system, or the clause that the configuration breaks. [CONF-*]
template <class System>
Inspected inspected(const Config<Growing>& config) {
  Result<System> system = System::create(config);
  if (!system) return system.error();
  return std::unique_ptr<InspectedEngine>(
      std::make_unique<InspectedEngineOf<System>>(std::move(system.value()), config));
}

Inspected inspected_model(const Config<Growing>& config);

struct LinkedEngine {
  const char* name;
  Inspected (*make)(const Config<Growing>& config);
};

// Defined where the library is put together.
std::span<const LinkedEngine> linked_engines();

}  // namespace kvspec::c_api
