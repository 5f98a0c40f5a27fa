#include "fuzz/watch/watch.hpp"

#include <algorithm>
#include <type_traits>

#include "fuzz/watch/accounts.hpp"
#include "fuzz/watch/allocations.hpp"
#include "fuzz/watch/content_oracle.hpp"
#include "fuzz/watch/event_mirror.hpp"
#include "fuzz/watch/group_facts.hpp"
#include "fuzz/watch/hits.hpp"
#include "fuzz/watch/story.hpp"

namespace kvspec::fuzz {

using S = Growing;

class Watch::Observers {
 public:
  Observers(const Config<S>& config, PageObserver* pages)
      : config_(config),
        groups_(facts_of_groups(config_)),
        stories_(config_),
        oracle_(config_, groups_, stories_.hashes(), pages),
        hits_(config_, groups_),
        allocations_(config_, groups_),
        events_(config_, groups_),
        statistics_(config_),
        num_free_(static_cast<Count>(config_.num_blocks - 1)) {}

  template <class C>
  Finding observe(const Inspected& system, const C& command, const Result<typename C::Observation>& result) {
    Finding found = result ? see(system, command, result.value()) : see_error(command, result.error());
    constexpr bool repeats = std::is_same_v<C, GetComputedBlocks<S>> || std::is_same_v<C, AllocateSlots<S>>;
    if (!repeats) repetition_.forget();
    if (!found) found = holdings_.is_all_given_back(system, stories_);
    num_free_ = system.num_free();
    return found;
  }

 private:
  template <class C>
  Finding see_error(const C&, Error) {
    return {};
  }
  Finding see_error(const AllocateSlots<S>& command, Error error) {
    const RequestStory* request = stories_.find(command.req);
    return request == nullptr ? Finding{} : allocations_.failed(*request, error);
  }

  // Commands that tell nothing beyond what all of them do.
  template <class C>
  Finding see(const Inspected&, const C&, const typename C::Observation&) {
    return {};
  }

  Finding see(const Inspected&, const AddRequest<S>& command, const AddRequest<S>::Observation& seen) {
    return stories_.begin(command, seen);
  }

  Finding see(const Inspected&, const AppendTokens<S>& command, const AppendTokens<S>::Observation& seen) {
    RequestStory* request = stories_.find(command.req);
    return request == nullptr ? Finding{} : stories_.extend(*request, command, seen);
  }

  Finding see(const Inspected& system, const GetComputedBlocks<S>& command,
              const GetComputedBlocks<S>::Observation& seen) {
    RequestStory* request = stories_.find(command.req);
    if (request == nullptr) return {};
    const Finding changed = repetition_.looked_up(command, seen, request->hit);
    stories_.looked_up(*request, command, seen);
    if (changed) return changed;
    if (Finding found = misses_after_reset(system, seen)) return found;
    if (Finding found = hits_.is_supported(system, *request, seen)) return found;
    if (Finding found = oracle_.readable(*request, seen)) return found;
    return request->reads_cache ? hits_.is_complete(system, stories_, *request, seen) : Finding{};
  }

  Finding see(const Inspected& system, const AllocateSlots<S>& command, const AllocateSlots<S>::Observation& seen) {
    RequestStory* request = stories_.find(command.req);
    if (request == nullptr) return {};
    system.read_tables(command.req, after_);
    Demand demand = allocations_.demand_of(*request, command, num_free_);
    demand.may_wait = may_wait(demand);
    if (command.req_num_computed_tokens > request->end) request->overclaims = true;
    oracle_.claimed(*request, command.req_num_computed_tokens);
    if (!seen.result) return refused(system, *request, demand, seen);

    Finding found = repetition_.granted(command, seen);
    if (!found) found = allocations_.granted(system, *request, demand, after_);
    if (!found && demand.hit != nullptr) found = oracle_.resumes(*request, *demand.hit);
    statistics_.admitted(*request);
    if (!found) found = take_slots(system, *request, demand);
    return found;
  }

  Finding see(const Inspected& system, const CacheBlocks<S>& command, const Done&) {
    RequestStory* request = stories_.find(command.req);
    if (request == nullptr || !config_.enable_caching || request->tables.empty()) return {};
    oracle_.claimed(*request, command.num_computed_tokens);
    if (command.num_computed_tokens > request->end) request->overclaims = true;
    before_cached_.clear();
    for (const GroupFacts& group : groups_) before_cached_.push_back(cached_count(*request, group));
    system.read_tables(command.req, request->tables);
    was_cached(system, *request, std::min(command.num_computed_tokens, request->num_tokens()));
    return {};
  }

  Finding see(const Inspected&, const Free<S>& command, const Free<S>::Observation&) {
    if (RequestStory* request = stories_.find(command.req)) stories_.freed(*request);
    if (command.drop) stories_.drop(command.req);
    return {};
  }

  Finding see(const Inspected& system, const RemoveSkippedBlocks<S>& command, const Free<S>::Observation&) {
    RequestStory* request = stories_.find(command.req);
    if (request == nullptr || request->tables.empty()) return {};
    oracle_.claimed(*request, command.total_computed_tokens);
    if (command.total_computed_tokens > request->end) request->overclaims = true;
    request->furthest = std::max<std::int64_t>(request->furthest, command.total_computed_tokens);
    system.read_tables(command.req, request->tables);
    return {};
  }

  Finding see(const Inspected& system, const ResetPrefixCache<S>&, const ResetPrefixCache<S>::Observation& seen) {
    return seen.result ? is_reset(system) : Finding{};
  }

  Finding see(const Inspected&, const NewStepStarts<S>&, const Done&) {
    oracle_.step_starts();
    cached_in_step_ = false;
    return {};
  }

  Finding see(const Inspected&, const TakeNewBlockIds<S>&, const TakeNewBlockIds<S>::Observation& seen) {
    return holdings_.has_no_new_blocks(seen.result, stories_);
  }

  Finding see(const Inspected& system, const TakeEvents<S>&, const TakeEvents<S>::Observation& seen) {
    return events_.took(system, seen.events, stories_.hashes());
  }

  Finding see(const Inspected&, const TakeStats<S>&, const PrefixCacheStats& seen) { return statistics_.took(seen); }

  Finding see(const Inspected&, const PoolGetNewBlocks<S>&, const PoolGetNewBlocks<S>::Observation& seen) {
    // No group has them.
    for (const BlockId b : seen.blocks) oracle_.taken(b, static_cast<GroupId>(groups_.size()));
    holdings_.took(seen.blocks.size());
    return {};
  }

  Finding see(const Inspected&, const PoolTouch<S>& command, const Done&) {
    holdings_.took(num_real(command.block_ids));
    return {};
  }

  Finding see(const Inspected&, const PoolFreeBlocks<S>& command, const Free<S>::Observation&) {
    holdings_.gave(num_real(command.block_ids));
    return {};
  }

  Finding see(const Inspected&, const PoolCacheFullBlocks<S>& command, const Done&) {
    const std::size_t end = std::min<std::size_t>(command.num_full_blocks, command.block_ids.size());
    for (std::size_t i = command.num_cached_blocks; i < end; ++i) oracle_.vouched(command.block_ids[i]);
    return {};
  }

  static std::size_t num_real(const BlockList<S>& blocks) {
    return static_cast<std::size_t>(std::ranges::count_if(blocks, [](BlockId b) { return b != null_block; }));
  }

  static Count cached_count(const RequestStory& request, const GroupFacts& group) {
    return group.id < request.tables.size() ? request.tables[group.id].cached.value_or(0) : 0;
  }

  // [MAMBA-02]
  bool may_wait(const Demand& demand) const {
    return cached_in_step_ && std::ranges::any_of(groups_, [&](const GroupFacts& group) {
             return group.is_state() && demand.num_hits(group.id) > 0;
           });
  }

  Finding refused(const Inspected& system, RequestStory& request, const Demand& demand,
                  const AllocateSlots<S>::Observation& seen) {
    Finding found = repetition_.refused(*demand.command, seen);
    if (!found) found = allocations_.refused(system, request, demand, after_);
    if (request.has_slots) {
      request.furthest = std::max(request.furthest, demand.computed);
      std::swap(request.tables, after_);
    }
    return found;
  }

  // The allocation was granted: the tables become those of now, and what they hold is what the step writes.
  Finding take_slots(const Inspected& system, RequestStory& request, const Demand& demand) {
    const bool is_new = !request.has_slots;
    stories_.given_slots(request);
    request.has_state.resize(groups_.size());
    before_cached_.clear();
    for (const GroupFacts& group : groups_) take_table(request, group, demand);
    std::swap(request.tables, after_);
    const std::int64_t local =
        std::int64_t{demand.command->req_num_computed_tokens} + demand.command->num_new_computed_tokens;
    if (is_new) {
      hits_.admitted(request, demand.hit);
      request.written = local;
    }
    oracle_.written(request, local, demand.computed);
    // A load alone reads nothing yet, but what was hit has to be there.
    const std::int64_t read_to = demand.command->num_new_tokens > 0 ? demand.computed : local;
    Finding found = oracle_.read(request, read_to, std::max(request.furthest, demand.computed));
    oracle_.written(request, demand.computed, demand.end);

    const std::int64_t known = std::min<std::int64_t>(demand.end, request.num_tokens());
    request.written = std::max(request.written, known);
    request.furthest = std::max(request.furthest, demand.computed);
    request.end = demand.end;
    request.guesses = demand.end > known || std::ranges::any_of(groups_, [&](const GroupFacts& group) {
                        const std::int64_t length = static_cast<std::int64_t>(request.tables[group.id].blocks.size());
                        return group.is_aligned_state() && length > Allocations::aligned_length(group, demand.end);
                      });
    const std::int64_t max_batched = config_.max_num_batched_tokens.value_or(config_.max_model_len);
    if (demand.command->num_new_tokens > max_batched) request.exceeds_budget = true;
    if (config_.enable_caching && !demand.command->delay_cache_blocks) was_cached(system, request, known);
    return found;
  }

  // What changes in one table: which blocks come from the pool, and from where on blocks may have been cached.
  void take_table(RequestStory& request, const GroupFacts& group, const Demand& demand) {
    static const std::vector<BlockId> none;
    const bool has_old = group.id < request.tables.size();
    const std::vector<BlockId>& old = has_old ? request.tables[group.id].blocks : none;
    const std::vector<BlockId>& now = after_[group.id].blocks;
    const std::size_t num_hits = demand.num_hits(group.id);
    for (std::size_t i = 0; i < now.size(); ++i) {
      const bool is_hit = i < num_hits && demand.hit->blocks[group.id][i] == now[i];
      const bool is_kept = i < old.size() && old[i] == now[i];
      if (now[i] == null_block || is_hit || is_kept) continue;
      oracle_.taken(now[i], group.id);
      // A caller that says it has computed what no step was for has speculative blocks cached, which then move on.
      if (request.overclaims && group.is_aligned_state()) oracle_.vouched(now[i]);
    }
    const bool was_known = has_old && request.tables[group.id].cached;
    const std::int64_t length = allocations_.length_with_computed(group, request, demand);
    if (was_known) {
      before_cached_.push_back(*request.tables[group.id].cached);
    } else {
      const std::int64_t taken = std::max(group.skipped_blocks(demand.computed), static_cast<std::int64_t>(num_hits));
      before_cached_.push_back(demand.takes_computed() ? static_cast<Count>(taken) : 0);
    }
    if (group.is_aligned_state() && Allocations::aligned_length(group, demand.end) > length) {
      request.has_state[group.id] = true;
    }
  }

  // The request was cached up to that many tokens; before_cached_ is what it was cached up to before, in blocks.
  void was_cached(const Inspected& system, RequestStory& request, std::int64_t num_tokens) {
    for (const GroupFacts& group : groups_) {
      const std::int64_t from = before_cached_[group.id];
      const std::int64_t to = cached_count(request, group);
      if (to <= from) continue;
      oracle_.cached(group, request.tables[group.id], from, to);
      if (group.is_state()) cached_in_step_ = true;
      hits_.cached(system, request, group, from, to);
    }
    request.cached_tokens = std::max(request.cached_tokens, num_tokens);
  }

  Config<S> config_;
  std::vector<GroupFacts> groups_;
  Stories stories_;
  ContentOracle oracle_;
  Hits hits_;
  Allocations allocations_;
  EventMirror events_;
  Statistics statistics_;
  Holdings holdings_;
  Repetition repetition_;
  Count num_free_;                    // after the last command
  bool cached_in_step_ = false;       // blocks of a state-space group, since the step started
  std::vector<TableSeen> after_;      // scratch
  std::vector<Count> before_cached_;  // scratch, per group
};

Watch::Watch(const Config<S>& config, PageObserver* pages) : observers_(std::make_unique<Observers>(config, pages)) {}
Watch::Watch(Watch&&) noexcept = default;
Watch& Watch::operator=(Watch&&) noexcept = default;
Watch::~Watch() = default;

template <class C>
Finding Watch::observe(const Inspected& system, const C& command, const Result<typename C::Observation>& result) {
  return observers_->observe(system, command, result);
}

#define KVSPEC_OBSERVE(C) \
  template Finding Watch::observe(const Inspected&, const C<S>&, const Result<C<S>::Observation>&)
KVSPEC_OBSERVE(AddRequest);
KVSPEC_OBSERVE(AppendTokens);
KVSPEC_OBSERVE(GetComputedBlocks);
KVSPEC_OBSERVE(AllocateSlots);
KVSPEC_OBSERVE(CacheBlocks);
KVSPEC_OBSERVE(Free);
KVSPEC_OBSERVE(RemoveSkippedBlocks);
KVSPEC_OBSERVE(EvictBlocks);
KVSPEC_OBSERVE(ResetPrefixCache);
KVSPEC_OBSERVE(NewStepStarts);
KVSPEC_OBSERVE(TakeNewBlockIds);
KVSPEC_OBSERVE(TakeEvents);
KVSPEC_OBSERVE(GetNumCommonPrefixBlocks);
KVSPEC_OBSERVE(GetBlockIds);
KVSPEC_OBSERVE(TakeStats);
KVSPEC_OBSERVE(DumpState);
KVSPEC_OBSERVE(PoolGetNewBlocks);
KVSPEC_OBSERVE(PoolTouch);
KVSPEC_OBSERVE(PoolFreeBlocks);
KVSPEC_OBSERVE(PoolCacheFullBlocks);
KVSPEC_OBSERVE(PoolGetCachedBlock);
#undef KVSPEC_OBSERVE

}  // namespace kvspec::fuzz
