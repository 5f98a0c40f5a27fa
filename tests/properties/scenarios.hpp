// Scenarios as RapidCheck draws them, and one system driven through one of them step by step.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <functional>
#include <iosfwd>

#include "fuzz/scenario.hpp"
#include "model/oracle/engine.hpp"
#include "spec/commands.hpp"
#include "spec/dump.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::properties {

using S = Growing;

// A preset and a seed; that is how a failing case is shown, and it can be given to `kvspec lockstep`. A smaller seed
// is no simpler run, so nothing is shrunk here.
struct DrawnScenario {
  const fuzz::Preset* preset = nullptr;
  std::uint64_t seed = 0;

  fuzz::Scenario make() const { return fuzz::make_scenario(*preset, seed); }
};

void showValue(const DrawnScenario& drawn, std::ostream& out);

rc::Gen<DrawnScenario> any_scenario();

// What a law looks at after each command; `before` is the view from before it.
using Check = std::function<void(const View<S>& before, const Command<S>& command, const Result<Observation<S>>& result,
                                 oracle::Engine& system)>;

// Drives one system.
void drive(const oracle::MakeEngine& make, const fuzz::Scenario& scenario, int operations, const Check& check);

}  // namespace kvspec::properties
