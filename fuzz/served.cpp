#include "fuzz/served.hpp"

#include <algorithm>
#include <cstdint>

namespace kvspec::fuzz {

namespace {

constexpr std::int64_t longest_sequence = 512;
constexpr std::int64_t usual_drafts = 4;

}  // namespace

Served::Served(const Config<Growing>& config)
    : num_blocks(static_cast<Count>(config.num_blocks)),
      block_size(static_cast<Count>(config.scheduler_block_size)),
      max_model_len(static_cast<Count>(config.max_model_len)),
      longest(static_cast<Count>(std::min(config.max_model_len, longest_sequence))),
      loads_in_part(true),
      use_eagle(config.use_eagle),
      retains(config.retention_interval.has_value()) {
  // A step that is not limited still ends, and the bound is the one that admission reckons with. [ALLOC-16]
  const std::int64_t budget = config.max_num_batched_tokens.value_or(config.max_model_len);
  chunk_budget = static_cast<Count>(budget);
  step_budget = config.max_num_batched_tokens ? chunk_budget : static_cast<Count>(8 * std::int64_t{longest});
  std::int64_t drafts = usual_drafts;
  for (const GroupSpec& group : config.groups) {
    kinds.push_back(group.kind);
    // Each draft needs a state to go back to.
    if (group.kind == GroupKind::mamba) drafts = std::min(drafts, group.num_speculative_blocks.value_or(0));
    ends_at_blocks = ends_at_blocks || group.mamba_cache_mode == MambaCacheMode::align;
    encodes = encodes || group.kind == GroupKind::cross;
    has_state = has_state || group.kind == GroupKind::mamba;
    loads_in_part = loads_in_part && is_full_attention(group.kind);
  }
  most_drafts = static_cast<Count>(drafts);
}

}  // namespace kvspec::fuzz
