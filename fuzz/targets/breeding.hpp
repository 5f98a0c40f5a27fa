// Mutation and crossover of inputs that keep their structure: commands are inserted, deleted, repeated, exchanged and
// spliced whole, arguments move to the boundaries of the configuration, requests come to share prefixes. New material
// comes from the plausible scheduler, so deep states are reached from the first input on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fuzz/random.hpp"
#include "fuzz/targets/commands_input.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

// Mutates the first `size` bytes at `data`, of which there are max_size, and returns their new number: libFuzzer's own
// mutator, which knows what the code compares bytes with.
using MutateBytes = std::size_t (*)(std::uint8_t* data, std::size_t size, std::size_t max_size);

void mutate(Random& random, CommandsInput& input, MutateBytes mutate_bytes);
// The configuration and the beginning of one parent, the end of the other.
CommandsInput cross(Random& random, const CommandsInput& first, const CommandsInput& second);

// A configuration of some preset, a number of it at a boundary, a rule of it broken, or its bytes mutated.
void mutate_config(Random& random, Config<Growing>& config, MutateBytes mutate_bytes);

}  // namespace kvspec::fuzz
