// The optimised implementation: kvspec::System for any groups of any kind.
//
// step(command) checks the command's preconditions in the order spec/system.hpp gives, and only then changes anything.
// Time per command is linear in the blocks and tokens it names and independent of the pool and of the other requests;
// DumpState and view() walk everything.
//
// What is different from one kind of group to the next is in groups/; the .cpp files beside this one have the
// commands, a few each. Where the recorded semantics differ from the sound ones, deviations.hpp says how.
//
// Memory beside the requests: 61 bytes per block if blocks span one hash block (links 8, reference count 4, index 49),
// handed over by the operating system as it is touched; 8 more for a block that shares its key, 8 while it is listed as
// new, 4 more once pool-level commands hold blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "impl/host/block_pool.hpp"
#include "impl/host/deviations.hpp"
#include "impl/host/groups/demand.hpp"
#include "impl/host/groups/group.hpp"
#include "impl/host/hashing.hpp"
#include "impl/host/request_table.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/dump.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

class Manager {
 public:
  template <class T>
  using Answer = Result<typename T::Observation>;

  // Of no use but to be assigned to.
  Manager() = default;
  Manager(Manager&&) = default;
  Manager& operator=(Manager&&) = default;

  // A manager whose blocks are all free, or the clause the configuration breaks. [CONF-*]
  static Result<Manager> create(const Config<Growing>& config);
  // The same with these deviations, whatever the semantics of the configuration: a system with some of the defects.
  static Result<Manager> create(const Config<Growing>& config, std::span<const Clause> deviations);

  const Config<Growing>& config() const { return config_; }

  // Requests
  Answer<AddRequest<Growing>> step(const AddRequest<Growing>& command);
  Answer<AppendTokens<Growing>> step(const AppendTokens<Growing>& command);
  // Look-up, allocation, caching, freeing
  Answer<GetComputedBlocks<Growing>> step(const GetComputedBlocks<Growing>& command);
  Answer<AllocateSlots<Growing>> step(const AllocateSlots<Growing>& command);
  Answer<CacheBlocks<Growing>> step(const CacheBlocks<Growing>& command);
  Answer<Free<Growing>> step(const Free<Growing>& command);
  Answer<RemoveSkippedBlocks<Growing>> step(const RemoveSkippedBlocks<Growing>& command);
  Answer<EvictBlocks<Growing>> step(const EvictBlocks<Growing>& command);
  Answer<ResetPrefixCache<Growing>> step(const ResetPrefixCache<Growing>& command);
  Answer<NewStepStarts<Growing>> step(const NewStepStarts<Growing>& command);
  // What a server reads
  Answer<TakeNewBlockIds<Growing>> step(const TakeNewBlockIds<Growing>& command);
  Answer<TakeEvents<Growing>> step(const TakeEvents<Growing>& command);
  Answer<GetNumCommonPrefixBlocks<Growing>> step(const GetNumCommonPrefixBlocks<Growing>& command);
  Answer<GetBlockIds<Growing>> step(const GetBlockIds<Growing>& command);
  Answer<TakeStats<Growing>> step(const TakeStats<Growing>& command);
  Answer<DumpState<Growing>> step(const DumpState<Growing>& command);
  // Pool level
  Answer<PoolGetNewBlocks<Growing>> step(const PoolGetNewBlocks<Growing>& command);
  Answer<PoolTouch<Growing>> step(const PoolTouch<Growing>& command);
  Answer<PoolFreeBlocks<Growing>> step(const PoolFreeBlocks<Growing>& command);
  Answer<PoolCacheFullBlocks<Growing>> step(const PoolCacheFullBlocks<Growing>& command);
  Answer<PoolGetCachedBlock<Growing>> step(const PoolGetCachedBlock<Growing>& command);

  View<Growing> view() const;

  // For an engine that keeps a request's handle and wants nothing copied out: allocate_slots, whose `req` is not read.
  // The answer is whether the slots were granted; the blocks added are the last ones of table(request, group).
  std::optional<RequestHandle> find_request(std::string_view req) const { return requests_.find(req); }
  Result<bool> allocate(RequestHandle request, const AllocateSlots<Growing>& command) {
    return allocate(requests_[request], command);
  }
  std::span<const BlockId> table(RequestHandle request, GroupId group) const {
    return requests_[request].tables[group].blocks;
  }

  // For a copy of the index elsewhere; see HashIndex::Changes.
  void follow_index() { pool_.follow_index(); }
  HashIndex::Changes take_index_changes() { return pool_.take_index_changes(); }
  const HashIndex& index() const { return pool_.index(); }
  // What the hashes and hits of a request follow from.
  const Request& request(RequestHandle request) const { return requests_[request]; }

  // Inspection, as spec/invariants.hpp wants it.
  Count num_blocks() const { return static_cast<Count>(pool_.num_blocks()); }
  Count num_free() const { return static_cast<Count>(pool_.num_free()); }
  Count ref_cnt(BlockId b) const { return pool_.ref_cnt(b); }
  Count held(BlockId b) const { return total_held_ == 0 ? 0 : held_[b]; }
  bool has_hash(BlockId b) const { return pool_.index().has_hash(b); }
  HashBytes hash(BlockId b) const { return bytes_of(pool_.index().digests(b)); }
  GroupId group(BlockId b) const { return pool_.index().group(b); }
  Count num_keys() const { return static_cast<Count>(pool_.index().num_keys()); }
  Count num_groups() const { return static_cast<Count>(groups_.size()); }
  const GroupSpec& spec(GroupId g) const { return groups_[g].spec; }
  std::int64_t block_size(GroupId g) const { return groups_[g].block_size; }
  std::int64_t max_model_len() const { return config_.max_model_len; }
  std::int64_t hash_block_size() const { return config_.hash_block_size; }
  bool caching() const { return config_.enable_caching; }

  // A broken queue may be endless; a walk stops after num_blocks() + 1 blocks, which is enough to tell.
  template <class F>
  void walk_free(F&& f) const {
    BlockId b = pool_.free_list().next(null_block);
    for (Count i = 0; b != null_block && i <= num_blocks(); ++i, b = pool_.free_list().next(b)) f(b);
  }
  template <class F>
  void walk_free_backwards(F&& f) const {
    BlockId b = pool_.free_list().prev(null_block);
    for (Count i = 0; b != null_block && i <= num_blocks(); ++i, b = pool_.free_list().prev(b)) f(b);
  }
  template <class F>
  void walk_index(F&& f) const {
    pool_.index().walk([&](std::span<const Hash256> digests, GroupId g, BlockId b, bool first_of_key) {
      f(bytes_of(digests), g, b, first_of_key);
    });
  }
  template <class F>
  void walk_tables(GroupId g, F&& f) const {
    requests_.each([&](const Request& request) {
      const BlockTable& table = request.tables[g];
      if (!table.exists) return;
      f(std::string_view(request.id), table.blocks, table.cached, static_cast<Count>(request.tokens.size()));
    });
  }
  template <class F>
  void walk_requests(F&& f) const {
    requests_.each([&](const Request& request) {
      f(std::string_view(request.id), static_cast<Count>(request.tokens.size()),
        static_cast<Count>(request.digests.size()));
    });
  }

 private:
  // An allocation whose preconditions hold.
  struct Allocation {
    Demand demand{};
    Demand whole{};  // of the whole sequence, for the gate [ALLOC-07]
    bool takes_hit = false;
    bool caches = false;
  };
  // Groups of equal specs, which are looked up together. [LOOK-11]
  struct SpecGroup {
    std::vector<GroupId> members{};
    bool is_full = false;
    bool looks_beyond = false;  // the common length by the block it drops [LOOK-14]
    bool is_verified = false;   // while a look-up runs [LOOK-14]
  };

  Manager(const Config<Growing>& config, const Deviations& deviations);
  Group group_of(const GroupSpec& spec) const;
  std::vector<SpecGroup> spec_groups() const;

  Request* find(std::string_view id);
  std::span<const BlockId> passed_hit(const Request& request, const Allocation& allocation, GroupId g) const;
  std::span<const Hash256> key_digests(const Request& request, const Group& group, std::size_t block) const;
  HashBytes bytes_of(std::span<const Hash256> digests) const { return {digests, hasher_.digest_size()}; }
  void make_table(Group& group, BlockTable& table);
  void ask_for_table(Group& group, BlockTable& table);

  // requests.cpp
  std::optional<Error> check(const AddRequest<Growing>& command) const;
  void extend_digests(Request& request);

  // look_up.cpp
  std::int64_t find_longest_hit(Request& request);
  std::int64_t find_common_hit(Request& request, std::int64_t longest);
  std::size_t find_hit(Request& request, const SpecGroup& spec, std::int64_t max_tokens, bool drops_last,
                       std::int64_t alignment);
  void cut_full_attention(Request& request, std::int64_t length);
  void count_look_up(Request& request);

  // allocate.cpp
  bool is_quiet(const Request& request, const AllocateSlots<Growing>& command) const;
  void note_quiet_range(Request& request);
  Result<bool> allocate(Request& request, const AllocateSlots<Growing>& command);
  std::int64_t needed(const Request& request, const Allocation& allocation, const Demand& demand, bool gate,
                      const Deviations& deviations) const;
  void ask_about_states(Request& request, const Allocation& allocation);
  bool waits_for_state(const Request& request, const Allocation& allocation, const Group& group) const;
  void take_heads(Request& request, const Allocation& allocation);
  void take_hit(Request& request, const Allocation& allocation, Group& group);
  void load_external(Request& request, const Allocation& allocation, Group& group);

  // allocate_checks.cpp
  std::optional<Error> check(const Request& request, const AllocateSlots<Growing>& command,
                             Allocation& allocation) const;
  std::optional<Error> check_hit(const Request& request, const Allocation& allocation) const;
  std::optional<Error> check_can_ever_fit(const Allocation& allocation) const;
  std::optional<Error> check_uncached(const Request& request, const Allocation& allocation) const;
  std::optional<Error> check_survives(const Request& request, const Allocation& allocation, std::int64_t need) const;

  // release.cpp
  void remove_skipped(Request& request, std::int64_t computed);
  std::int64_t freed_by_skipping(const Request& request, std::int64_t computed) const;

  // caching.cpp
  std::int64_t cacheable(const Group& group, std::int64_t num_tokens) const;
  std::int64_t caches_at(const Group& group, const BlockTable& table) const;
  std::optional<BlockId> first_hashed(const Request& request, const Group& group, std::span<const BlockId> table,
                                      std::size_t first, std::int64_t num_tokens) const;
  void cache(Request& request, Group& group, std::int64_t num_tokens);

  // A range of a request's blocks that is to be cached in a group.
  struct CacheRange {
    GroupId group = 0;
    std::int64_t block_size = 1;
    std::size_t digests_per_block = 1;
    std::size_t first = 0;
    std::size_t last = 0;  // one past
  };
  // `blocks` are those of the range; null blocks are passed over.
  void cache_range(const Request& request, std::span<const BlockId> blocks, const CacheRange& range);
  void log_call(const Request& request, std::span<const BlockId> blocks, const CacheRange& range);
  void log_stored(const Request& request, std::span<const BlockId> blocks, const CacheRange& range);

  // pool_commands.cpp
  std::optional<Error> out_of_pool(std::span<const BlockId> blocks) const;
  std::optional<Error> check(const Request& request, const PoolCacheFullBlocks<Growing>& command,
                             const CacheRange& range);
  void hold(std::span<const BlockId> blocks);

  // view.cpp
  StateDump<Growing> dump(std::span<const Request* const> requests) const;
  GroupDump<Growing> dump(const Group& group, std::span<const Request* const> requests) const;
  void dump_states(const Group& group, std::span<const Request* const> requests, GroupDump<Growing>& dump) const;
  std::vector<const Request*> requests_by_id() const;

  Config<Growing> config_{};
  Deviations deviations_{};
  BlockHasher hasher_{};
  BlockKeys scratch_keys_{};
  std::vector<BlockId> scratch_blocks_{};
  RequestTable requests_{};
  BlockPool pool_{};
  std::vector<Group> groups_{};
  std::vector<SpecGroup> specs_{};  // in the order of a look-up
  ZeroedArray<Count> held_{};       // per block, by pool-level commands [POOL-08]
  std::uint64_t total_held_ = 0;    // the sum of held_
  PrefixCacheStats stats_{};
};

}  // namespace kvspec::host
