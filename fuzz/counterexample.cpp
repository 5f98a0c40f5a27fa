#include "fuzz/counterexample.hpp"

#include "spec/trace/diff.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/responsible_clause.hpp"

namespace kvspec::fuzz {

namespace {

Counterexample base(std::size_t step, const Command<Growing>& command, Disagreement kind) {
  Counterexample found;
  found.step = step;
  found.command = command;
  found.kind = kind;
  return found;
}

void take(Counterexample& found, const std::optional<Difference>& difference) {
  if (!difference) return;
  found.path = difference->path;
  found.expected = difference->expected;
  found.actual = difference->actual;
}

std::string outcome_text(const Result<Done>& result) { return result ? "accepted" : to_text(result.error()); }

std::string outcome_text(const Result<Observation<Growing>>& result) {
  return result ? to_text(result.value()) : to_text(result.error());
}

}  // namespace

std::string_view to_text(Disagreement kind) {
  switch (kind) {
    case Disagreement::creation:
      return "configurations";
    case Disagreement::error:
      return "errors";
    case Disagreement::observation:
      return "observations";
    case Disagreement::invariant:
      return "invariant";
    case Disagreement::view:
      return "states";
    case Disagreement::protocol:
      return "protocol";
  }
  return "";
}

Counterexample differing_creation(const Result<Done>& left, const Result<Done>& right) {
  Counterexample found;
  found.clause = left ? right.error().clause : left.error().clause;
  found.expected = outcome_text(left);
  found.actual = outcome_text(right);
  return found;
}

Counterexample differing_results(std::size_t step, const Command<Growing>& command,
                                 const Result<Observation<Growing>>& left, const Result<Observation<Growing>>& right,
                                 std::span<const GroupSpec> groups) {
  if (!left || !right) {
    Counterexample found = base(step, command, Disagreement::error);
    found.clause = left ? right.error().clause : left.error().clause;
    found.expected = outcome_text(left);
    found.actual = outcome_text(right);
    return found;
  }
  Counterexample found = base(step, command, Disagreement::observation);
  take(found, first_difference(left.value(), right.value()));
  found.clause = clause_of_observation(command, found.path, groups);
  return found;
}

Counterexample differing_views(std::size_t step, const Command<Growing>& command, std::optional<Clause> error,
                               const View<Growing>& left, const View<Growing>& right) {
  Counterexample found = base(step, command, Disagreement::view);
  take(found, first_difference(left, right));
  found.clause = error ? *error : clause_of_view(command, found.path);
  return found;
}

Counterexample broken_invariant(std::size_t step, const Command<Growing>& command, Side side,
                                const Violation& violation) {
  Counterexample found = base(step, command, Disagreement::invariant);
  found.clause = violation.clause;
  found.side = side;
  found.expected = describe(violation.clause).sentence;
  found.actual = to_text(violation);
  return found;
}

}  // namespace kvspec::fuzz
