// Allocation: giving a request the blocks its next step needs, or refusing it.
//
//   | computed | passed hit | external | new         | lookahead |
//   |<- in blocks already ->|          |<- computed in this step ->  slots for a drafter
//                           |<--------- gets new blocks --------->|
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/caching.hpp"
#include "model/group.hpp"
#include "model/look_up.hpp"
#include "model/state.hpp"
#include "spec/commands.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

// The hit the command passes: what the last look-up returned, or nothing. [LOOK-05]
template <class S, class Hashing>
KVSPEC_EXEC constexpr Hit<S> passed_hit(const State<S, Hashing>& state, const Request<S>& request,
                                        const AllocateSlots<S>& c) {
  return c.new_computed_blocks == PassedHit::computed && request.hit ? *request.hit : empty_hit(state);
}

// Tokens that are computed once the hit is taken and the external tokens are loaded.
template <class S>
KVSPEC_EXEC constexpr std::int64_t total_computed_tokens(const AllocateSlots<S>& c) {
  return std::int64_t{c.req_num_computed_tokens} + c.num_new_computed_tokens + c.num_external_computed_tokens;
}

// Why an allocation is refused as wrong, in the order of spec/system.hpp. [ALLOC-01 .. ALLOC-06, CACHE-04]
template <class S, class Hashing>
KVSPEC_EXEC constexpr Result<Done> check_allocation(const State<S, Hashing>& state, const Request<S>& request,
                                                    const AllocateSlots<S>& c) {
  const Hit<S> hit = passed_hit(state, request, c);
  const std::int64_t end = total_computed_tokens(c) + c.num_new_tokens;
  if (c.num_new_tokens == 0 && c.num_external_computed_tokens == 0) return Error{Clause::alloc_01};
  if (end > state.config.max_model_len) return Error{Clause::alloc_06, end};
  for (const Group<S>& group : state.groups) {
    const std::int64_t held_tokens = group.num_held(request.id) * group.block_size;
    if (c.req_num_computed_tokens > held_tokens) return Error{Clause::alloc_05, c.req_num_computed_tokens};
  }
  if (c.num_new_computed_tokens != hit.num_tokens) return Error{Clause::alloc_02, c.num_new_computed_tokens};
  for (const Group<S>& group : state.groups) {
    const std::int64_t held = group.num_held(request.id);
    const bool known = group.num_cached(request.id).has_value();
    const bool takes_hit = !hit.blocks[group.id].empty();
    const bool loads = c.num_external_computed_tokens > 0;
    if ((takes_hit && (held > 0 || known)) || (loads && held > 0 && !known)) return Error{Clause::alloc_03, held};
  }
  for (const Group<S>& group : state.groups) {
    for (std::size_t i = 0; i < hit.blocks[group.id].size(); ++i) {
      const BlockId b = hit.blocks[group.id][i];
      const BlockHash<S> hash = block_hash(state.config, request, static_cast<std::int64_t>(i), group.block_size);
      if (state.pool.blocks[b].key != BlockKey<S>{hash, group.id}) return Error{Clause::alloc_04, b};
    }
  }
  if (!state.config.enable_caching || c.delay_cache_blocks) return Done{};
  for (const Group<S>& group : state.groups) {
    const BlockTable<S>* table = group.find(request.id);
    if (table == nullptr) continue;
    CacheRange range = range_to_cache(group, request.id, std::min<std::int64_t>(end, request.num_tokens()));
    range.num_full = std::min(range.num_full, group.num_held(request.id));
    if (const auto hashed = first_hashed(state, table->blocks, range)) return *hashed;
  }
  return Done{};
}

// Blocks a group must take from the free queue for the request to have `required` blocks. [ALLOC-08]
template <class S, class Hashing>
KVSPEC_EXEC constexpr std::int64_t num_blocks_needed(const State<S, Hashing>& state, const Group<S>& group,
                                                     const RequestId<S>& req, const BlockList<S>& hit,
                                                     std::int64_t required) {
  const std::int64_t held = group.num_held(req);
  if (group.num_cached(req)) return std::max<std::int64_t>(required - held, 0);
  std::int64_t free_hits = 0;
  for (BlockId b : hit) free_hits += state.pool.blocks[b].ref_cnt == 0 ? 1 : 0;
  const std::int64_t hits = static_cast<std::int64_t>(hit.size());
  return std::max<std::int64_t>(required - (hits + held), 0) + free_hits;
}

// Whether the free blocks suffice for the request to have `num_tokens` slots. [ALLOC-07, ALLOC-09]
template <class S, class Hashing>
KVSPEC_EXEC constexpr bool fits(const State<S, Hashing>& state, const RequestId<S>& req, const Hit<S>& hit,
                                std::int64_t num_tokens) {
  std::int64_t needed = 0;
  for (const Group<S>& group : state.groups) {
    needed += num_blocks_needed(state, group, req, hit.blocks[group.id], cdiv(num_tokens, group.block_size));
  }
  return needed <= state.pool.num_free();
}

// Grows the table of a request to `length` blocks and returns what was added. [ALLOC-12, ALLOC-15]
template <class S, class Hashing>
KVSPEC_EXEC constexpr BlockList<S> grow_table(State<S, Hashing>& state, Group<S>& group, const RequestId<S>& req,
                                              std::int64_t length) {
  BlockTable<S>& table = group.at(req);
  const std::int64_t missing = length - static_cast<std::int64_t>(table.blocks.size());
  if (missing <= 0) return {};
  const BlockList<S> added = state.pool.get_new_blocks(state.config, missing);
  for (BlockId b : added) {
    table.blocks.push_back(b);
    group.new_block_ids.push_back(b);
  }
  return added;
}

// Makes the hit the head of the table and adds blocks for external tokens. [ALLOC-10, ALLOC-11]
template <class S, class Hashing>
KVSPEC_EXEC constexpr void take_computed(State<S, Hashing>& state, Group<S>& group, const RequestId<S>& req,
                                         const BlockList<S>& hit, const AllocateSlots<S>& c) {
  BlockTable<S>& table = group.at(req);
  if (table.num_cached) return;
  for (BlockId b : hit) {
    state.pool.touch(b);
    table.blocks.push_back(b);
  }
  table.num_cached = static_cast<Count>(table.blocks.size());
  if (c.num_external_computed_tokens == 0) return;
  grow_table(state, group, req, cdiv(total_computed_tokens(c), group.block_size));
}

// The new blocks per group, or nothing if the request is refused; a refusal changes nothing. Precondition:
// check_allocation finds nothing. [ALLOC-07 .. ALLOC-14]
template <class S, class Hashing>
KVSPEC_EXEC constexpr std::optional<BlockTables<S>> allocate(State<S, Hashing>& state, const Request<S>& request,
                                                             const AllocateSlots<S>& c) {
  const RequestId<S>& req = request.id;
  const Hit<S> hit = passed_hit(state, request, c);
  const std::int64_t end = total_computed_tokens(c) + c.num_new_tokens;
  const std::int64_t slots = std::min(end + c.num_lookahead_tokens, state.config.max_model_len);

  const std::int64_t whole_sequence = std::min<std::int64_t>(request.num_tokens(), state.config.max_model_len);
  if (c.full_sequence_must_fit && !fits(state, req, hit, whole_sequence)) return {};
  if (!fits(state, req, hit, slots)) return {};

  if (!hit.empty() || c.num_external_computed_tokens > 0) {
    for (Group<S>& group : state.groups) take_computed(state, group, req, hit.blocks[group.id], c);
  }
  BlockTables<S> added{};
  for (Group<S>& group : state.groups) {
    group.at(req);
    added.push_back(grow_table(state, group, req, cdiv(slots, group.block_size)));
  }
  if (state.config.enable_caching && !c.delay_cache_blocks) {
    cache_blocks(state, request, std::min<std::int64_t>(end, request.num_tokens()));  // [ALLOC-13]
  }
  return added;
}

}  // namespace kvspec::model
