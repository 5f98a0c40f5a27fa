// The chain of hashes of a request: what beside its tokens each block covers, and hashing the blocks that are full.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "model/deviations.hpp"
#include "model/request.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

// Appends the keys of the multimodal items of block [start, end), beginning with item `first`. [HASH-07]
template <class S>
KVSPEC_EXEC constexpr void add_item_keys(ExtraKeys<S>& keys, const MultimodalItems<S>& items, std::size_t first,
                                         std::int64_t start, std::int64_t end) {
  if (items.empty() || std::int64_t{items.back().offset} + items.back().length <= start) return;
  for (std::size_t i = first; i < items.size(); ++i) {
    const std::int64_t item_start = items[i].offset;
    const std::int64_t item_end = item_start + items[i].length;
    if (item_start >= end) return;
    if (item_end <= start) continue;
    keys.push_back(ExtraKey<S>{.kind = ExtraKeyKind::item, .text = items[i].id, .offset = item_start - start});
    if (item_end > end) return;
  }
}

// The extra keys of block [start, end). [HASH-06, HASH-09]
template <class S, class Hashing>
KVSPEC_EXEC constexpr ExtraKeys<S> extra_keys(const Config<S>& config, Hashing& hashing, const Request<S>& request,
                                              std::size_t first_item, std::int64_t start, std::int64_t end) {
  ExtraKeys<S> keys{};
  if (request.lora) keys.push_back(deviations::named_key<S>(config, ExtraKeyKind::lora, request.lora->name));
  add_item_keys<S>(keys, request.items, first_item, start, end);
  if (start == 0 && request.cache_salt && !request.cache_salt->empty()) {
    keys.push_back(deviations::named_key<S>(config, ExtraKeyKind::salt, *request.cache_salt));
  }
  if (request.embeds) {
    const std::int64_t width = request.embeds->width;
    const std::int64_t size = static_cast<std::int64_t>(request.embeds->values.size());
    const std::size_t from = static_cast<std::size_t>(std::min(start * width, size));
    const std::size_t to = static_cast<std::size_t>(std::min(end * width, size));
    const std::span<const float> rows(request.embeds->values.data() + from, to - from);
    keys.push_back(ExtraKey<S>{.kind = ExtraKeyKind::digest, .digest = hashing.floats(rows)});
  }
  return keys;
}

// Hashes the blocks that are full and not hashed yet. [HASH-01, HASH-08, HASH-12]
template <class S, class Hashing>
KVSPEC_EXEC constexpr void extend_hashes(const Config<S>& config, Hashing& hashing, Request<S>& request) {
  if (!config.enable_caching) return;
  const std::int64_t size = config.hash_block_size;
  const std::size_t first_item = deviations::first_item(config, request);
  for (std::int64_t end = (static_cast<std::int64_t>(request.digests.size()) + 1) * size; end <= request.num_tokens();
       end += size) {
    const std::int64_t start = end - size;
    const Digest parent = request.digests.empty() ? hashing.none_hash(config) : request.digests.back();
    const std::span<const Token> tokens(request.tokens.data() + start, static_cast<std::size_t>(size));
    const ExtraKeys<S> keys = extra_keys(config, hashing, request, first_item, start, end);
    request.digests.push_back(hashing.block(config, parent, tokens, keys));
  }
}

}  // namespace kvspec::model
