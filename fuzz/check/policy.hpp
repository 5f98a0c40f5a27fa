// What an engine with an eviction policy of its own decides for itself, seen in the states of the model. [MODE-05]
#pragma once

#include <cstdint>

#include "spec/commands.hpp"
#include "spec/dump.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::fuzz {

enum class Choice : std::uint8_t {
  none,
  victim,  // which cached block makes room
  copy,    // whether a content that is cached is cached once more
};

// The choice that a command leaves to such an engine; a copy before a victim. `before`, `after`: the model's state.
Choice choice_of(const Command<Growing>& command, const StateDump<Growing>& before, const StateDump<Growing>& after);

// The observation without the names of the blocks that were given out: how many are left.
void leave_out_names(Observation<Growing>& observation);

}  // namespace kvspec::fuzz
