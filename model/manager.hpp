// The manager: the executable model of the whole system. A manager is a value. Reading one function should convince
// that it is the clauses it cites; nothing here is fast on purpose.
//
// step(command) gives the command's observation, or the first clause the command breaks, checked in the order that
// spec/system.hpp lists; then nothing has changed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "model/allocation.hpp"
#include "model/block_pool.hpp"
#include "model/caching.hpp"
#include "model/dump.hpp"
#include "model/group.hpp"
#include "model/group_kinds.hpp"
#include "model/hashing/block_hash.hpp"
#include "model/look_up.hpp"
#include "model/request.hpp"
#include "model/state.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"
#include "spec/system.hpp"

namespace kvspec::model {

template <class S, class Hashing>
class Manager {
 public:
  // A manager with no requests and every block free, or the clause the configuration breaks. [CONF-*]
  static KVSPEC_EXEC constexpr Result<Manager> create(const Config<S>& config) {
    const Result<Done> valid = validate(config);
    if (!valid) return valid.error();
    Manager manager{};
    manager.state_.config = config;
    manager.state_.pool = BlockPool<S>::create(static_cast<Count>(config.num_blocks));
    for (const GroupSpec& spec : config.groups) {
      Group<S> group{};
      group.spec = spec;
      group.id = static_cast<GroupId>(manager.state_.groups.size());
      group.block_size = config.effective_block_size(spec);
      for (const GroupSpec& other : config.groups) {
        if (other.same_spec(spec) && config.is_eagle(other)) group.drops_last_block = true;
      }
      manager.state_.groups.push_back(group);
    }
    return manager;
  }

  bool operator==(const Manager&) const = default;

  KVSPEC_EXEC constexpr const State<S, Hashing>& state() const { return state_; }

  // ---- Requests ----

  KVSPEC_EXEC constexpr Result<typename AddRequest<S>::Observation> step(const AddRequest<S>& c) {
    if (state_.find(c.req) != nullptr) return Error{Clause::req_01};
    const Result<Done> valid = check_request(c);
    if (!valid) return valid.error();

    Request<S> request = make_request(c);
    extend_hashes(state_.config, state_.hashing, request);
    state_.requests.push_back(request);

    typename AddRequest<S>::Observation seen{};
    seen.block_hashes = request.digests;
    seen.num_tokens = request.num_tokens();
    seen.skip_reading_prefix_cache = request.skips_lookup;
    return seen;
  }

  // [REQ-07]
  KVSPEC_EXEC constexpr Result<typename AppendTokens<S>::Observation> step(const AppendTokens<S>& c) {
    Request<S>* request = state_.find(c.req);
    if (request == nullptr) return Error{Clause::req_02};

    const std::size_t num_hashed = request->digests.size();
    for (Token token : c.tokens) {
      request->tokens.push_back(token);
      extend_hashes(state_.config, state_.hashing, *request);
    }

    typename AppendTokens<S>::Observation seen{};
    seen.num_tokens = request->num_tokens();
    for (std::size_t i = num_hashed; i < request->digests.size(); ++i) {
      seen.new_block_hashes.push_back(request->digests[i]);
    }
    return seen;
  }

  // [FREE-01, FREE-02, FREE-03]
  KVSPEC_EXEC constexpr Result<typename Free<S>::Observation> step(const Free<S>& c) {
    Request<S>* request = state_.find(c.req);
    if (request == nullptr) return Error{Clause::req_02};

    for (Group<S>& group : state_.groups) {
      const BlockList<S> blocks = group.remove(c.req);
      with_rules_of(group.spec.kind, [&](auto rules) { rules.free(state_.pool, blocks); });
    }
    forget_freed(state_);
    request->hit.reset();
    if (c.drop) state_.requests.erase(request - state_.requests.data() + state_.requests.begin());

    return freed();
  }

  // ---- Look-up, allocation, caching ----

  KVSPEC_EXEC constexpr Result<typename GetComputedBlocks<S>::Observation> step(const GetComputedBlocks<S>& c) {
    Request<S>* request = state_.find(c.req);
    if (request == nullptr) return Error{Clause::req_02};

    const bool reads = state_.config.enable_caching && !request->skips_lookup;  // [LOOK-02]
    Hit<S> hit = reads ? find_longest_hit(state_, *request) : empty_hit(state_);
    hit.num_queried = request->num_tokens();
    hit.is_preempted = c.num_preemptions > 0;
    hit.is_recorded = !reads;
    if (deviations::records_at_look_up(state_.config)) record_look_up(state_, hit);
    request->hit = hit;

    return typename GetComputedBlocks<S>::Observation{hit.blocks, hit.num_tokens};
  }

  KVSPEC_EXEC constexpr Result<typename AllocateSlots<S>::Observation> step(const AllocateSlots<S>& c) {
    Request<S>* request = state_.find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    const Result<Done> valid = check_allocation(state_, *request, c);
    if (!valid) return valid.error();
    const Result<Allocation<S>> allocation = allocate(state_, *request, c);
    if (!allocation) return allocation.error();
    if (allocation.value() && request->hit) record_look_up(state_, *request->hit);

    return typename AllocateSlots<S>::Observation{allocation.value(), state_.pool.num_free()};
  }

  // [CACHE-06]
  KVSPEC_EXEC constexpr Result<Done> step(const CacheBlocks<S>& c) {
    const Request<S>* request = state_.find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    if (!state_.config.enable_caching) return Done{};
    const Result<Done> valid = check_caching(state_, *request, c.num_computed_tokens);
    if (!valid) return valid.error();

    cache_blocks(state_, *request, c.num_computed_tokens);
    return Done{};
  }

  // [FREE-07]
  KVSPEC_EXEC constexpr Result<typename Free<S>::Observation> step(const RemoveSkippedBlocks<S>& c) {
    if (state_.find(c.req) == nullptr) return Error{Clause::req_02};
    remove_skipped(state_, c.req, c.total_computed_tokens);
    return freed();
  }

  // [POOL-11, POOL-12]
  KVSPEC_EXEC constexpr Result<Done> step(const EvictBlocks<S>& c) {
    if (const auto outside = first_outside_pool(c.block_ids)) return *outside;
    for (BlockId b : c.block_ids) state_.pool.evict(state_.config, b);
    return Done{};
  }

  // [POOL-13, STAT-02]
  KVSPEC_EXEC constexpr Result<typename ResetPrefixCache<S>::Observation> step(const ResetPrefixCache<S>&) {
    const bool reset = state_.pool.reset(state_.config);
    if (reset && state_.config.log_stats.value_or(true)) state_.stats.reset = true;
    return typename ResetPrefixCache<S>::Observation{reset};
  }

  // [MAMBA-02]
  KVSPEC_EXEC constexpr Result<Done> step(const NewStepStarts<S>&) {
    for (Group<S>& group : state_.groups) group.cached_this_step.clear();
    return Done{};
  }

  // ---- What a server reads ----

  // [ALLOC-15]
  KVSPEC_EXEC constexpr Result<typename TakeNewBlockIds<S>::Observation> step(const TakeNewBlockIds<S>&) {
    typename TakeNewBlockIds<S>::Observation seen{};
    for (Group<S>& group : state_.groups) {
      for (BlockId b : group.new_block_ids) seen.result.push_back(b);
      group.new_block_ids.clear();
    }
    return seen;
  }

  // [EVENT-06, EVENT-07]
  KVSPEC_EXEC constexpr Result<typename TakeEvents<S>::Observation> step(const TakeEvents<S>&) {
    typename TakeEvents<S>::Observation seen{std::exchange(state_.pool.events, {})};
    for (Event<S>& event : seen.events) {
      BlockStored<S>* stored = std::get_if<BlockStored<S>>(&event);
      if (stored != nullptr && stored->group_idx < state_.groups.size()) {
        annotate(*stored, state_.groups[stored->group_idx].spec);
      }
    }
    return seen;
  }

  // [FREE-05, FREE-06]
  KVSPEC_EXEC constexpr Result<typename GetNumCommonPrefixBlocks<S>::Observation> step(
      const GetNumCommonPrefixBlocks<S>& c) {
    if (state_.find(c.req) == nullptr) return Error{Clause::req_02};
    typename GetNumCommonPrefixBlocks<S>::Observation seen{};
    for (Group<S>& group : state_.groups) {
      if (!state_.config.enable_caching) {
        seen.result.push_back(0);
        continue;
      }
      if (is_full_attention(group.spec.kind)) deviations::ask_for_table(state_.config, group, c.req);
      const BlockTable<S>* table = group.find(c.req);
      seen.result.push_back(with_rules_of(group.spec.kind, [&](auto rules) {
        return rules.num_common_prefix_blocks(state_.pool, group, table == nullptr ? BlockList<S>{} : table->blocks);
      }));
    }
    return seen;
  }

  KVSPEC_EXEC constexpr Result<typename GetBlockIds<S>::Observation> step(const GetBlockIds<S>& c) {
    if (state_.find(c.req) == nullptr) return Error{Clause::req_02};
    typename GetBlockIds<S>::Observation seen{};
    for (const Group<S>& group : state_.groups) {
      const BlockTable<S>* table = group.find(c.req);
      seen.result.push_back(table == nullptr ? BlockList<S>{} : table->blocks);
    }
    return seen;
  }

  // [STAT-02]
  KVSPEC_EXEC constexpr Result<PrefixCacheStats> step(const TakeStats<S>&) {
    return std::exchange(state_.stats, PrefixCacheStats{});
  }

  KVSPEC_EXEC constexpr Result<StateDump<S>> step(const DumpState<S>&) { return dump_state(state_); }

  // ---- Pool level ----

  KVSPEC_EXEC constexpr Result<typename PoolGetNewBlocks<S>::Observation> step(const PoolGetNewBlocks<S>& c) {
    if (c.num_blocks > state_.pool.num_free()) return Error{Clause::pool_04, c.num_blocks};
    const BlockList<S> taken = state_.pool.get_new_blocks(state_.config, c.num_blocks);
    for (BlockId b : taken) ++state_.pool.blocks[b].held;
    return typename PoolGetNewBlocks<S>::Observation{taken};
  }

  KVSPEC_EXEC constexpr Result<Done> step(const PoolTouch<S>& c) {
    if (const auto outside = first_outside_pool(c.block_ids)) return *outside;
    for (BlockId b : c.block_ids) {
      state_.pool.touch(b);
      if (b != null_block) ++state_.pool.blocks[b].held;
    }
    return Done{};
  }

  // [POOL-08]
  KVSPEC_EXEC constexpr Result<typename Free<S>::Observation> step(const PoolFreeBlocks<S>& c) {
    if (const auto outside = first_outside_pool(c.block_ids)) return *outside;
    for (std::size_t i = 0; i < c.block_ids.size(); ++i) {
      const BlockId b = c.block_ids[i];
      Count listed = 0;
      for (std::size_t j = 0; j <= i; ++j) listed += c.block_ids[j] == b ? 1u : 0u;
      if (b != null_block && listed > state_.pool.blocks[b].held) return Error{Clause::pool_08, b};
    }
    for (BlockId b : c.block_ids) {
      if (b != null_block) --state_.pool.blocks[b].held;
    }
    state_.pool.free_blocks(c.block_ids, c.prepend);
    forget_freed(state_);
    return freed();
  }

  KVSPEC_EXEC constexpr Result<Done> step(const PoolCacheFullBlocks<S>& c) {
    const Request<S>* request = state_.find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    if (const auto outside = first_outside_pool(c.block_ids)) return *outside;
    if (c.num_cached_blocks >= c.num_full_blocks) return Done{};
    const std::int64_t block_size =
        c.group < state_.groups.size() ? state_.groups[c.group].block_size : state_.config.hash_block_size;
    const CacheRange range{c.num_cached_blocks, c.num_full_blocks, c.group, block_size, false};
    const std::int64_t num_listed = static_cast<std::int64_t>(c.block_ids.size());
    const Result<Done> valid = check_range(state_, *request, num_listed, range, c.num_full_blocks);
    if (!valid) return valid.error();
    for (std::size_t i = c.num_cached_blocks; i < c.num_full_blocks; ++i) {
      const BlockId b = c.block_ids[i];
      if (b != null_block && state_.pool.blocks[b].held == 0) return Error{Clause::pool_08, b};
    }
    if (const auto hashed = first_hashed(state_, *request, c.block_ids, range)) return *hashed;

    cache_full_blocks(state_, *request, c.block_ids, range);
    return Done{};
  }

  KVSPEC_EXEC constexpr Result<typename PoolGetCachedBlock<S>::Observation> step(const PoolGetCachedBlock<S>& c) const {
    const Request<S>* request = state_.find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    if (c.index >= request->digests.size()) return Error{Clause::cache_03, c.index};
    BlockList<S> blocks{};
    for (GroupId g : c.groups) {
      const BlockKey<S> key{block_hash(state_.config, *request, c.index, state_.config.hash_block_size), g};
      const std::optional<BlockId> block = state_.pool.index.first(key);
      if (!block) return typename PoolGetCachedBlock<S>::Observation{};
      blocks.push_back(*block);
    }
    return typename PoolGetCachedBlock<S>::Observation{blocks};
  }

  // ---- What can be seen of the state: a view, and the walks the invariants need (spec/invariants.hpp) ----

  KVSPEC_EXEC constexpr View<S> view() const { return make_view(state_); }

  KVSPEC_EXEC constexpr Count num_blocks() const { return state_.pool.num_blocks(); }
  KVSPEC_EXEC constexpr Count num_free() const { return state_.pool.num_free(); }
  KVSPEC_EXEC constexpr Count ref_cnt(BlockId b) const { return state_.pool.blocks[b].ref_cnt; }
  KVSPEC_EXEC constexpr Count held(BlockId b) const { return state_.pool.blocks[b].held; }
  KVSPEC_EXEC constexpr bool has_hash(BlockId b) const { return state_.pool.blocks[b].key.has_value(); }
  KVSPEC_EXEC constexpr const BlockHash<S>& hash(BlockId b) const { return state_.pool.blocks[b].key->hash; }
  KVSPEC_EXEC constexpr GroupId group(BlockId b) const { return state_.pool.blocks[b].key->group; }
  KVSPEC_EXEC constexpr std::size_t num_keys() const { return state_.pool.index.entries.size(); }
  KVSPEC_EXEC constexpr GroupId num_groups() const { return static_cast<GroupId>(state_.groups.size()); }
  KVSPEC_EXEC constexpr const GroupSpec& spec(GroupId g) const { return state_.groups[g].spec; }
  KVSPEC_EXEC constexpr std::int64_t block_size(GroupId g) const { return state_.groups[g].block_size; }
  KVSPEC_EXEC constexpr std::int64_t max_model_len() const { return state_.config.max_model_len; }
  KVSPEC_EXEC constexpr std::int64_t hash_block_size() const { return state_.config.hash_block_size; }
  KVSPEC_EXEC constexpr bool caching() const { return state_.config.enable_caching; }

  template <class F>
  KVSPEC_EXEC constexpr void walk_free(F f) const {
    for (BlockId b : state_.pool.free_queue) f(b);
  }
  template <class F>
  KVSPEC_EXEC constexpr void walk_free_backwards(F f) const {
    for (std::size_t i = state_.pool.free_queue.size(); i > 0; --i) f(state_.pool.free_queue[i - 1]);
  }
  template <class F>
  KVSPEC_EXEC constexpr void walk_index(F f) const {
    for (const IndexEntry<S>& entry : state_.pool.index.entries) {
      for (std::size_t i = 0; i < entry.blocks.size(); ++i) {
        f(entry.key.hash, entry.key.group, entry.blocks[i], i == 0);
      }
    }
  }
  template <class F>
  KVSPEC_EXEC constexpr void walk_tables(GroupId g, F f) const {
    for (const BlockTable<S>& table : state_.groups[g].tables) {
      const Request<S>* request = state_.find(table.req);
      f(std::string_view(table.req), std::span<const BlockId>(table.blocks.data(), table.blocks.size()),
        table.num_cached, request == nullptr ? Count{0} : request->num_tokens());
    }
  }
  template <class F>
  KVSPEC_EXEC constexpr void walk_requests(F f) const {
    for (const Request<S>& request : state_.requests) {
      f(std::string_view(request.id), request.num_tokens(), static_cast<Count>(request.digests.size()));
    }
  }

 private:
  KVSPEC_EXEC constexpr typename Free<S>::Observation freed() const {
    return typename Free<S>::Observation{state_.pool.num_free()};
  }

  // [POOL-12]
  KVSPEC_EXEC constexpr std::optional<Error> first_outside_pool(const BlockList<S>& ids) const {
    for (BlockId b : ids) {
      if (b >= state_.pool.num_blocks()) return Error{Clause::pool_12, b};
    }
    return {};
  }

  State<S, Hashing> state_{};
};

using HostModel = Manager<Growing, ExactHashing>;

}  // namespace kvspec::model
