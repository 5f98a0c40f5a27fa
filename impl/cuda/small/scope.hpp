// What a small manager can be asked. Beyond it every answer is SCOPE-01, and nothing changes: a manager of fixed size
// has to say so rather than be wrong.
//
//   configuration  at most 16 blocks, 3 groups (full attention, MLA, sliding window, chunked local, state-space),
//                  tables of at most 16 places, sequences of at most 31 tokens; no events and no truncated digests
//   requests       at most 4 live ones; tokens 0 to 3, at most 31 of them; ids of at most 8 bytes; no items, LoRA,
//                  salt or embeddings
//   commands       all but those of pool level
#pragma once

#include <cstdint>

#include "impl/cuda/small/block_word.hpp"
#include "impl/cuda/small/pool.hpp"
#include "impl/cuda/small/prefix.hpp"
#include "impl/cuda/small/state.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"

namespace kvspec::cuda::small {

// Precondition: the configuration is valid.
template <class S>
KVSPEC_EXEC constexpr bool is_in_scope(const Config<S>& config) {
  if (config.num_blocks > most_blocks || config.groups.size() > most_groups) return false;
  if (config.max_model_len > most_tokens || config.events || config.hash_bits) return false;
  for (const GroupSpec& group : config.groups) {
    if (group.kind == GroupKind::cross) return false;
    const std::int64_t places =
        (config.max_model_len + config.effective_block_size(group) - 1) / config.effective_block_size(group);
    if (places + group.num_speculative_blocks.value_or(0) > word_places) return false;
  }
  return true;
}

template <class S>
KVSPEC_EXEC constexpr bool are_in_scope(const TokenList<S>& tokens, std::uint32_t num_before) {
  if (tokens.size() + num_before > most_tokens) return false;
  for (const Token token : tokens) {
    if (token < 0 || token >= num_token_values) return false;
  }
  return true;
}

template <class S>
KVSPEC_EXEC constexpr bool is_in_scope(const AddRequest<S>& c) {
  const bool has_keys = c.mm || c.lora || c.cache_salt || c.prompt_embeds;
  return !has_keys && c.req.size() <= most_id_bytes && are_in_scope<S>(c.tokens, 0);
}

}  // namespace kvspec::cuda::small
