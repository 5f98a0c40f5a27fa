// What can be seen of a state, in the canonical order that spec/dump.hpp fixes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "model/state.hpp"
#include "spec/dump.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

// Inserts an entry so that the list stays ordered by `before`.
template <class List, class T, class Before>
KVSPEC_EXEC constexpr void insert_ordered(List& list, const T& entry, Before before) {
  auto at = list.begin();
  while (at != list.end() && before(*at, entry)) ++at;
  list.insert(at, entry);
}

template <class S, class T>
KVSPEC_EXEC constexpr void insert_by_request(PerRequest<S, T>& list, const RequestId<S>& req, const T& value) {
  insert_ordered(list, OfRequest<S, T>{req, value},
                 [](const auto& a, const auto& b) { return std::string_view(a.req) < std::string_view(b.req); });
}

// [POOL-14]
template <class S>
KVSPEC_EXEC constexpr double usage(const BlockPool<S>& pool) {
  if (pool.num_blocks() <= 1) return 0;
  return 1.0 - static_cast<double>(pool.num_free()) / (pool.num_blocks() - 1);
}

template <class S>
KVSPEC_EXEC constexpr bool is_before(const BlockKey<S>& a, const BlockKey<S>& b) {
  if (!(a.hash == b.hash)) {
    return std::lexicographical_compare(a.hash.begin(), a.hash.end(), b.hash.begin(), b.hash.end());
  }
  return a.group < b.group;
}

// [POOL-09]
template <class S>
KVSPEC_EXEC constexpr DuplicatesList<S> dump_duplicates(const HashIndex<S>& index) {
  DuplicatesList<S> list{};
  for (const IndexEntry<S>& entry : index.entries) {
    if (!entry.several) continue;
    Duplicates<S> duplicates{};
    duplicates.key = entry.key;
    for (BlockId b : entry.blocks) duplicates.blocks.push_back(b);
    insert_ordered(list, duplicates,
                   [](const Duplicates<S>& a, const Duplicates<S>& b) { return is_before<S>(a.key, b.key); });
  }
  return list;
}

template <class S>
KVSPEC_EXEC constexpr GroupDump<S> dump_group(const Group<S>& group) {
  GroupDump<S> dump{};
  for (const BlockTable<S>& table : group.tables) {
    insert_by_request<S>(dump.req_blocks, table.req, table.blocks);
    if (table.num_cached) insert_by_request<S>(dump.num_cached_block, table.req, *table.num_cached);
  }
  if (group.spec.kind != GroupKind::mamba) return dump;
  dump.cached_blocks_this_step.emplace();
  for (const BlockKey<S>& key : group.cached_this_step)
    insert_ordered(*dump.cached_blocks_this_step, key, is_before<S>);
  if (*group.spec.mamba_cache_mode != MambaCacheMode::align) return dump;
  dump.last_state_block_idx.emplace();
  dump.allocated_block_reqs.emplace();
  for (const BlockTable<S>& table : group.tables) {
    if (table.last_state_index) insert_by_request<S>(*dump.last_state_block_idx, table.req, *table.last_state_index);
    if (!table.has_state) continue;
    insert_ordered(*dump.allocated_block_reqs, table.req, [](const RequestId<S>& a, const RequestId<S>& b) {
      return std::string_view(a) < std::string_view(b);
    });
  }
  return dump;
}

template <class S, class Hashing>
KVSPEC_EXEC constexpr StateDump<S> dump_state(const State<S, Hashing>& state) {
  const BlockPool<S>& pool = state.pool;
  StateDump<S> dump{};
  dump.free_queue = pool.free_queue;
  dump.num_free = pool.num_free();
  dump.usage = usage(pool);
  for (BlockId b = 1; b < pool.num_blocks(); ++b) {
    if (pool.blocks[b].ref_cnt > 0) dump.ref_cnt.push_back({b, pool.blocks[b].ref_cnt});
    if (pool.blocks[b].key) dump.hashes.push_back({b, *pool.blocks[b].key});
  }
  dump.cached_map_size = static_cast<Count>(pool.index.entries.size());
  dump.dups = dump_duplicates(pool.index);
  for (const Group<S>& group : state.groups) dump.managers.push_back(dump_group(group));
  return dump;
}

template <class S, class Hashing>
KVSPEC_EXEC constexpr View<S> make_view(const State<S, Hashing>& state) {
  View<S> view{};
  view.state = dump_state(state);
  for (const Group<S>& group : state.groups) view.new_block_ids.push_back(group.new_block_ids);
  for (BlockId b = 1; b < state.pool.num_blocks(); ++b) {
    if (state.pool.blocks[b].held > 0) view.held.push_back({b, state.pool.blocks[b].held});
  }
  view.events = state.pool.events;
  view.stats = state.stats;
  for (const Request<S>& request : state.requests) {
    RequestDump<S> dump{};
    dump.req = request.id;
    dump.num_tokens = request.num_tokens();
    dump.block_hashes = request.digests;
    if (request.hit && !request.hit->empty()) dump.hit = request.hit->blocks;
    insert_ordered(view.requests, dump, [](const RequestDump<S>& a, const RequestDump<S>& b) {
      return std::string_view(a.req) < std::string_view(b.req);
    });
  }
  return view;
}

}  // namespace kvspec::model
