// Scenarios as RapidCheck draws them, and one system driven through one of them step by step.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <ostream>
#include <variant>

#include "fuzz/scenario.hpp"
#include "fuzz/scheduler.hpp"
#include "spec/commands.hpp"
#include "spec/storage.hpp"

namespace kvspec::properties {

using S = Growing;

// A preset and a seed; that is how a failing case is shown, and it can be given to `kvspec lockstep`. A smaller seed
// is no simpler run, so nothing is shrunk here.
struct DrawnScenario {
  const fuzz::Preset* preset = nullptr;
  std::uint64_t seed = 0;

  fuzz::Scenario make() const { return fuzz::make_scenario(*preset, seed); }
};

inline void showValue(const DrawnScenario& drawn, std::ostream& out) {
  out << "--config " << drawn.preset->name << " --seed " << drawn.seed;
}

inline rc::Gen<DrawnScenario> any_scenario() {
  return rc::gen::map(rc::gen::noShrink(rc::gen::resize(
                          rc::kNominalSize, rc::gen::pair(rc::gen::inRange<std::size_t>(0, fuzz::presets().size()),
                                                          rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 32)))),
                      [](const std::pair<std::size_t, std::uint64_t>& drawn) {
                        return DrawnScenario{&fuzz::presets()[drawn.first], drawn.second};
                      });
}

// Drives one system: check(before, command, result, system) is called after each command, `before` being the view
// from before it.
template <class T, class Check>
void drive(const fuzz::Scenario& scenario, int operations, Check&& check) {
  auto created = T::create(scenario.config);
  if (!created) return;
  T& system = created.value();
  fuzz::Scheduler scheduler(scenario);
  for (int i = 0; i < operations; ++i) {
    const View<S> before = system.view();
    std::visit(
        [&](const auto& command) {
          const auto result = system.step(command);
          scheduler.observe(command, result);
          check(before, command, result, system);
        },
        scheduler.next());
  }
}

}  // namespace kvspec::properties
