// How two systems can disagree, and who is at fault: the words of a counterexample (counterexample.hpp) that code on a
// device uses too.
#pragma once

#include <cstdint>

namespace kvspec::fuzz {

enum class Disagreement : std::uint8_t {
  creation,     // one accepts the configuration, the other does not, or they name different clauses
  error,        // one performs the command, the other refuses it, or they name different clauses
  observation,  // both perform the command and return different things
  invariant,    // one system is in a state that no reachable state may be
  view,         // the states differ although nothing that was returned did
  protocol,     // an engine breaks the engine protocol
};

// both: an invariant about several states, of which the answers alone show that it is broken.
enum class Side : std::uint8_t { left, right, both };

}  // namespace kvspec::fuzz
