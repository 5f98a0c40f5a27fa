// The pair this repository is about: the model on the left, an implementation on the right: the host's, or the
// CUDA-backed one. Instantiated once for each, in model_host.cpp and model_cuda.cpp, so that whoever drives the pair
// does not compile either.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "fuzz/run.hpp"
#include "fuzz/shrink.hpp"
#include "spec/clauses.hpp"

namespace kvspec::fuzz {

class Reach;
class StateFeatures;

// Who looks on at a run, if anybody.
struct Onlookers {
  Reach* reach = nullptr;             // fuzz/reach/reach.hpp
  StateFeatures* features = nullptr;  // fuzz/reach/state_features.hpp
};

enum class Implementation : std::uint8_t {
  host,
  cuda,          // its parts on the device
  cuda_on_host,  // the same kernels' bodies, on the host
};
// "host", "cuda", "cuda-on-host": as an engine is called.
std::string_view to_text(Implementation on);
std::optional<Implementation> implementation_of(std::string_view name);

// As run_scenario and run_commands of run.hpp.
Outcome run_model_and_host(const Scenario& scenario, std::uint64_t operations, const RunOptions& options = {},
                           Onlookers onlookers = {}, Implementation on = Implementation::host);
std::optional<Counterexample> run_model_and_host(const Config<Growing>& config, const Commands& commands,
                                                 const RunOptions& options = {}, Onlookers onlookers = {},
                                                 Implementation on = Implementation::host);
// The same with the CUDA-backed implementation, which is compiled apart; `on` is not the host.
Outcome run_model_and_cuda(const Scenario& scenario, std::uint64_t operations, const RunOptions& options,
                           Onlookers onlookers, Implementation on);
std::optional<Counterexample> run_model_and_cuda(const Config<Growing>& config, const Commands& commands,
                                                 const RunOptions& options, Onlookers onlookers, Implementation on);

// Replays on model and implementation. What the views do not show is found several times faster without comparing them.
Oracle model_host_oracle(const RunOptions& options = {}, Implementation on = Implementation::host);

// Whether the host implementation, with just these deviations, breaks the invariant at one of the commands.
bool host_breaks(Clause invariant, const std::vector<Clause>& deviations, const Config<Growing>& config,
                 const Commands& commands);

// The view period with which a counterexample of this kind is replayed fastest.
constexpr std::uint32_t period_to_replay(Disagreement kind) {
  return kind == Disagreement::view ? 1 : std::numeric_limits<std::uint32_t>::max();
}

}  // namespace kvspec::fuzz
