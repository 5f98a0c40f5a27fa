// The clause of a counterexample in the light of all of it.
//
// While a counterexample is shrunk its clause follows from the command and from what differs alone, so that it stays
// the same when the configuration becomes simpler. What is left in the end matters: a window that could not be taken
// away is what the difference is about, and the clause is that of windows.
#pragma once

#include "fuzz/shrink.hpp"
#include "spec/clauses.hpp"

namespace kvspec::fuzz {

// The clause of failure.counterexample, or the special one that holds in its place in a configuration such as the
// failure's. Precondition: the failure is as small as it gets.
Clause precise_clause(const Failure& failure);
// Also where the subject gave no answer, which shows nothing of why: when `oracle` finds nothing once the allocation it
// did not answer delays its caching, the clause is ALLOC-13.
Clause precise_clause(const Failure& failure, const Oracle& oracle);

}  // namespace kvspec::fuzz
