// The preconditions of allocate_slots, in the order of spec/system.hpp.
#include <algorithm>

#include "impl/host/groups/kinds.hpp"
#include "impl/host/manager.hpp"

namespace kvspec::host {

std::span<const BlockId> Manager::passed_hit(const Request& request, const Allocation& allocation, GroupId g) const {
  if (!allocation.takes_hit) return {};
  return request.hit[g];
}

std::optional<Error> Manager::check(const Request& request, const AllocateSlots<Growing>& command,
                                    Allocation& allocation) const {
  const std::int64_t computed_before = command.req_num_computed_tokens;
  const std::int64_t hit_tokens = command.num_new_computed_tokens;
  const std::int64_t external = command.num_external_computed_tokens;
  const std::int64_t new_tokens = command.num_new_tokens;
  const auto follows_request = [](const Group& group) {
    return visit_kind(group, []<class Kind>(Kind) { return Kind::follows_request; });
  };

  if (new_tokens == 0 && external == 0) return Error{Clause::alloc_01};
  const std::int64_t confirmed = computed_before + hit_tokens + external + new_tokens;
  if (confirmed > config_.max_model_len) return Error{Clause::alloc_06, confirmed};
  for (const Group& group : groups_) {
    const bool lies_in_blocks = computed_before <= size_of(request.tables[group.id].blocks) * group.block_size;
    if (!lies_in_blocks && follows_request(group)) return Error{Clause::alloc_05, computed_before};
  }
  allocation.takes_hit = command.new_computed_blocks == PassedHit::computed && request.has_hit;  // [LOOK-05]
  allocation.caches = config_.enable_caching && !command.delay_cache_blocks;
  allocation.demand = {.computed = computed_before + hit_tokens + external,
                       .confirmed = confirmed,
                       .slots = std::min(confirmed + command.num_lookahead_tokens, config_.max_model_len),
                       .encoder = command.num_encoder_tokens,
                       .external = external > 0};
  const std::int64_t whole = std::min(static_cast<std::int64_t>(request.tokens.size()), config_.max_model_len);
  allocation.whole = allocation.demand;
  allocation.whole.confirmed = allocation.whole.slots = whole;

  if (hit_tokens != (allocation.takes_hit ? request.hit_tokens : 0)) return Error{Clause::alloc_02, hit_tokens};
  for (const Group& group : groups_) {
    const BlockTable& table = request.tables[group.id];
    const bool has_head = !table.blocks.empty();
    const bool takes_hit = !passed_hit(request, allocation, group.id).empty();
    const bool barred = (takes_hit && (has_head || table.cached)) || (external > 0 && has_head && !table.cached);
    if (barred && follows_request(group)) return Error{Clause::alloc_03, size_of(table.blocks)};
  }
  if (const std::optional<Error> error = check_hit(request, allocation)) return error;
  if (command.full_sequence_must_fit) {
    if (const std::optional<Error> error = check_can_ever_fit(allocation)) return error;
  }
  return check_uncached(request, allocation);
}

// [ALLOC-04]
std::optional<Error> Manager::check_hit(const Request& request, const Allocation& allocation) const {
  for (const Group& group : groups_) {
    const std::span<const BlockId> hit = passed_hit(request, allocation, group.id);
    for (std::size_t i = 0; i < hit.size(); ++i) {
      if (hit[i] != null_block && !pool_.index().holds({key_digests(request, group, i), group.id}, hit[i])) {
        return Error{Clause::alloc_04, hit[i]};
      }
    }
  }
  return std::nullopt;
}

// [ALLOC-19]
std::optional<Error> Manager::check_can_ever_fit(const Allocation& allocation) const {
  if (deviations_.what_never_fits_is_refused) return std::nullopt;
  std::int64_t required = 0;
  for (const Group& group : groups_) {
    const std::int64_t share =
        visit_kind(group, [&]<class Kind>(Kind) { return Kind::required_at_once(group, allocation.whole); });
    required += std::min(share, group.admission_cap);
  }
  if (required <= config_.num_blocks - 1) return std::nullopt;
  return Error{Clause::alloc_19, required};
}

// Blocks that the allocation adds have no hash; those the request already has and will cache must have none. [CACHE-04]
//
// A hash there is rare: a caller at pool level has given it, or one that cached a draft, whose block is then moved
// behind what is cached. Then the table is made as it will be when caching begins, without the blocks that are skipped
// by then.
std::optional<Error> Manager::check_uncached(const Request& request, const Allocation& allocation) const {
  if (!allocation.caches) return std::nullopt;
  const std::int64_t num_tokens =
      std::min(allocation.demand.confirmed, static_cast<std::int64_t>(request.tokens.size()));
  for (const Group& group : groups_) {
    const BlockTable& table = request.tables[group.id];
    if (num_tokens < caches_at(group, table)) continue;
    const std::size_t first = table.cached.value_or(0);
    const auto has_hash = [&](BlockId b) { return pool_.index().has_hash(b); };
    const std::int64_t unmoved = std::max<std::int64_t>(size_of(table.blocks) - group.num_speculative, 0);
    const std::int64_t from = std::min(static_cast<std::int64_t>(first), unmoved);
    if (std::none_of(table.blocks.begin() + from, table.blocks.end(), has_hash)) continue;
    BlockTable later = table;
    visit_kind(group, [&]<class Kind>(Kind) {
      if constexpr (!Kind::skips) return;
      const SkippedBlocks skipped = Kind::skipped(group, later, allocation.demand.computed, deviations_);
      skipped.each_place([&](std::size_t i) { later.blocks[i] = null_block; });
      if constexpr (Kind::aligns_states) Kind::lay_out(group, later, Kind::required(group, allocation.demand));
    });
    if (const auto b = first_hashed(request, group, later.blocks, first, num_tokens)) {
      return Error{Clause::cache_04, *b};
    }
  }
  return std::nullopt;
}

// What the recorded system does not survive in an allocation that it does not refuse: an aligned state-space group
// whose table would have to become shorter, or one that was not charged for the block it loads a state into. [ALLOC-18]
std::optional<Error> Manager::check_survives(const Request& request, const Allocation& allocation,
                                             std::int64_t need) const {
  if (!deviations_.needs_can_be_negative && !deviations_.loaded_states_are_not_needed) return std::nullopt;
  bool shortens = false;
  bool loads_state = false;
  for (const Group& group : groups_) {
    visit_kind(group, [&]<class Kind>(Kind) {
      if constexpr (!Kind::aligns_states) return;
      const BlockTable& table = request.tables[group.id];
      shortens = shortens || (deviations_.needs_can_be_negative &&
                              Kind::required(group, allocation.demand) < size_of(table.blocks));
      loads_state = loads_state || (allocation.demand.external && !table.cached);
    });
  }
  if (!shortens && !loads_state) return std::nullopt;
  const std::int64_t free_later =
      static_cast<std::int64_t>(pool_.num_free()) + freed_by_skipping(request, allocation.demand.computed);
  if (need > free_later) return std::nullopt;
  const bool runs_out = loads_state && needed(request, allocation, allocation.demand, false, Deviations{}) > free_later;
  if (!shortens && !runs_out) return std::nullopt;
  return Error{Clause::alloc_18, allocation.demand.confirmed};
}

}  // namespace kvspec::host
