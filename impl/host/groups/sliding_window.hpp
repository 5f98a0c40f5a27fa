// Sliding window attention, also over MLA: a token attends to the `window` tokens that end with it, so blocks before
// the window are freed as it moves, and a hit needs only the blocks that its next token reads.
#pragma once

#include <algorithm>

#include "impl/host/groups/common_rules.hpp"

namespace kvspec::host {

struct SlidingWindow : CommonRules<SlidingWindow> {
  static constexpr bool skips = true;
  static constexpr bool masks = true;

  // Blocks that hold the window of the token after a block's last one, without that token itself. [LOOK-07]
  static std::int64_t run(const Group& group) { return (group.window - 1 + group.block_size - 1) / group.block_size; }
  // [ALLOC-16]
  static std::int64_t admission_cap(const Group& group, std::int64_t batch, std::int64_t longest) {
    const std::int64_t tokens = std::min(group.window - 1 + batch, longest);
    return (tokens + group.block_size - 1) / group.block_size + 1;
  }

  static std::int64_t skipped_tokens(const Group& group, std::int64_t computed) {
    return std::max<std::int64_t>(computed - group.window + 1, 0);
  }
  static std::int64_t next_skip(const Group& group, const BlockTable& table) {
    return end_of_next(group, table) + group.window - 1;
  }

  // Cached blocks to the tail of the queue, others to its head. [FREE-08]
  static void release(BlockPool& pool, std::span<const BlockId> blocks) { pool.release_split(blocks); }

  // The rightmost run that is long enough, or else the run at the left end. [LOOK-07, LOOK-08]
  //
  // Candidates are the places at which a run may end, from right to left. Of each its left end is asked for first: a
  // block that is missing rules out every candidate whose run contains it, so a cold prompt costs one question per run
  // and not per block. What is found for one candidate is not asked again for the next.
  static std::size_t find_longest_hit(const Search& search) {
    const std::size_t need = std::max<std::size_t>(
        static_cast<std::size_t>(search.group.run) + (search.drops_last ? 1 : 0), 1);  // less would be no hit
    search.set_length(search.max_blocks);
    std::size_t end = last_end(search, search.max_blocks);
    std::size_t known = end;  // blocks known .. end - 1 are cached
    std::size_t first = 0;
    for (;;) {
      first = end - std::min(end, need);
      const std::size_t missing = first + search.find_run(first, known - first);
      if (missing == known) break;
      end = last_end(search, missing);
      known = std::min(first, end);
    }
    const std::size_t length = end < need ? search.drop(search.cut(end)) : search.drop(end);
    search.skip(std::min(first, length));
    search.set_length(length);
    return length;
  }

 private:
  // The last place, at most `limit`, at which a run may end: with its dropped block left out it is aligned.
  static std::size_t last_end(const Search& search, std::size_t limit) {
    if (!search.drops_last) return search.cut(limit);
    return limit == 0 ? 0 : search.cut(limit - 1) + 1;
  }
};

}  // namespace kvspec::host
