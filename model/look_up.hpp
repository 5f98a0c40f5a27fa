// Look-up: the longest prefix of a request that every group has cached.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "model/group_kinds.hpp"
#include "model/state.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

// [LOOK-05]
template <class S, class Hashing>
KVSPEC_EXEC constexpr Hit<S> empty_hit(const State<S, Hashing>& state) {
  Hit<S> hit{};
  hit.blocks.resize(state.groups.size());
  return hit;
}

// The groups of one spec: they are looked up together. [LOOK-11]
template <class S>
struct SpecGroup {
  CountList<S> ids{};
  bool is_full = false;
  bool is_verified = false;  // its last block has been dropped at the current length [LOOK-14]
  bool is_looked_up = false;
};
template <class S>
using SpecGroups = typename S::template list<SpecGroup<S>, Bound::groups>;

// In order of first appearance, full attention before the others. [LOOK-11]
template <class S, class Hashing>
KVSPEC_EXEC constexpr SpecGroups<S> spec_groups(const State<S, Hashing>& state) {
  SpecGroups<S> ordered{};
  for (const bool full : {true, false}) {
    const std::size_t first = ordered.size();
    for (const Group<S>& group : state.groups) {
      if (is_full_attention(group.spec.kind) != full) continue;
      std::size_t at = first;
      while (at < ordered.size() && !state.groups[ordered[at].ids[0]].spec.same_spec(group.spec)) ++at;
      if (at == ordered.size()) ordered.push_back(SpecGroup<S>{.ids = {}, .is_full = full});
      ordered[at].ids.push_back(group.id);
    }
  }
  return ordered;
}

// The longest hit of the groups of one spec. [LOOK-03 .. LOOK-10]
template <class S, class Hashing>
KVSPEC_EXEC constexpr BlockTables<S> find_hit_of_spec(const State<S, Hashing>& state, const Request<S>& request,
                                                      const CountList<S>& ids, std::int64_t max_length,
                                                      std::int64_t alignment, bool drop_last) {
  const Group<S>& group = state.groups[ids[0]];
  const HitQuery<S> query{state.config, state.pool, request, ids, group.block_size, max_length, alignment, drop_last};
  return with_rules_of(group.spec.kind, [&](auto rules) { return rules.find_longest_hit(group.spec, query); });
}

// One pass over the spec groups, each of which lowers `length`. [LOOK-12, LOOK-13, LOOK-14]
template <class S, class Hashing>
KVSPEC_EXEC constexpr std::int64_t lower_length(const State<S, Hashing>& state, const Request<S>& request,
                                                SpecGroups<S>& groups, Hit<S>& hit, std::int64_t length) {
  const std::int64_t max_length = std::int64_t{request.num_tokens()} - 1;
  for (SpecGroup<S>& spec_group : groups) {
    const Group<S>& group = state.groups[spec_group.ids[0]];
    if (spec_group.is_full && spec_group.is_looked_up) {
      length = length / group.block_size * group.block_size;
      continue;
    }
    const bool drops = deviations::drops_last_block(state.config, group) && !spec_group.is_verified;
    const std::int64_t reach = drops ? std::min(length + group.block_size, max_length) : length;
    const BlockTables<S> found =
        find_hit_of_spec(state, request, spec_group.ids, reach, state.config.scheduler_block_size, drops);
    const std::int64_t found_length = static_cast<std::int64_t>(found[0].size()) * group.block_size;
    if (drops) {
      spec_group.is_verified = true;
    } else if (found_length < length) {
      for (SpecGroup<S>& other : groups) other.is_verified = false;
    }
    length = found_length;
    spec_group.is_looked_up = true;
    for (std::size_t i = 0; i < spec_group.ids.size(); ++i) hit.blocks[spec_group.ids[i]] = found[i];
  }
  return length;
}

// Several groups agree on one length: it is lowered until no group lowers it further. [LOOK-12, LOOK-15]
template <class S, class Hashing>
KVSPEC_EXEC constexpr Hit<S> find_common_hit(const State<S, Hashing>& state, const Request<S>& request) {
  SpecGroups<S> groups = spec_groups(state);
  const bool one_pass = groups.size() == 2 && groups[0].is_full;
  Hit<S> hit = empty_hit(state);
  std::int64_t length = std::int64_t{request.num_tokens()} - 1;
  while (true) {
    const std::int64_t lowered = lower_length(state, request, groups, hit, length);
    if (lowered >= length) break;
    length = lowered;
    if (one_pass) break;
  }
  hit.num_tokens = static_cast<Count>(length);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!groups[i].is_full || !deviations::cuts_hit(state.config, i == 0)) continue;
    for (GroupId id : groups[i].ids) {
      BlockList<S>& list = hit.blocks[id];
      list.resize(std::min(list.size(), static_cast<std::size_t>(length / state.groups[id].block_size)));
    }
  }
  return hit;
}

// The last token is never part of a hit: it has to be computed. [LOOK-01]
template <class S, class Hashing>
KVSPEC_EXEC constexpr Hit<S> find_longest_hit(const State<S, Hashing>& state, const Request<S>& request) {
  if (state.groups.size() > 1) return find_common_hit(state, request);
  const Group<S>& group = state.groups[0];
  const std::int64_t max_length = std::int64_t{request.num_tokens()} - 1;
  Hit<S> hit{};
  hit.blocks = find_hit_of_spec(state, request, {0}, max_length, group.block_size, group.drops_last_block);
  hit.num_tokens = static_cast<Count>(static_cast<std::int64_t>(hit.blocks[0].size()) * group.block_size);
  return hit;
}

// Enters a look-up in the statistics, once. [STAT-01, STAT-03]
template <class S, class Hashing>
KVSPEC_EXEC constexpr void record_look_up(State<S, Hashing>& state, Hit<S>& hit) {
  if (hit.is_recorded || !state.config.log_stats.value_or(true)) return;
  hit.is_recorded = true;
  PrefixCacheStats& stats = state.stats;
  (hit.is_preempted ? stats.preempted_requests : stats.requests) += 1;
  (hit.is_preempted ? stats.preempted_queries : stats.queries) += hit.num_queried;
  (hit.is_preempted ? stats.preempted_hits : stats.hits) += hit.num_tokens;
}

}  // namespace kvspec::model
