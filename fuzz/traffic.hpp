// What a run has met. A check that meets nothing shows nothing, so runs count, and report what they counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "spec/config.hpp"

namespace kvspec::fuzz {

inline constexpr std::size_t num_group_kinds = static_cast<std::size_t>(GroupKind::cross) + 1;
using PerKind = std::array<std::uint64_t, num_group_kinds>;

struct Traffic {
  std::uint64_t operations = 0;
  std::uint64_t rejected_configs = 0;  // runs that ended before they began, as both systems rejected the configuration
  std::uint64_t requests = 0;
  std::uint64_t look_ups = 0;
  std::uint64_t hits = 0;           // look-ups that found at least a block
  std::uint64_t hybrid_hits = 0;    // those in which several groups did
  std::uint64_t retained_hits = 0;  // those that found a block in a window under a retention interval
  std::uint64_t allocations = 0;    // granted
  std::uint64_t refusals = 0;       // allocations answered with null
  std::uint64_t preemptions = 0;
  std::uint64_t loads = 0;             // allocations with external tokens, granted
  std::uint64_t hybrid_loads = 0;      // those with a hit in several groups
  std::uint64_t drafts = 0;            // draft tokens rejected
  std::uint64_t fewer_drafts = 0;      // decoding steps with fewer drafts than the one before
  std::uint64_t evictions = 0;         // BlockRemoved events seen
  std::uint64_t resets = 0;            // successful ones
  std::uint64_t errors = 0;            // commands that broke a precondition
  std::uint64_t oversized = 0;         // those that asked for more than the pool has [ALLOC-19]
  std::uint64_t unplanned_errors = 0;  // those that the scheduler did not mean to make
  PerKind hits_of{};                   // by kind: a look-up found a block in a group of it
  PerKind evictions_of{};              // by kind: a BlockRemoved of a group of it
  PerKind recycled_of{};               // by kind: block tables with a null block, seen in get_block_ids

  void add(const Traffic& other);
};

}  // namespace kvspec::fuzz
