// The pair this repository is about: the model on the left, the host implementation on the right. Instantiated once, in
// model_host.cpp, so that whoever drives the pair does not compile either.
#pragma once

#include <cstdint>
#include <optional>

#include "fuzz/run.hpp"
#include "fuzz/shrink.hpp"

namespace kvspec::fuzz {

// As run_scenario and run_commands of run.hpp.
Outcome run_model_and_host(const Scenario& scenario, std::uint64_t operations,
                           std::uint32_t view_period = usual_view_period, Sketch* sketch = nullptr,
                           Commands* recording = nullptr);
std::optional<Counterexample> run_model_and_host(const Config<Growing>& config, const Commands& commands,
                                                 std::uint32_t view_period = 1);

// Replays on model and host, with the views compared after every command.
Oracle model_host_oracle();

}  // namespace kvspec::fuzz
