// The state as spec/dump.hpp shows it: everything packed is written out, in canonical order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "impl/cuda/small/block_word.hpp"
#include "impl/cuda/small/state.hpp"
#include "spec/dump.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda::small {

inline constexpr std::uint32_t digest_bytes = 8;

template <class S>
KVSPEC_EXEC constexpr BlockList<S> listed(const BlockWord& blocks) {
  BlockList<S> list{};
  for (std::uint32_t i = 0; i < blocks.size(); ++i) list.push_back(blocks[i]);
  return list;
}

// One list per group.
template <class S>
KVSPEC_EXEC constexpr BlockTables<S> listed(const BlockWord* blocks, std::uint32_t num_groups) {
  BlockTables<S> lists{};
  for (GroupId g = 0; g < num_groups; ++g) lists.push_back(listed<S>(blocks[g]));
  return lists;
}

// The lowest byte first.
KVSPEC_EXEC constexpr Digest digest_of(Prefix prefix) {
  Digest digest{};
  digest.size = digest_bytes;
  for (std::uint32_t i = 0; i < digest_bytes; ++i) {
    digest.bytes[i] = static_cast<std::uint8_t>(prefix.word() >> (8 * i));
  }
  return digest;
}

template <class S>
KVSPEC_EXEC constexpr DigestList<S> digests_of(const State& state, const Request& request, std::uint32_t from) {
  DigestList<S> digests{};
  for (std::uint32_t i = from; i < state.num_hashes(request); ++i) {
    digests.push_back(digest_of(request.tokens.first((i + 1) * static_cast<std::uint32_t>(state.hash_block_size))));
  }
  return digests;
}

// The digests that the block spans, one after the other. [HASH-10]
template <class S>
KVSPEC_EXEC constexpr BlockKey<S> written_key(const State& state, Prefix hash, GroupId group) {
  const std::uint32_t size = static_cast<std::uint32_t>(state.hash_block_size);
  BlockKey<S> key{};
  key.group = group;
  const std::uint32_t end = hash.num_tokens();
  for (std::uint32_t n = end - static_cast<std::uint32_t>(state.groups[group].block_size) + size; n <= end; n += size) {
    for (const std::uint8_t byte : digest_of(hash.first(n))) key.hash.push_back(byte);
  }
  return key;
}

template <class S>
KVSPEC_EXEC constexpr bool is_less(const BlockKey<S>& a, const BlockKey<S>& b) {
  const std::size_t shared = std::min(a.hash.size(), b.hash.size());
  for (std::size_t i = 0; i < shared; ++i) {
    if (a.hash[i] != b.hash[i]) return a.hash[i] < b.hash[i];
  }
  return a.hash.size() != b.hash.size() ? a.hash.size() < b.hash.size() : a.group < b.group;
}

// The slots of the live requests, ordered by id.
struct Ordered {
  std::uint32_t slots[most_requests]{};
  std::uint32_t size = 0;
};
KVSPEC_EXEC constexpr Ordered ordered_requests(const State& state) {
  Ordered order{};
  for (std::uint32_t slot = 0; slot < most_requests; ++slot) {
    if (!state.requests[slot].is_live) continue;
    std::uint32_t at = order.size++;
    for (; at > 0 && state.requests[slot].name() < state.requests[order.slots[at - 1]].name(); --at) {
      order.slots[at] = order.slots[at - 1];
    }
    order.slots[at] = slot;
  }
  return order;
}

template <class S>
KVSPEC_EXEC constexpr DuplicatesList<S> duplicates(const State& state) {
  DuplicatesList<S> list{};
  const BlockWord& hashed = state.pool.hashed();
  for (std::uint32_t i = 0; i < hashed.size(); ++i) {
    if (!state.pool.had_twin(hashed[i]) || !state.pool.is_first_of_key(hashed[i])) continue;
    Duplicates<S> entry{};
    entry.key = written_key<S>(state, state.pool.hash(hashed[i]), state.pool.group(hashed[i]));
    for (std::uint32_t j = i; j < hashed.size(); ++j) {
      if (state.pool.same_key(hashed[i], hashed[j])) entry.blocks.push_back(hashed[j]);
    }
    auto at = list.begin();
    while (at != list.end() && is_less<S>(at->key, entry.key)) ++at;
    list.insert(at, entry);
  }
  return list;
}

template <class S>
KVSPEC_EXEC constexpr BlockKeyList<S> step_keys_of(const State& state, GroupId g) {
  BlockKeyList<S> keys{};
  for (std::uint32_t i = 0; i < state.num_step_keys; ++i) {
    if (state.step_keys[i].group != g) continue;
    const BlockKey<S> key = written_key<S>(state, state.step_keys[i].hash, g);
    auto at = keys.begin();
    while (at != keys.end() && is_less<S>(*at, key)) ++at;
    keys.insert(at, key);
  }
  return keys;
}

template <class S>
KVSPEC_EXEC constexpr GroupDump<S> dump_group(const State& state, GroupId g, const Ordered& order) {
  GroupDump<S> dump{};
  const Rule rule = state.groups[g].rule;
  if (state.groups[g].is_state()) dump.cached_blocks_this_step = step_keys_of<S>(state, g);
  if (rule == Rule::aligned) {
    dump.last_state_block_idx.emplace();
    dump.allocated_block_reqs.emplace();
  }
  for (std::uint32_t i = 0; i < order.size; ++i) {
    const Request& request = state.requests[order.slots[i]];
    const Table& table = request.tables[g];
    const RequestId<S> id(request.name());
    if (table.exists) dump.req_blocks.push_back({id, listed<S>(table.blocks)});
    if (table.is_known()) dump.num_cached_block.push_back({id, table.cached()});
    if (rule != Rule::aligned) continue;
    if (table.last_state >= 0) dump.last_state_block_idx->push_back({id, static_cast<Count>(table.last_state)});
    if (table.has_state) dump.allocated_block_reqs->push_back(id);
  }
  return dump;
}

template <class S>
KVSPEC_EXEC constexpr StateDump<S> dump_state(const State& state) {
  const Pool& pool = state.pool;
  StateDump<S> dump{};
  dump.free_queue = listed<S>(pool.queue());
  dump.num_free = pool.num_free();
  const double usable = static_cast<double>(pool.num_blocks()) - 1;
  dump.usage = pool.num_blocks() > 1 ? 1.0 - static_cast<double>(pool.num_free()) / usable : 0.0;
  for (BlockId b = 1; b < pool.num_blocks(); ++b) {
    if (pool.references(b) > 0) dump.ref_cnt.push_back({b, pool.references(b)});
    if (pool.has_hash(b)) dump.hashes.push_back({b, written_key<S>(state, pool.hash(b), pool.group(b))});
  }
  dump.cached_map_size = pool.num_keys();
  dump.dups = duplicates<S>(state);
  const Ordered order = ordered_requests(state);
  for (GroupId g = 0; g < state.num_groups; ++g) dump.managers.push_back(dump_group<S>(state, g, order));
  return dump;
}

template <class S>
KVSPEC_EXEC constexpr View<S> make_view(const State& state) {
  View<S> view{};
  view.state = dump_state<S>(state);
  for (GroupId g = 0; g < state.num_groups; ++g) view.new_block_ids.push_back(listed<S>(state.groups[g].new_ids));
  view.stats = state.stats;
  const Ordered order = ordered_requests(state);
  for (std::uint32_t i = 0; i < order.size; ++i) {
    const Request& request = state.requests[order.slots[i]];
    RequestDump<S> dump{};
    dump.req = RequestId<S>(request.name());
    dump.num_tokens = request.num_tokens;
    dump.block_hashes = digests_of<S>(state, request, 0);
    bool found = false;
    for (GroupId g = 0; g < state.num_groups; ++g) found = found || !request.hit.blocks[g].empty();
    if (request.has_hit && found) dump.hit = listed<S>(request.hit.blocks, state.num_groups);
    view.requests.push_back(dump);
  }
  return view;
}

}  // namespace kvspec::cuda::small
