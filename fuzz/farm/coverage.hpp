// What runs met. A farm that met nothing has shown nothing, so each counter that stays at 0 is a reason to doubt.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spec/execution.hpp"

namespace kvspec::fuzz::farm {

enum class Met : std::uint8_t {
  runs,
  operations,
  look_ups,
  hits,            // look-ups that found something
  allocations,     // that were granted
  refusals,        // that were not, for want of blocks
  errors,          // commands that both refused as wrong
  evictions,       // blocks that lost their hash to an allocation
  skipped_blocks,  // blocks given back because no later token reads them
  external_loads,
  delayed_caching,
  drafts,
  rejected_drafts,
  preemptions,
  duplicates,  // allocations after which a key held several blocks
  resets,      // that succeeded
  halfway,     // allocations that fail halfway as recorded
  outgrown,    // runs that ended because a list of fixed size had no room
  count_,
};
inline constexpr std::size_t num_met = static_cast<std::size_t>(Met::count_);

inline constexpr std::array<std::string_view, num_met> names_of_met{"runs",
                                                                    "operations",
                                                                    "look-ups",
                                                                    "hits",
                                                                    "allocations",
                                                                    "refusals",
                                                                    "errors",
                                                                    "evictions",
                                                                    "skipped blocks",
                                                                    "external loads",
                                                                    "delayed caching",
                                                                    "drafts",
                                                                    "rejected drafts",
                                                                    "preemptions",
                                                                    "duplicates",
                                                                    "resets",
                                                                    "halfway failures",
                                                                    "outgrown"};

// Of one run.
struct Coverage {
  std::uint32_t counts[num_met]{};
  KVSPEC_EXEC constexpr void meet(Met what, std::uint32_t times = 1) {
    counts[static_cast<std::size_t>(what)] += times;
  }
};

// Of many.
struct Totals {
  std::uint64_t counts[num_met]{};
  constexpr std::uint64_t of(Met what) const { return counts[static_cast<std::size_t>(what)]; }
  constexpr void add(const Totals& other) {
    for (std::size_t i = 0; i < num_met; ++i) counts[i] += other.counts[i];
  }
  bool operator==(const Totals&) const = default;
};

}  // namespace kvspec::fuzz::farm
