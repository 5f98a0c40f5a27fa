// A live request: its tokens, what beside them its hashes cover, and its chain of hashes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

// What a look-up found: one list of blocks per group, and its length in tokens.
template <class S>
struct Hit {
  BlockTables<S> blocks{};
  Count num_tokens = 0;

  bool operator==(const Hit&) const = default;

  // [LOOK-05]
  KVSPEC_EXEC constexpr bool empty() const {
    for (const BlockList<S>& list : blocks) {
      if (!list.empty()) return false;
    }
    return true;
  }
};

template <class S>
struct Request {
  RequestId<S> id{};
  TokenList<S> tokens{};
  MultimodalItems<S> items{};
  std::optional<Lora<S>> lora{};
  std::optional<Text<S>> cache_salt{};
  std::optional<PromptEmbeds<S>> embeds{};
  bool skips_lookup = false;    // [REQ-08]
  DigestList<S> digests{};      // one per full hash block [HASH-12]
  std::optional<Hit<S>> hit{};  // of its last look-up, until it is freed [LOOK-06]

  bool operator==(const Request&) const = default;

  KVSPEC_EXEC constexpr Count num_tokens() const { return static_cast<Count>(tokens.size()); }
};

// Why a new request is refused, beside its id. [REQ-03, REQ-04, REQ-05]
template <class S>
KVSPEC_EXEC constexpr Result<Done> check_request(const AddRequest<S>& c) {
  if (c.tokens.empty()) return Error{Clause::req_03};
  if (c.mm) {
    for (std::size_t i = 1; i < c.mm->size(); ++i) {
      if ((*c.mm)[i].offset < (*c.mm)[i - 1].offset) return Error{Clause::req_04, static_cast<std::int64_t>(i)};
    }
  }
  if (c.prompt_embeds) {
    const std::size_t values = c.prompt_embeds->values.size();
    if (c.prompt_embeds->width == 0 || values != c.tokens.size() * c.prompt_embeds->width) {
      return Error{Clause::req_05, static_cast<std::int64_t>(values)};
    }
  }
  return Done{};
}

// [REQ-06, REQ-08]
template <class S>
KVSPEC_EXEC constexpr Request<S> make_request(const AddRequest<S>& c) {
  Request<S> request{};
  request.id = c.req;
  request.tokens = c.tokens;
  if (c.mm) request.items = *c.mm;
  request.lora = c.lora;
  request.cache_salt = c.cache_salt;
  request.embeds = c.prompt_embeds;
  request.skips_lookup = c.prompt_logprobs.has_value();
  if (c.prompt_embeds) {
    for (Token& token : request.tokens) token = 0;
  }
  return request;
}

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
KVSPEC_EXEC constexpr ExtraKeys<S> extra_keys(Hashing& hashing, const Request<S>& request, std::size_t first_item,
                                              std::int64_t start, std::int64_t end) {
  ExtraKeys<S> keys{};
  if (request.lora) keys.push_back(ExtraKey<S>{.kind = ExtraKeyKind::text, .text = request.lora->name});
  add_item_keys<S>(keys, request.items, first_item, start, end);
  if (start == 0 && request.cache_salt && !request.cache_salt->empty()) {
    keys.push_back(ExtraKey<S>{.kind = ExtraKeyKind::text, .text = *request.cache_salt});
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
  const bool resumed = !request.digests.empty();
  const std::size_t first_item = resumed && !request.items.empty() ? request.items.size() - 1 : 0;
  for (std::int64_t end = (static_cast<std::int64_t>(request.digests.size()) + 1) * size; end <= request.num_tokens();
       end += size) {
    const std::int64_t start = end - size;
    const Digest parent = request.digests.empty() ? hashing.none_hash(config) : request.digests.back();
    const std::span<const Token> tokens(request.tokens.data() + start, static_cast<std::size_t>(size));
    request.digests.push_back(
        hashing.block(config, parent, tokens, extra_keys(hashing, request, first_item, start, end)));
  }
}

// The hash of block i of the request at a block size that is a multiple of the hash block size: the digests the block
// spans, one after the other. Precondition: the request has them. [HASH-10]
template <class S>
KVSPEC_EXEC constexpr BlockHash<S> block_hash(const Config<S>& config, const Request<S>& request, std::int64_t i,
                                              std::int64_t block_size) {
  const std::int64_t span = block_size / config.hash_block_size;
  BlockHash<S> hash{};
  for (std::int64_t j = i * span; j < (i + 1) * span; ++j) {
    for (std::uint8_t byte : request.digests[static_cast<std::size_t>(j)]) hash.push_back(byte);
  }
  return hash;
}

}  // namespace kvspec::model
