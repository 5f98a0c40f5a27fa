// State-space models in the modes none and all: a block holds the state after its last token, so only the last block of
// a hit is needed and everything before the running state is skipped.
#pragma once

#include <algorithm>

#include "impl/host/groups/common_rules.hpp"

namespace kvspec::host {

template <class Kind>
struct StateSpaceRules : CommonRules<Kind> {
  static constexpr bool skips = true;
  static constexpr bool has_states = true;

  // [FREE-04]
  static std::int64_t skipped_tokens(const Group&, std::int64_t computed) {
    return std::max<std::int64_t>(computed - 1, 0);
  }
  // Drafts may be rejected. [FREE-09]
  static std::int64_t certain(const Group& group, std::int64_t computed) {
    return std::max<std::int64_t>(computed - group.num_speculative, 0);
  }
  static std::int64_t next_skip(const Group& group, const BlockTable& table) {
    return CommonRules<Kind>::end_of_next(group, table) + 1 + group.num_speculative;
  }
  static std::int64_t blocks_beyond(const Group& group) { return group.num_speculative; }

  // The rightmost cached block that ends at the alignment; EAGLE drops nothing. [LOOK-04, LOOK-10]
  static std::size_t find_longest_hit(const Search& search) {
    search.set_length(search.max_blocks);
    std::size_t length = search.cut(search.max_blocks);
    while (length > 0 && search.find_run(length - 1, 1) == 0) length -= search.alignment;
    if (length > 0) search.skip(length - 1);
    search.set_length(length);
    return length;
  }
};

struct Mamba : StateSpaceRules<Mamba> {
  // [MAMBA-01]
  static std::int64_t required(const Group& group, const Demand& demand) {
    return group.blocks_covering(demand.slots) + group.num_speculative;
  }
};

}  // namespace kvspec::host
