// How bad a difference is for whoever runs the engine: what a reader wants to know before the clause.
#pragma once

#include <cstdint>
#include <string_view>

#include "spec/commands.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::fuzz {

enum class Severity : std::uint8_t {
  wrong_data,  // a request may read what is not its own: a hit too many, a block given out twice, a wrong hash
  leak,        // blocks do not come back
  lost_hit,    // what is cached is not found, so that it is computed again
  wedge,       // the engine fails, or refuses what it could do: a scheduler stops
  order,       // the same blocks in another order: other blocks are evicted first
  event,       // consumers of events or statistics are told something else
  protocol,    // not an answer
};

std::string_view to_text(Severity severity);

// Of two different answers to a command. `after`: the model's state after it, which says what is in use; null if it is
// not known, and then a block that another request uses looks like any other one.
Severity severity_of(const Observation<Growing>& expected, const Observation<Growing>& actual,
                     const StateDump<Growing>* after = nullptr);

}  // namespace kvspec::fuzz
