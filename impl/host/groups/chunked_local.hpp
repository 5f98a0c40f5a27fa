// Chunked local attention: a token attends to those of its own chunk up to itself, so everything before the chunk is
// skipped, whether it was ever computed or not.
#pragma once

#include <algorithm>

#include "impl/host/groups/common_rules.hpp"

namespace kvspec::host {

struct ChunkedLocal : CommonRules<ChunkedLocal> {
  static constexpr bool skips = true;

  // [ALLOC-16]
  static std::int64_t admission_cap(const Group& group, std::int64_t batch, std::int64_t longest) {
    return (std::min(group.chunk + batch, longest) + group.block_size - 1) / group.block_size;
  }

  static std::int64_t skipped_tokens(const Group& group, std::int64_t computed) {
    return computed / group.chunk * group.chunk;
  }
  static std::int64_t next_skip(const Group& group, const BlockTable& table) {
    return (end_of_next(group, table) + group.chunk - 1) / group.chunk * group.chunk;
  }

  // All before the chunk in which the longest hit ends, and the cached blocks from there. [LOOK-09]
  static std::size_t find_longest_hit(const Search& search) {
    const std::size_t start = static_cast<std::size_t>(skipped_blocks(search.group, search.max_tokens));
    search.set_length(search.max_blocks);
    search.skip(start);
    const std::size_t length = start + search.find_run(start, search.max_blocks - start);
    search.set_length(length);
    return length;
  }
};

}  // namespace kvspec::host
