// Chunked local attention: a token attends to its own chunk of `attention_chunk_size` tokens up to itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/groups/common.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

struct ChunkedLocal : CommonRules<ChunkedLocal> {
  static KVSPEC_EXEC constexpr std::int64_t num_skipped_tokens(const GroupSpec& spec, std::int64_t num_computed) {
    return num_computed / *spec.attention_chunk_size * *spec.attention_chunk_size;
  }

  // [ALLOC-16]
  static KVSPEC_EXEC constexpr std::int64_t max_admission(const GroupSpec& spec, std::int64_t block_size,
                                                          std::int64_t max_batched, std::int64_t max_model_len) {
    return cdiv(std::min(*spec.attention_chunk_size + max_batched, max_model_len), block_size);
  }

  // Blocks before the chunk of the next token count as hits without being cached; then cached blocks from the left.
  // [LOOK-09]
  template <class S>
  static KVSPEC_EXEC constexpr BlockTables<S> find_longest_hit(const GroupSpec& spec, const HitQuery<S>& query) {
    const std::int64_t first = num_skipped_tokens(spec, query.max_length) / query.block_size;
    BlockTables<S> hit = query.misses();
    for (BlockList<S>& list : hit) list.resize(static_cast<std::size_t>(first), null_block);
    for (std::int64_t i = first; i < query.max_blocks(); ++i) {
      const std::optional<BlockList<S>> cached = query.cached(i);
      if (!cached) break;
      append<S>(hit, *cached);
    }
    return hit;
  }
};

}  // namespace kvspec::model
