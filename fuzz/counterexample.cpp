#include "fuzz/counterexample.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

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

// Of several differences the one that comes closest to a cause. A wrong cached count makes wrong hashes, wrong tables
// make a wrong queue, and a hit of another length in all groups is one of another common length.
std::optional<Difference> most_telling(std::vector<Difference> found) {
  constexpr std::array causes{"num_computed_tokens", "requests[",   "req_blocks", "num_cached_block", "ref_cnt",
                              "free_queue",          "state.hashes"};
  for (const std::string_view cause : causes) {
    const auto it =
        std::ranges::find_if(found, [&](const Difference& d) { return d.path.find(cause) != std::string::npos; });
    if (it != found.end()) return std::move(*it);
  }
  if (found.empty()) return {};
  return std::move(found.front());
}

constexpr std::size_t most_differences = 256;

// The clause of the first event that is not the same on both sides.
Clause clause_of_events(const EventList<Growing>& left, const EventList<Growing>& right) {
  const auto [expected, actual] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  const Event<Growing>& event = expected != left.end() ? *expected : *actual;
  if (std::holds_alternative<BlockRemoved<Growing>>(event)) return Clause::event_04;
  if (std::holds_alternative<AllBlocksCleared<Growing>>(event)) return Clause::event_05;
  return Clause::event_01;
}

// The clause of a view's part; whether an event should be there depends on its kind.
Clause clause_of_part(const Command<Growing>& command, std::string_view path, const View<Growing>& left,
                      const View<Growing>& right) {
  if (!path.starts_with("events")) return clause_of_view(command, path);
  const Clause of_kind = clause_of_events(left.events, right.events);
  return of_kind == Clause::event_01 && path != "events.size()" ? clause_of_view(command, path) : of_kind;
}

// events[3], but no part of it such as events[3].block_hashes[0].
bool is_whole_event(std::string_view path) { return path.starts_with("events[") && path.find(']') == path.size() - 1; }

// The clause of an answer's part. Where there is an event too many or too few, or one of another kind, it is of what
// emits such events.
Clause clause_of_answer(const Command<Growing>& command, std::string_view path, const Observation<Growing>& left,
                        const Observation<Growing>& right, std::span<const GroupSpec> groups) {
  const auto* const ours = std::get_if<TakeEvents<Growing>::Observation>(&left);
  const auto* const theirs = std::get_if<TakeEvents<Growing>::Observation>(&right);
  const bool have_events = ours != nullptr && theirs != nullptr;
  if (have_events && (ours->events.size() != theirs->events.size() || is_whole_event(path))) {
    return clause_of_events(ours->events, theirs->events);
  }
  return clause_of_observation(command, path, groups);
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
  take(found, most_telling(differences(left.value(), right.value(), most_differences)));
  found.clause = clause_of_answer(command, found.path, left.value(), right.value(), groups);
  return found;
}

Counterexample differing_views(std::size_t step, const Command<Growing>& command, std::optional<Clause> error,
                               const View<Growing>& left, const View<Growing>& right) {
  Counterexample found = base(step, command, Disagreement::view);
  take(found, most_telling(differences(left, right, most_differences)));
  found.clause = error ? *error : clause_of_part(command, found.path, left, right);
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
