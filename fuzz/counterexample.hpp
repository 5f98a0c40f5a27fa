// A counterexample: the first thing two systems disagree about, or the first invariant one of them breaks, with the
// clause that decides who is right. Left is the reference (the model), right is what is held against it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/disagreement.hpp"
#include "spec/clauses.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/invariants.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::fuzz {

std::string_view to_text(Disagreement kind);

struct Counterexample {
  std::size_t step = 0;                       // index of the command, from 0
  std::optional<Command<Growing>> command{};  // absent for a creation
  Disagreement kind = Disagreement::creation;
  Clause clause{};          // the invariant, or the clause that says what the differing part should be
  Side side = Side::right;  // who broke the invariant
  std::string path;         // where in the observation or view
  std::string expected;     // what the left has there
  std::string actual;       // what the right has there
};

// Two counterexamples of one cause, as far as can be told without understanding it.
inline bool same_cause(const Counterexample& a, const Counterexample& b) {
  return a.kind == b.kind && a.clause == b.clause;
}

// Each composes the counterexample once it is known that there is one. `groups`: those of the configuration, for the
// clause of a group's own kind.
Counterexample differing_creation(const Result<Done>& left, const Result<Done>& right);
Counterexample differing_results(std::size_t step, const Command<Growing>& command,
                                 const Result<Observation<Growing>>& left, const Result<Observation<Growing>>& right,
                                 std::span<const GroupSpec> groups = {});
// `error` is what both answered, if they refused the command: then nothing should have changed.
Counterexample differing_views(std::size_t step, const Command<Growing>& command, std::optional<Clause> error,
                               const View<Growing>& left, const View<Growing>& right);
Counterexample broken_invariant(std::size_t step, const Command<Growing>& command, Side side,
                                const Violation& violation);

}  // namespace kvspec::fuzz
