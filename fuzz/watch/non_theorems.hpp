// What the deviations break. Under the recorded semantics these invariants are no theorems: a run that goes on for long
// enough must find each of them broken, and a run that finds another one broken has found something new.
#pragma once

#include <array>
#include <initializer_list>
#include <span>

#include "spec/clauses.hpp"

namespace kvspec::fuzz {

struct NonTheorem {
  Clause deviation{};
  std::array<Clause, 4> invariants{};  // the first `size`; any of them may be seen first
  std::size_t size = 0;

  constexpr std::span<const Clause> broken() const { return {invariants.data(), size}; }
};

constexpr NonTheorem non_theorem(Clause deviation, std::initializer_list<Clause> invariants) {
  NonTheorem entry{.deviation = deviation};
  for (const Clause invariant : invariants) entry.invariants[entry.size++] = invariant;
  return entry;
}

inline constexpr std::array non_theorems{
    non_theorem(Clause::dev_01, {Clause::i4}),
    non_theorem(Clause::dev_02, {Clause::i9, Clause::i10, Clause::i11, Clause::i19}),
    non_theorem(Clause::dev_03, {Clause::i13}),
    non_theorem(Clause::dev_04, {Clause::i7, Clause::i8, Clause::i9, Clause::i23}),
    non_theorem(Clause::dev_05, {Clause::i8, Clause::i9}),
    non_theorem(Clause::dev_06, {Clause::i26}),
    non_theorem(Clause::dev_07, {Clause::i9, Clause::i10}),
    non_theorem(Clause::dev_08, {Clause::i11, Clause::i12}),
    non_theorem(Clause::dev_09, {Clause::i15}),
    non_theorem(Clause::dev_10, {Clause::i26}),
    non_theorem(Clause::dev_11, {Clause::i27}),
    non_theorem(Clause::dev_12, {Clause::i23}),
    non_theorem(Clause::dev_13, {Clause::i13, Clause::i28}),
    non_theorem(Clause::dev_14, {Clause::i20}),
};

// Whether the invariant is one that some deviation breaks.
constexpr bool is_non_theorem(Clause invariant) {
  for (const NonTheorem& entry : non_theorems) {
    for (const Clause broken : entry.broken()) {
      if (broken == invariant) return true;
    }
  }
  return false;
}

}  // namespace kvspec::fuzz
