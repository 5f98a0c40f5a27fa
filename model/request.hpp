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
  Count num_queried = 0;      // tokens of the request when it looked up
  bool is_preempted = false;  // whether it had been preempted then
  bool is_recorded = true;    // in the statistics [STAT-01]

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
  Count num_prompt_tokens = 0;
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
  request.num_prompt_tokens = static_cast<Count>(c.tokens.size());
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
