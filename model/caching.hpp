// Caching: making full blocks of a request findable, and telling consumers about it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/group_kinds.hpp"
#include "model/request.hpp"
#include "model/request_hashing.hpp"
#include "model/state.hpp"
#include "spec/events.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

// Blocks [num_cached, num_full) of a request in a group.
struct CacheRange {
  std::int64_t num_cached = 0;
  std::int64_t num_full = 0;
  GroupId group = 0;
  std::int64_t block_size = 0;  // tokens
  bool masked = true;           // by the kind of the group; a pool-level caller's range is not [CACHE-08]
};

// Tokens up to which a group caches when the request is cached up to num_tokens. Several groups cache whole scheduler
// blocks, because no hit ends anywhere else; an EAGLE group also the block that its hits drop. [CACHE-07]
template <class S, class Hashing>
KVSPEC_EXEC constexpr std::int64_t tokens_to_cache(const State<S, Hashing>& state, const Group<S>& group,
                                                   std::int64_t num_tokens) {
  if (state.groups.size() == 1) return num_tokens;
  const std::int64_t aligned = num_tokens / state.config.scheduler_block_size * state.config.scheduler_block_size;
  if (!group.drops_last_block || aligned == 0) return aligned;
  return std::min(num_tokens, aligned + group.block_size);
}

// The range that caching up to num_tokens covers; empty unless it goes beyond the cached count. [CACHE-01]
template <class S, class Hashing>
KVSPEC_EXEC constexpr CacheRange range_to_cache(const State<S, Hashing>& state, const Group<S>& group,
                                                const RequestId<S>& req, std::int64_t num_tokens) {
  return CacheRange{group.num_cached(req).value_or(0), tokens_to_cache(state, group, num_tokens) / group.block_size,
                    group.id, group.block_size};
}

// Whether the block at place i of a table is cached: neither null nor masked. [CACHE-05, CACHE-08]
template <class S, class Hashing>
KVSPEC_EXEC constexpr bool is_cacheable(const State<S, Hashing>& state, const Request<S>& request,
                                        const BlockList<S>& table, const CacheRange& range, std::int64_t i) {
  if (table[static_cast<std::size_t>(i)] == null_block) return false;
  if (!range.masked) return true;
  const Group<S>& group = state.groups[range.group];
  return with_rules_of(group.spec.kind,
                       [&](auto rules) { return rules.caches_block(state.config, group, request, i); });
}

// `offending` is what the caller asked for. [CACHE-02, CACHE-03]
template <class S, class Hashing>
KVSPEC_EXEC constexpr Result<Done> check_range(const State<S, Hashing>& state, const Request<S>& request,
                                               std::int64_t num_held, const CacheRange& range, std::int64_t offending) {
  const std::int64_t hashed_tokens = static_cast<std::int64_t>(request.digests.size()) * state.config.hash_block_size;
  if (range.num_full > num_held) return Error{Clause::cache_02, offending};
  if (range.num_full > hashed_tokens / range.block_size) return Error{Clause::cache_03, offending};
  return Done{};
}

// The first block of the range that has a hash already, or comes a second time. [CACHE-04]
template <class S, class Hashing>
KVSPEC_EXEC constexpr std::optional<Error> first_hashed(const State<S, Hashing>& state, const Request<S>& request,
                                                        const BlockList<S>& table, const CacheRange& range) {
  BlockList<S> seen{};
  for (std::int64_t i = range.num_cached; i < range.num_full; ++i) {
    if (!is_cacheable(state, request, table, range, i)) continue;
    const BlockId b = table[static_cast<std::size_t>(i)];
    if (state.pool.blocks[b].key || state.pool.contains(seen, b)) return Error{Clause::cache_04, b};
    seen.push_back(b);
  }
  return {};
}

// Why cache_blocks(num_tokens) is refused.
template <class S, class Hashing>
KVSPEC_EXEC constexpr Result<Done> check_caching(const State<S, Hashing>& state, const Request<S>& request,
                                                 std::int64_t num_tokens) {
  for (const Group<S>& group : state.groups) {
    const CacheRange range = range_to_cache(state, group, request.id, num_tokens);
    if (range.num_cached >= range.num_full) continue;
    const Result<Done> valid = check_range(state, request, group.num_held(request.id), range, num_tokens);
    if (!valid) return valid;
  }
  for (const Group<S>& group : state.groups) {
    const CacheRange range = range_to_cache(state, group, request.id, num_tokens);
    if (range.num_cached >= range.num_full) continue;
    if (const auto hashed = first_hashed(state, request, group.find(request.id)->blocks, range)) return *hashed;
  }
  return Done{};
}

// The event of blocks [from, to) of a request, of which those that are cacheable have been stored. [EVENT-02]
template <class S, class Hashing>
KVSPEC_EXEC constexpr void emit_stored(State<S, Hashing>& state, const Request<S>& request, const BlockList<S>& table,
                                       const CacheRange& range, std::int64_t from, std::int64_t to) {
  const auto shown_hash = [&](std::int64_t i) {
    return event_hash(state.config, block_hash(state.config, request, i, range.block_size));
  };
  BlockStored<S> event{};
  ExtraKeysList<S> keys{};
  for (std::int64_t i = from; i < to; ++i) {
    if (!is_cacheable(state, request, table, range, i)) continue;
    event.block_hashes.push_back(shown_hash(i));
    keys.push_back(
        extra_keys(state.config, state.hashing, request, 0, i * range.block_size, (i + 1) * range.block_size));
  }
  if (!keys.empty()) event.extra_keys = keys;
  if (from > 0) event.parent_block_hash = shown_hash(from - 1);
  for (std::int64_t t = from * range.block_size; t < to * range.block_size; ++t) {
    event.token_ids.push_back(request.tokens[static_cast<std::size_t>(t)]);
  }
  event.block_size = static_cast<Count>(range.block_size);
  event.group_idx = range.group;
  if (request.lora) {
    event.lora_id = request.lora->id;
    event.lora_name = request.lora->name;
  }
  state.pool.events.push_back(event);
}

// One event for the whole range, or one for each run of blocks that were stored. [EVENT-01]
template <class S, class Hashing>
KVSPEC_EXEC constexpr void emit_range(State<S, Hashing>& state, const Request<S>& request, const BlockList<S>& table,
                                      const CacheRange& range) {
  if (deviations::announces_whole_range(state.config)) {
    emit_stored(state, request, table, range, range.num_cached, range.num_full);
    return;
  }
  std::int64_t from = range.num_cached;
  while (from < range.num_full) {
    std::int64_t to = from;
    while (to < range.num_full && is_cacheable(state, request, table, range, to)) ++to;
    if (to > from) emit_stored(state, request, table, range, from, to);
    from = to + 1;
  }
}

// Preconditions: the range is not empty, check_range and first_hashed find nothing. [CACHE-01, CACHE-05]
template <class S, class Hashing>
KVSPEC_EXEC constexpr void cache_full_blocks(State<S, Hashing>& state, const Request<S>& request,
                                             const BlockList<S>& table, const CacheRange& range) {
  for (std::int64_t i = range.num_cached; i < range.num_full; ++i) {
    if (!is_cacheable(state, request, table, range, i)) continue;
    const BlockId b = table[static_cast<std::size_t>(i)];
    const BlockKey<S> key{block_hash(state.config, request, i, range.block_size), range.group};
    state.pool.cache(b, key);
    if (!range.masked) continue;
    Group<S>& group = state.groups[range.group];
    with_rules_of(group.spec.kind, [&](auto rules) { rules.after_caching(group, key); });
  }
  if (state.config.events) emit_range(state, request, table, range);
}

// Caches the request up to num_tokens in every group. Precondition: check_caching finds nothing. [CACHE-01]
template <class S, class Hashing>
KVSPEC_EXEC constexpr void cache_blocks(State<S, Hashing>& state, const Request<S>& request, std::int64_t num_tokens) {
  for (Group<S>& group : state.groups) {
    const CacheRange range = range_to_cache(state, group, request.id, num_tokens);
    if (range.num_cached >= range.num_full) continue;
    BlockTable<S>& table = group.at(request.id);
    cache_full_blocks(state, request, table.blocks, range);
    table.num_cached = static_cast<Count>(range.num_full);
  }
}

// What take_events adds. [EVENT-06]
template <class S>
KVSPEC_EXEC constexpr void annotate(BlockStored<S>& event, const GroupSpec& spec) {
  switch (spec.kind) {
    case GroupKind::full:
      event.kv_cache_spec_kind = SpecKind::full_attention;
      break;
    case GroupKind::mla:
      event.kv_cache_spec_kind = SpecKind::mla_attention;
      break;
    case GroupKind::swa:
      event.kv_cache_spec_kind = SpecKind::sliding_window;
      break;
    case GroupKind::swa_mla:
      event.kv_cache_spec_kind = SpecKind::sliding_window_mla;
      break;
    case GroupKind::chunked:
      event.kv_cache_spec_kind = SpecKind::chunked_local_attention;
      break;
    case GroupKind::mamba:
      event.kv_cache_spec_kind = SpecKind::mamba;
      break;
    case GroupKind::cross:
      event.kv_cache_spec_kind = SpecKind::cross_attention;
      break;
  }
  if (spec.sliding_window) event.kv_cache_spec_sliding_window = static_cast<Count>(*spec.sliding_window);
}

}  // namespace kvspec::model
