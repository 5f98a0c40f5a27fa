// Sliding window, and sliding window over MLA: a token attends to the last `sliding_window` tokens, itself included, so
// blocks that fall out of the window are given back while the request runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/groups/common.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

struct SlidingWindow : CommonRules<SlidingWindow> {
  static KVSPEC_EXEC constexpr std::int64_t num_skipped_tokens(const GroupSpec& spec, std::int64_t num_computed) {
    return std::max<std::int64_t>(num_computed - *spec.sliding_window + 1, 0);
  }

  // [ALLOC-16]
  static KVSPEC_EXEC constexpr std::int64_t max_admission(const GroupSpec& spec, std::int64_t block_size,
                                                          std::int64_t max_batched, std::int64_t max_model_len) {
    return cdiv(std::min(*spec.sliding_window - 1 + max_batched, max_model_len), block_size) + 1;
  }

  // Blocks that must be cached in a row for a hit to end there. [LOOK-07]
  template <class S>
  static KVSPEC_EXEC constexpr std::int64_t run_length(const Config<S>& config, const GroupSpec& spec,
                                                       std::int64_t block_size, bool drop_last) {
    return deviations::run_in_window(config, cdiv(*spec.sliding_window - 1, block_size)) + (drop_last ? 1 : 0);
  }

  // The rightmost run of that length; failing that, the run at the very left. [LOOK-07, LOOK-08]
  template <class S>
  static KVSPEC_EXEC constexpr BlockTables<S> find_longest_hit(const GroupSpec& spec, const HitQuery<S>& query) {
    const std::int64_t needed = run_length(query.config, spec, query.block_size, query.drop_last);
    BlockTables<S> hit = query.misses();
    for (BlockList<S>& list : hit) list.resize(static_cast<std::size_t>(query.max_blocks()), null_block);
    std::int64_t run = 0;
    bool found = false;
    for (std::int64_t i = query.max_blocks() - 1; i >= 0 && !found; --i) {
      const std::optional<BlockList<S>> cached = query.cached(i);
      if (!cached) {
        run = 0;
        continue;
      }
      if (run == 0 && !query.is_aligned(query.drop_last ? i : i + 1)) continue;
      for (std::size_t g = 0; g < hit.size(); ++g) hit[g][static_cast<std::size_t>(i)] = (*cached)[g];
      ++run;
      found = run >= needed;
      if (found) cut<S>(hit, i + run);
    }
    if (!found) {
      cut<S>(hit, run);
      align<S>(query, hit);
    }
    if (query.drop_last && !hit[0].empty()) {
      drop_last<S>(hit);
      align<S>(query, hit);
    }
    return hit;
  }

  // Only blocks that some hit can use: the last blocks of each segment, and with a retention interval also those
  // before the point where a replay of the prompt would resume. [CACHE-08, CACHE-09]
  template <class S>
  static KVSPEC_EXEC constexpr bool caches_block(const Config<S>& config, const Group<S>& group,
                                                 const Request<S>& request, std::int64_t i) {
    const std::int64_t needed = run_length(config, group.spec, group.block_size, group.drops_last_block);
    const std::int64_t shift = group.drops_last_block ? 1 : 0;
    const std::int64_t segment = config.retention_interval.value_or(config.scheduler_block_size) / group.block_size;
    if (segment > 0) {
      if (needed >= segment) return true;
      if (i >= shift && (i - shift) % segment >= segment - needed) return true;
    }
    if (!config.retention_interval) return false;
    const std::int64_t boundary =
        (request.num_prompt_tokens - 1) / config.scheduler_block_size * config.scheduler_block_size / group.block_size +
        shift;
    return boundary - needed <= i && i < boundary;
  }

  // Uncached blocks are the next to be allocated, cached ones the last. [FREE-08]
  template <class S>
  static KVSPEC_EXEC constexpr void free(BlockPool<S>& pool, const BlockList<S>& table) {
    BlockList<S> ordered{};
    for (BlockId b : reversed<S>(table)) {
      if (b != null_block) ordered.push_back(b);
    }
    free_by_hash(pool, ordered);
  }
};

}  // namespace kvspec::model
