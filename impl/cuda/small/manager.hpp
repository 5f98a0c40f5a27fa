// A manager small enough for one thread of a device: sixteen blocks, four requests, three groups, everything packed
// into words (block_word.hpp, prefix.hpp, pool.hpp, look_up.hpp say how). It answers as the specification says, under
// both semantics, and is there to be held against the model by the thousand; what it cannot be asked is in scope.hpp.
//
// A System of spec/system.hpp for any storage policy S, with what spec/invariants.hpp asks of one. The hash of a block
// is its whole prefix, written out: eight bytes, the lowest first (prefix.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "impl/cuda/small/allocation.hpp"
#include "impl/cuda/small/look_up.hpp"
#include "impl/cuda/small/scope.hpp"
#include "impl/cuda/small/state.hpp"
#include "impl/cuda/small/tables.hpp"
#include "impl/cuda/small/view.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"

namespace kvspec::cuda::small {

template <class S>
class Manager {
 public:
  using TableBlocks = BlockWord;

  // [CONF-*]
  static KVSPEC_EXEC constexpr Result<Manager> create(const Config<S>& config) {
    const Result<Done> valid = validate(config);
    if (!valid) return valid.error();
    if (!is_in_scope(config)) return out_of_scope();
    Manager manager{};
    State& state = manager.state_;
    state.pool.create(static_cast<std::uint32_t>(config.num_blocks));
    state.num_groups = static_cast<std::uint32_t>(config.groups.size());
    for (GroupId g = 0; g < state.num_groups; ++g) state.groups[g] = make_group(config, g);
    state.hash_block_size = static_cast<std::int32_t>(config.hash_block_size);
    state.scheduler_block_size = static_cast<std::int32_t>(config.scheduler_block_size);
    state.max_model_len = static_cast<std::int32_t>(config.max_model_len);
    state.is_sound = config.is_sound();
    state.caches = config.enable_caching;
    state.logs_stats = config.log_stats.value_or(true);
    state.retains = config.retention_interval.has_value();
    return manager;
  }

  // ---- Requests ----

  KVSPEC_EXEC constexpr Result<typename AddRequest<S>::Observation> step(const AddRequest<S>& c) {
    if (find(c.req) != nullptr) return Error{Clause::req_01};
    if (c.tokens.empty()) return Error{Clause::req_03};
    Request* request = unused();
    if (request == nullptr || !is_in_scope(c)) return out_of_scope();
    const Request fresh{};  // named: GCC 12 fails at a temporary here
    *request = fresh;
    const std::string_view id(c.req);
    for (const char byte : id) request->id[request->id_size++] = byte;
    for (const Token token : c.tokens) request->tokens.append(token);
    request->num_tokens = static_cast<std::uint8_t>(c.tokens.size());
    request->num_prompt_tokens = request->num_tokens;
    request->skips_lookup = c.prompt_logprobs.has_value();  // [REQ-08]
    request->is_live = true;
    return typename AddRequest<S>::Observation{digests_of<S>(state_, *request, 0), request->num_tokens,
                                               request->skips_lookup};
  }

  // [REQ-07]
  KVSPEC_EXEC constexpr Result<typename AppendTokens<S>::Observation> step(const AppendTokens<S>& c) {
    Request* request = find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    if (!are_in_scope<S>(c.tokens, request->num_tokens)) return out_of_scope();
    const std::uint32_t num_hashed = state_.num_hashes(*request);
    for (const Token token : c.tokens) request->tokens.append(token);
    request->num_tokens = static_cast<std::uint8_t>(request->num_tokens + c.tokens.size());
    return typename AppendTokens<S>::Observation{request->num_tokens, digests_of<S>(state_, *request, num_hashed)};
  }

  // [FREE-01 .. FREE-03]
  KVSPEC_EXEC constexpr Result<typename Free<S>::Observation> step(const Free<S>& c) {
    Request* request = find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    free_tables(state_, *request);
    request->has_hit = false;
    if (c.drop) request->is_live = false;
    return typename Free<S>::Observation{state_.pool.num_free()};
  }

  // ---- Look-up, allocation, caching ----

  KVSPEC_EXEC constexpr Result<typename GetComputedBlocks<S>::Observation> step(const GetComputedBlocks<S>& c) {
    Request* request = find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    const bool reads = state_.caches && !request->skips_lookup;  // [LOOK-02]
    request->hit = reads ? LookUp(state_, *request).longest() : Hit{};
    request->hit.num_queried = request->num_tokens;
    request->hit.is_preempted = c.num_preemptions > 0;
    request->hit.is_recorded = !reads;
    request->has_hit = true;
    if (!state_.is_sound) record(*request);  // [DEV-11]
    return typename GetComputedBlocks<S>::Observation{listed<S>(request->hit.blocks, state_.num_groups),
                                                      request->hit.num_tokens};
  }

  KVSPEC_EXEC constexpr Result<typename AllocateSlots<S>::Observation> step(const AllocateSlots<S>& c) {
    Request* request = find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    const Step step{.computed = c.req_num_computed_tokens,
                    .hit_tokens = c.num_new_computed_tokens,
                    .external = c.num_external_computed_tokens,
                    .fresh = c.num_new_tokens,
                    .lookahead = c.num_lookahead_tokens,
                    .passes_hit = c.new_computed_blocks == PassedHit::computed,
                    .delays_caching = c.delay_cache_blocks,
                    .must_fit = c.full_sequence_must_fit};
    Allocator allocator(state_, *request, step);
    const Result<Done> valid = allocator.check();
    if (!valid) return valid.error();
    typename AllocateSlots<S>::Observation seen{};
    if (allocator.perform()) {
      BlockTables<S>& added = seen.result.emplace();
      for (GroupId g = 0; g < state_.num_groups; ++g) added.push_back(listed<S>(allocator.added(g)));
      if (request->has_hit) record(*request);  // [STAT-01]
    }
    seen.num_free = state_.pool.num_free();
    return seen;
  }

  // [CACHE-06]
  KVSPEC_EXEC constexpr Result<Done> step(const CacheBlocks<S>& c) {
    Request* request = find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    if (!state_.caches) return Done{};
    const Result<Done> valid = check_caching(state_, *request, c.num_computed_tokens);
    if (!valid) return valid.error();
    cache_up_to(state_, *request, c.num_computed_tokens);
    return Done{};
  }

  // [FREE-07]
  KVSPEC_EXEC constexpr Result<typename Free<S>::Observation> step(const RemoveSkippedBlocks<S>& c) {
    Request* request = find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    remove_skipped(state_, *request, c.total_computed_tokens);
    return typename Free<S>::Observation{state_.pool.num_free()};
  }

  // [POOL-11, POOL-12]
  KVSPEC_EXEC constexpr Result<Done> step(const EvictBlocks<S>& c) {
    for (const BlockId b : c.block_ids) {
      if (b >= state_.pool.num_blocks()) return Error{Clause::pool_12, b};
    }
    for (const BlockId b : c.block_ids) state_.pool.evict(b);
    return Done{};
  }

  // [POOL-13, STAT-02]
  KVSPEC_EXEC constexpr Result<typename ResetPrefixCache<S>::Observation> step(const ResetPrefixCache<S>&) {
    const bool reset = state_.pool.reset();
    if (reset && state_.logs_stats) state_.stats.reset = true;
    return typename ResetPrefixCache<S>::Observation{reset};
  }

  // [MAMBA-02]
  KVSPEC_EXEC constexpr Result<Done> step(const NewStepStarts<S>&) {
    state_.num_step_keys = 0;
    return Done{};
  }

  // ---- What a server reads ----

  // [ALLOC-15]
  KVSPEC_EXEC constexpr Result<typename TakeNewBlockIds<S>::Observation> step(const TakeNewBlockIds<S>&) {
    typename TakeNewBlockIds<S>::Observation seen{};
    std::size_t count = 0;
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      BlockWord& ids = state_.groups[g].new_ids;
      for (std::uint32_t i = 0; i < ids.size(); ++i) seen.result.push_back(ids[i]);
      count += ids.size();
      ids = BlockWord{};
    }
    if (seen.result.size() != count) state_.outgrown = true;  // S has lists of fixed capacity, and this one is cut
    return seen;
  }

  // There are none. [EVENT-07]
  KVSPEC_EXEC constexpr Result<typename TakeEvents<S>::Observation> step(const TakeEvents<S>&) {
    return typename TakeEvents<S>::Observation{};
  }

  // [FREE-05, FREE-06]
  KVSPEC_EXEC constexpr Result<typename GetNumCommonPrefixBlocks<S>::Observation> step(
      const GetNumCommonPrefixBlocks<S>& c) {
    Request* request = find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    typename GetNumCommonPrefixBlocks<S>::Observation seen{};
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      Table& table = request->tables[g];
      std::uint32_t shared = 0;
      if (state_.caches && state_.groups[g].rule == Rule::keeps_all) {
        if (!state_.is_sound) table.exists = true;  // [DEV-06]
        const std::uint32_t tables = num_tables(g);
        while (shared < table.blocks.size() && state_.pool.references(table.blocks[shared]) == tables) ++shared;
      }
      seen.result.push_back(shared);
    }
    return seen;
  }

  KVSPEC_EXEC constexpr Result<typename GetBlockIds<S>::Observation> step(const GetBlockIds<S>& c) {
    const Request* request = find(c.req);
    if (request == nullptr) return Error{Clause::req_02};
    typename GetBlockIds<S>::Observation seen{};
    for (GroupId g = 0; g < state_.num_groups; ++g) seen.result.push_back(listed<S>(request->tables[g].blocks));
    return seen;
  }

  // [STAT-02]
  KVSPEC_EXEC constexpr Result<PrefixCacheStats> step(const TakeStats<S>&) {
    return std::exchange(state_.stats, PrefixCacheStats{});
  }

  KVSPEC_EXEC constexpr Result<StateDump<S>> step(const DumpState<S>&) { return dump_state<S>(state_); }

  // ---- Pool level: outside the scope ----

  KVSPEC_EXEC constexpr Result<typename PoolGetNewBlocks<S>::Observation> step(const PoolGetNewBlocks<S>&) {
    return out_of_scope();
  }
  KVSPEC_EXEC constexpr Result<Done> step(const PoolTouch<S>&) { return out_of_scope(); }
  KVSPEC_EXEC constexpr Result<typename Free<S>::Observation> step(const PoolFreeBlocks<S>&) { return out_of_scope(); }
  KVSPEC_EXEC constexpr Result<Done> step(const PoolCacheFullBlocks<S>&) { return out_of_scope(); }
  KVSPEC_EXEC constexpr Result<typename PoolGetCachedBlock<S>::Observation> step(const PoolGetCachedBlock<S>&) const {
    return out_of_scope();
  }

  // ---- What can be seen of the state: a view, and the walks the invariants need (spec/invariants.hpp) ----

  KVSPEC_EXEC constexpr View<S> view() const { return make_view<S>(state_); }

  // Whether a list of fixed size had no room; then nothing that was said since means anything.
  KVSPEC_EXEC constexpr bool outgrown() const { return state_.outgrown; }

  KVSPEC_EXEC constexpr Count num_blocks() const { return state_.pool.num_blocks(); }
  KVSPEC_EXEC constexpr Count num_free() const { return state_.pool.num_free(); }
  KVSPEC_EXEC constexpr Count ref_cnt(BlockId b) const { return state_.pool.references(b); }
  KVSPEC_EXEC constexpr Count held(BlockId) const { return 0; }
  KVSPEC_EXEC constexpr bool has_hash(BlockId b) const { return state_.pool.has_hash(b); }
  KVSPEC_EXEC constexpr Prefix hash(BlockId b) const { return state_.pool.hash(b); }
  KVSPEC_EXEC constexpr GroupId group(BlockId b) const { return state_.pool.group(b); }
  KVSPEC_EXEC constexpr std::size_t num_keys() const { return state_.pool.num_keys(); }
  KVSPEC_EXEC constexpr GroupId num_groups() const { return state_.num_groups; }
  KVSPEC_EXEC constexpr const GroupSpec& spec(GroupId g) const { return state_.groups[g].spec; }
  KVSPEC_EXEC constexpr std::int64_t block_size(GroupId g) const { return state_.groups[g].block_size; }
  KVSPEC_EXEC constexpr std::int64_t max_model_len() const { return state_.max_model_len; }
  KVSPEC_EXEC constexpr std::int64_t hash_block_size() const { return state_.hash_block_size; }
  KVSPEC_EXEC constexpr bool caching() const { return state_.caches; }

  template <class F>
  KVSPEC_EXEC constexpr void walk_free(F f) const {
    const BlockWord& queue = state_.pool.queue();
    for (std::uint32_t i = 0; i < queue.size(); ++i) f(queue[i]);
  }
  template <class F>
  KVSPEC_EXEC constexpr void walk_free_backwards(F f) const {
    const BlockWord& queue = state_.pool.queue();
    for (std::uint32_t i = queue.size(); i > 0; --i) f(queue[i - 1]);
  }
  template <class F>
  KVSPEC_EXEC constexpr void walk_index(F f) const {
    const BlockWord& hashed = state_.pool.hashed();
    for (std::uint32_t i = 0; i < hashed.size(); ++i) {
      const BlockId b = hashed[i];
      f(hash(b), group(b), b, state_.pool.is_first_of_key(b));
    }
  }
  template <class F>
  KVSPEC_EXEC constexpr void walk_tables(GroupId g, F f) const {
    for (const Request& request : state_.requests) {
      const Table& table = request.tables[g];
      if (!request.is_live || !table.exists) continue;
      f(request.name(), table.blocks, table.is_known() ? std::optional<Count>(table.cached()) : std::nullopt,
        Count{request.num_tokens});
    }
  }
  template <class F>
  KVSPEC_EXEC constexpr void walk_requests(F f) const {
    for (const Request& request : state_.requests) {
      if (request.is_live) f(request.name(), Count{request.num_tokens}, Count{state_.num_hashes(request)});
    }
  }

 private:
  // [SCOPE-01]
  static KVSPEC_EXEC constexpr Error out_of_scope() { return Error{Clause::scope_01}; }

  KVSPEC_EXEC constexpr Request* find(std::string_view id) {
    for (Request& request : state_.requests) {
      if (request.is_live && request.name() == id) return &request;
    }
    return nullptr;
  }
  KVSPEC_EXEC constexpr Request* unused() {
    for (Request& request : state_.requests) {
      if (!request.is_live) return &request;
    }
    return nullptr;
  }

  KVSPEC_EXEC constexpr std::uint32_t num_tables(GroupId g) const {
    std::uint32_t count = 0;
    for (const Request& request : state_.requests) count += request.is_live && request.tables[g].exists ? 1 : 0;
    return count;
  }

  // Enters the last look-up of a request in the statistics, once. [STAT-01, STAT-03]
  KVSPEC_EXEC constexpr void record(Request& request) {
    Hit& hit = request.hit;
    if (hit.is_recorded || !state_.logs_stats) return;
    hit.is_recorded = true;
    PrefixCacheStats& stats = state_.stats;
    if (hit.is_preempted) {
      stats.preempted_requests += 1;
      stats.preempted_queries += hit.num_queried;
      stats.preempted_hits += hit.num_tokens;
    } else {
      stats.requests += 1;
      stats.queries += hit.num_queried;
      stats.hits += hit.num_tokens;
    }
  }

  State state_{};
};

}  // namespace kvspec::cuda::small
