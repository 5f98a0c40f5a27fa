// What a session under the recorded semantics has learned: which invariants it has seen broken by which deviation, and
// so what it need not stop for again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/clause_set.hpp"
#include "fuzz/expected.hpp"
#include "fuzz/report.hpp"
#include "fuzz/shrink.hpp"

namespace kvspec::fuzz {

class NonTheoremLog {
 public:
  // Whether every deviation that breaks the invariant in such a configuration has been seen, or nothing new came of it
  // so often that it is not worth while to look again so soon. Counts, for the latter.
  bool is_known(Clause invariant, const Config<Growing>& config);

  // Invariants that a run of this configuration need not stop for. That a block has two owners is the end of a run.
  ClauseSet tolerated(const Config<Growing>& config) const;

  // Whether the breach has been seen with at most as many commands.
  bool has(const Breach& breach, std::size_t commands) const;
  // A violation that might have been another turned out to be one that is known.
  void nothing_new(const Breach& breach);
  // Or followed from one.
  void nothing_new(Clause invariant);
  // Returns the lines that say so; none if a counterexample has only been replaced by a smaller one.
  std::string add(const Breach& breach, const Failure& failure, const Origin& origin, double seconds);

  // Everything found, by deviation, and the deviations that have not been seen to break anything.
  std::string summary() const;

 private:
  struct Entry {
    Breach breach{};
    std::size_t commands = 0;
    double seconds = 0;
    std::size_t tries = 1;
    std::string trace_file{};
  };
  struct Patience {
    std::uint64_t skipped = 0;
    std::uint64_t to_skip = 0;
  };
  enum class Stage : std::uint8_t { impossible, unseen, seen };

  const Entry* find(const Breach& breach) const;
  Stage stage(const Breach& breach, const Config<Growing>& config) const;

  std::vector<Entry> entries_;
  std::array<Patience, clause_registry.size()> patience_{};
};

}  // namespace kvspec::fuzz
