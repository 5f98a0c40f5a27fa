// Invariants that hold as long as the caller keeps to what it owes: it computes what it says it has computed, holds a
// block for one group, keeps to its token budget, takes no external tokens beyond those of the request, passes a hit at
// once (docs/specification.md, Invariants). Where commands come from anywhere these are no theorems, and only the
// others, and that both sides agree, can be asked for.
#pragma once

#include "fuzz/clause_set.hpp"
#include "spec/clauses.hpp"

namespace kvspec::fuzz {

inline ClauseSet owed_by_callers() {
  ClauseSet clauses;
  for (const Clause clause : {Clause::i4, Clause::i8, Clause::i9, Clause::i10, Clause::i11, Clause::i12, Clause::i13,
                              Clause::i14, Clause::i15, Clause::i17, Clause::i19, Clause::i20, Clause::i22, Clause::i23,
                              Clause::i24, Clause::i27, Clause::i28}) {
    clauses.add(clause);
  }
  return clauses;
}

}  // namespace kvspec::fuzz
