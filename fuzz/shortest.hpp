// Is there a shorter counterexample? Taking away and making simpler, which is what the shrinker does, ends where no
// single change helps: at commands in another order, or one of them twice, it never looks. A breadth-first search looks
// at every sequence of a few commands, short ones first.
//
// The commands are those of the counterexample and, if there is time, those that are simpler by one step. Sequences
// that lead the reference to equal views count as one; for an invariant of several states, where the past matters, none
// do. A view is not all of a state (spec/dump.hpp), and the other system may tell apart what the reference does not:
// that nothing is found is strong evidence that there is nothing shorter of these commands, and no proof.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "fuzz/shrink.hpp"
#include "model/oracle/engine.hpp"

namespace kvspec::fuzz {

// The failure, or one of the same cause with fewer commands. Failure::search says what was tried. At most `most_tried`
// sequences are replayed on the oracle, and none once `may_go_on` says no. `reference` makes the system whose views
// tell states apart.
Failure shortest(
    Failure failure, const Oracle& oracle, const oracle::MakeEngine& reference,
    const std::function<bool()>& may_go_on = [] { return true; }, std::size_t most_tried = 20000);

// "no shorter one was found: ..." if the search was complete, and nothing otherwise. One line without newline.
std::string to_text(const Exhaustion& search);

}  // namespace kvspec::fuzz
