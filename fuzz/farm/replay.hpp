// What a farm found, seen again on the host: the run is repeated from (seed, run) on the lane itself, its commands are
// written down, and those are replayed under the host's lockstep (fuzz/lockstep.hpp) with everything that it checks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/clause_set.hpp"
#include "fuzz/farm/farm.hpp"
#include "fuzz/farm/lane.hpp"
#include "fuzz/run.hpp"
#include "fuzz/shrink.hpp"
#include "impl/cuda/device.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz::farm {

struct Repeated {
  Config<Growing> config{};
  Commands commands{};                     // the failing one is the last
  std::optional<Difference> difference{};  // what the lane shows this time
};

// What was found, in the words of a report: "observations", "invariant I10".
std::string to_text(const Find& find);

// The run once more on the host, with its commands: as that place performs it.
Repeated repeat(const Rules& rules, Semantics semantics, std::uint64_t run, cuda::Place place = cuda::Place::host);

// Replays on the model and the small manager, with a bug in the latter. Invariants but `wanted` are not asked for where
// an invariant is wanted: a run can break several, each of which would end it.
Oracle oracle_of(const Find& find, Bug bug);

// The shrunk counterexample; nothing if the oracle shows none in the commands, whatever the lane saw there.
std::optional<Failure> shrink_if_shown(const Repeated& repeated, const Oracle& oracle,
                                       std::size_t most_replays = 50000);

}  // namespace kvspec::fuzz::farm
