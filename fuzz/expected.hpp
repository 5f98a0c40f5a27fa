// What a run under the recorded semantics is expected to find: invariants that the deviations break. The table of who
// breaks what is fuzz/watch/non_theorems.hpp; here is how a violation is traced back to the deviation behind it.
//
// The table names the candidates for an invariant, and the host implementation can have a single deviation: the one
// with which it breaks the invariant at the same commands is behind it. The same commands must break nothing under the
// sound semantics.
#pragma once

#include <compare>
#include <optional>
#include <vector>

#include "fuzz/shrink.hpp"
#include "spec/clauses.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

// One line of the table.
struct Breach {
  Clause deviation{};
  Clause invariant{};
  auto operator<=>(const Breach&) const = default;
};

std::vector<Breach> all_breaches();

// Whether a manager of this configuration can do what the deviation says at all.
bool can_deviate(Clause deviation, const Config<Growing>& config);

// An oracle that finds what `oracle` finds, unless the same commands break something under the sound semantics too.
Oracle recorded_only(Oracle oracle);

// The deviation behind a violation of the recorded semantics; nothing if the table has none.
std::optional<Breach> explain(const Failure& failure);

struct Explained {
  Failure failure{};
  std::optional<Breach> breach{};  // nothing if the table has none
};

// Shrinks what a run under the recorded semantics found, in at most so many replays, and explains it. Where commands
// are left out a caller can come to break its word, and then an invariant breaks without any deviation; so what is not
// explained when it is shrunk is shrunk again, and keeps the explanation that the whole run has.
Explained shrink_and_explain(const Failure& as_found, const Oracle& oracle, std::size_t most_replays);

// Whether the commands break an expected invariant before they break the one the failure is about: then a deviation
// has spoiled the state, and there is nothing to explain. `strict` replays them and tolerates nothing.
bool follows_from_breach(const Failure& failure, const Oracle& strict);

}  // namespace kvspec::fuzz
