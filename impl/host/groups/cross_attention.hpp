// Cross attention to an encoder: a table as long as the encoder's sequence, which is never cached, shared or skipped.
// [ALLOC-17]
#pragma once

#include "impl/host/groups/common_rules.hpp"

namespace kvspec::host {

struct CrossAttention : CommonRules<CrossAttention> {
  static constexpr bool follows_request = false;

  static std::int64_t required(const Group& group, const Demand& demand) {
    return (demand.encoder + group.block_size - 1) / group.block_size;
  }

  // A valid configuration with caching has no such group. [CONF-13]
  static std::size_t find_longest_hit(const Search&) { return 0; }
};

}  // namespace kvspec::host
