// The model on the left, the loaded subject on the right: fuzz/lockstep.hpp, instantiated once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "fuzz/run.hpp"
#include "fuzz/scenario.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::mutants {

// As run_scenario of fuzz/run.hpp.
fuzz::Outcome run(const fuzz::Scenario& scenario, std::uint64_t operations, const fuzz::RunOptions& options);

// As run_commands. `reached` is the index of the command that is performed: whoever shares that memory knows it when
// the subject has taken the process down.
std::optional<fuzz::Counterexample> replay(const Config<Growing>& config, const fuzz::Commands& commands,
                                           std::uint32_t view_period, const fuzz::ClauseSet& tolerated,
                                           std::size_t& reached);

// The commands that `run` gives both, from the model alone.
fuzz::Commands commands_of(const fuzz::Scenario& scenario, std::uint64_t operations);

}  // namespace kvspec::mutants
