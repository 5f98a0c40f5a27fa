// Allocation: giving a request the blocks its next step needs, or refusing it.
//
//   | computed | passed hit | external | new         | lookahead |
//   |<- in blocks already ->|          |<- computed in this step ->  slots for a drafter
//                           |<--------- gets new blocks --------->|
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
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

template <class S>
KVSPEC_EXEC constexpr bool holds_sequence(const Group<S>& group) {
  return with_rules_of(group.spec.kind, [](auto rules) { return rules.holds_sequence; });
}

// What a command asks of a group for the request to have `slots` slots. [ALLOC-12, ALLOC-17]
template <class S>
KVSPEC_EXEC constexpr SlotDemand demand_of(const Group<S>& group, const AllocateSlots<S>& c, std::int64_t slots,
                                           std::int64_t main_tokens) {
  if (!holds_sequence(group)) return SlotDemand{.slots = c.num_encoder_tokens, .main_tokens = c.num_encoder_tokens};
  return SlotDemand{.slots = slots,
                    .main_tokens = main_tokens,
                    .total_computed = total_computed_tokens(c),
                    .external = c.num_external_computed_tokens};
}

// The most blocks the group can need at once, if blocks are recycled. [ALLOC-16]
template <class S>
KVSPEC_EXEC constexpr std::int64_t admission_cap(const Config<S>& config, const Group<S>& group) {
  const std::int64_t max_batched = config.max_num_batched_tokens.value_or(config.max_model_len);
  return with_rules_of(group.spec.kind, [&](auto rules) {
    return rules.max_admission(group.spec, group.block_size, max_batched, config.max_model_len);
  });
}

// Blocks that the whole sequence of the request needs in a pool of its own. [ALLOC-19]
template <class S, class Hashing>
KVSPEC_EXEC constexpr std::int64_t num_required_whole(const State<S, Hashing>& state, const Request<S>& request,
                                                      const AllocateSlots<S>& c) {
  const std::int64_t whole = std::min<std::int64_t>(request.num_tokens(), state.config.max_model_len);
  std::int64_t required = 0;
  for (const Group<S>& group : state.groups) {
    const SlotDemand demand = demand_of(group, c, whole, whole);
    required += with_rules_of(group.spec.kind, [&](auto rules) {
      return rules.num_required(group.spec, group.block_size, demand, admission_cap(state.config, group));
    });
  }
  return required;
}

template <class S, class Hashing>
KVSPEC_EXEC constexpr void forget_freed(State<S, Hashing>& state) {
  for (Group<S>& group : state.groups) deviations::forget_freed(state.config, state.pool, group);
}

template <class S, class Hashing>
KVSPEC_EXEC constexpr void remove_skipped(State<S, Hashing>& state, const RequestId<S>& req,
                                          std::int64_t total_computed) {
  for (Group<S>& group : state.groups) {
    with_rules_of(group.spec.kind,
                  [&](auto rules) { rules.remove_skipped(state.config, state.pool, group, req, total_computed); });
  }
  forget_freed(state);
}

// The first block with a hash that caching would come to. By then skipped blocks have left the tables and speculative
// ones have moved, so they are taken away and moved in copies. [CACHE-04]
template <class S, class Hashing>
KVSPEC_EXEC constexpr std::optional<Error> first_hashed_when_cached(const State<S, Hashing>& state,
                                                                    const Request<S>& request,
                                                                    const AllocateSlots<S>& c, std::int64_t end) {
  for (const Group<S>& group : state.groups) {
    const BlockTable<S>* known = group.find(request.id);
    if (known == nullptr) continue;
    BlockTable<S> table = *known;
    with_rules_of(group.spec.kind, [&](auto rules) {
      (void)rules.take_skipped(state.config, group, table, total_computed_tokens(c));
      rules.lay_out(group, table, demand_of(group, c, end, end));
    });
    CacheRange range = range_to_cache(state, group, request.id, std::min<std::int64_t>(end, request.num_tokens()));
    range.num_full = std::min(range.num_full, static_cast<std::int64_t>(table.blocks.size()));
    if (const auto hashed = first_hashed(state, request, table.blocks, range)) return *hashed;
  }
  return {};
}

// Why an allocation is refused as wrong, in the order of spec/system.hpp. [ALLOC-01 .. ALLOC-06, ALLOC-19, CACHE-04]
template <class S, class Hashing>
KVSPEC_EXEC constexpr Result<Done> check_allocation(const State<S, Hashing>& state, const Request<S>& request,
                                                    const AllocateSlots<S>& c) {
  const Hit<S> hit = passed_hit(state, request, c);
  const std::int64_t end = total_computed_tokens(c) + c.num_new_tokens;
  if (c.num_new_tokens == 0 && c.num_external_computed_tokens == 0) return Error{Clause::alloc_01};
  if (end > state.config.max_model_len) return Error{Clause::alloc_06, end};
  for (const Group<S>& group : state.groups) {
    if (!holds_sequence(group)) continue;
    const std::int64_t held_tokens = group.num_held(request.id) * group.block_size;
    if (c.req_num_computed_tokens > held_tokens) return Error{Clause::alloc_05, c.req_num_computed_tokens};
  }
  if (c.num_new_computed_tokens != hit.num_tokens) return Error{Clause::alloc_02, c.num_new_computed_tokens};
  for (const Group<S>& group : state.groups) {
    if (!holds_sequence(group)) continue;
    const std::int64_t held = group.num_held(request.id);
    const bool known = group.num_cached(request.id).has_value();
    const bool takes_hit = !hit.blocks[group.id].empty();
    const bool loads = c.num_external_computed_tokens > 0;
    if ((takes_hit && (held > 0 || known)) || (loads && held > 0 && !known)) return Error{Clause::alloc_03, held};
  }
  for (const Group<S>& group : state.groups) {
    for (std::size_t i = 0; i < hit.blocks[group.id].size(); ++i) {
      const BlockId b = hit.blocks[group.id][i];
      if (b == null_block) continue;
      const BlockHash<S> hash = block_hash(state.config, request, static_cast<std::int64_t>(i), group.block_size);
      if (state.pool.blocks[b].key != BlockKey<S>{hash, group.id}) return Error{Clause::alloc_04, b};
    }
  }
  if (c.full_sequence_must_fit && deviations::rejects_oversized(state.config)) {
    const std::int64_t required = num_required_whole(state, request, c);
    if (required >= state.pool.num_blocks()) return Error{Clause::alloc_19, required};
  }
  if (!state.config.enable_caching || c.delay_cache_blocks) return Done{};
  if (const auto hashed = first_hashed_when_cached(state, request, c, end)) return *hashed;
  return Done{};
}

// Whether the free blocks suffice; `gate` caps what a group can need at once. [ALLOC-07, ALLOC-09, ALLOC-16]
template <class S, class Hashing>
KVSPEC_EXEC constexpr bool fits(State<S, Hashing>& state, const RequestId<S>& req, const Hit<S>& hit,
                                const AllocateSlots<S>& c, std::int64_t slots, std::int64_t main_tokens, bool gate) {
  const Config<S>& config = state.config;
  std::int64_t needed = 0;
  for (Group<S>& group : state.groups) {
    const SlotDemand demand = demand_of(group, c, slots, main_tokens);
    needed += with_rules_of(group.spec.kind, [&](auto rules) {
      const std::int64_t cap = gate ? admission_cap(config, group) : std::numeric_limits<std::int64_t>::max();
      return rules.num_needed(config, state.pool, group, req, hit.blocks[group.id], demand, cap);
    });
  }
  return needed <= state.pool.num_free();
}

// Whether the whole sequence of the request fits, if it must. [ALLOC-07]
template <class S, class Hashing>
KVSPEC_EXEC constexpr bool passes_gate(State<S, Hashing>& state, const Request<S>& request, const Hit<S>& hit,
                                       const AllocateSlots<S>& c) {
  const std::int64_t whole = std::min<std::int64_t>(request.num_tokens(), state.config.max_model_len);
  return !c.full_sequence_must_fit || fits(state, request.id, hit, c, whole, whole, true);
}

// Every group without a cached count takes its hit and gets blocks for external tokens. [ALLOC-10, ALLOC-11]
template <class S, class Hashing>
KVSPEC_EXEC constexpr void take_computed(State<S, Hashing>& state, const RequestId<S>& req, const Hit<S>& hit,
                                         const AllocateSlots<S>& c) {
  typename S::template list<bool, Bound::groups> is_new{};
  for (const Group<S>& group : state.groups) is_new.push_back(!group.num_cached(req));
  const auto take = [&](Group<S>& group) {
    if (!is_new[group.id]) return;
    const SlotDemand demand = demand_of(group, c, 0, 0);
    with_rules_of(group.spec.kind,
                  [&](auto rules) { rules.take_hit(state.pool, group, req, hit.blocks[group.id], demand); });
  };
  const auto load = [&](Group<S>& group) {
    if (!is_new[group.id]) return;
    const SlotDemand demand = demand_of(group, c, 0, 0);
    with_rules_of(group.spec.kind,
                  [&](auto rules) { rules.load_external(state.config, state.pool, group, req, demand); });
  };
  deviations::take_hits_and_load(state.config, state.groups, take, load);
}

// Whether an allocation that is not refused, at the gate or later, fails halfway: an aligned state-space group would
// have to shrink its table, or more blocks are taken than are free. Recorded only. [ALLOC-18]
template <class S, class Hashing>
KVSPEC_EXEC constexpr bool fails_halfway(const State<S, Hashing>& state, const Request<S>& request, const Hit<S>& hit,
                                         const AllocateSlots<S>& c, std::int64_t slots, std::int64_t main_tokens) {
  if (!deviations::can_fail(state.config)) return false;
  bool shrinks = false;
  bool may_lack = false;
  for (const Group<S>& group : state.groups) {
    const SlotDemand demand = demand_of(group, c, slots, main_tokens);
    with_rules_of(group.spec.kind, [&](auto rules) {
      shrinks = shrinks || rules.shrinks(group, request.id, demand);
      may_lack = may_lack || rules.may_lack(group, request.id, demand);
    });
  }
  if (!shrinks && !may_lack) return false;
  State<S, Hashing> after = state;
  if (!passes_gate(after, request, hit, c)) return false;
  remove_skipped(after, request.id, total_computed_tokens(c));
  if (!fits(after, request.id, hit, c, slots, main_tokens, false)) return false;
  if (shrinks) return true;
  deviations::reckon_with_what_is_taken(after.config);
  return !fits(after, request.id, hit, c, slots, main_tokens, false);
}

// The new blocks per group; absent if the request is refused.
template <class S>
using Allocation = std::optional<BlockTables<S>>;

// Precondition: check_allocation finds nothing. A refusal at the gate frees nothing, a later one has freed skipped
// blocks; an error changes nothing. [ALLOC-07 .. ALLOC-14, ALLOC-18]
template <class S, class Hashing>
KVSPEC_EXEC constexpr Result<Allocation<S>> allocate(State<S, Hashing>& state, const Request<S>& request,
                                                     const AllocateSlots<S>& c) {
  const RequestId<S> req = request.id;
  const Hit<S> hit = passed_hit(state, request, c);
  const std::int64_t end = total_computed_tokens(c) + c.num_new_tokens;
  const std::int64_t slots = std::min(end + c.num_lookahead_tokens, state.config.max_model_len);

  if (fails_halfway(state, request, hit, c, slots, end)) return Error{Clause::alloc_18, end};
  if (!passes_gate(state, request, hit, c)) return Allocation<S>{};
  remove_skipped(state, req, total_computed_tokens(c));
  if (!fits(state, req, hit, c, slots, end, false)) return Allocation<S>{};

  if (!hit.empty() || c.num_external_computed_tokens > 0) take_computed(state, req, hit, c);
  BlockTables<S> added{};
  for (Group<S>& group : state.groups) {
    const SlotDemand demand = demand_of(group, c, slots, end);
    added.push_back(with_rules_of(
        group.spec.kind, [&](auto rules) { return rules.grow(state.config, state.pool, group, req, demand); }));
  }
  if (state.config.enable_caching && !c.delay_cache_blocks) {
    cache_blocks(state, request, std::min<std::int64_t>(end, request.num_tokens()));  // [ALLOC-13]
  }
  return Allocation<S>{added};
}

}  // namespace kvspec::model
