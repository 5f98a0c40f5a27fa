// The shrinker: from a long counterexample to a short one with the same cause. First commands are taken away (delta
// debugging: halves, quarters, ... single commands), then arguments and the configuration are made simpler, again and
// again until nothing that is tried still fails.
//
// It knows nothing of the systems: an oracle replays commands on fresh ones and says what goes wrong.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "fuzz/counterexample.hpp"
#include "fuzz/run.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

using Oracle = std::function<std::optional<Counterexample>(const Config<Growing>&, const Commands&)>;

// What a search for fewer commands has tried. (fuzz/shortest.hpp)
struct Exhaustion {
  std::size_t alphabet = 0;   // different commands
  std::size_t sequences = 0;  // of them that were replayed
  bool complete = false;      // no shorter sequence of them fails
};

struct Failure {
  Config<Growing> config{};
  Commands commands{};  // the last one is the one that fails
  Counterexample counterexample{};
  std::size_t replays = 0;  // that shrinking took
  std::optional<Exhaustion> search{};
};

// Precondition: the oracle finds a counterexample in `commands`; otherwise they come back as they are. `most_replays`
// bounds the time; what has been reached then is returned.
Failure shrink(const Config<Growing>& config, const Commands& commands, const Oracle& oracle,
               std::size_t most_replays = 50000);

// Every command that is simpler than `command` by one step, the simplest first. (fuzz/simpler.cpp)
std::vector<Command<Growing>> simpler_commands(const Command<Growing>& command);
// One command in the place of two; nothing if there is none. (fuzz/fold.cpp)
std::optional<Command<Growing>> folded(const Command<Growing>& first, const Command<Growing>& second);
// Every configuration that is simpler by one step; they need not be valid.
std::vector<Config<Growing>> simpler_configs(const Config<Growing>& config);

}  // namespace kvspec::fuzz
