// Look-up: the longest prefix of a request that every group has cached.
#pragma once

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

// The last token is never part of a hit: it has to be computed. [LOOK-01]
template <class S, class Hashing>
KVSPEC_EXEC constexpr Hit<S> find_longest_hit(const State<S, Hashing>& state, const Request<S>& request) {
  const std::int64_t max_length = std::int64_t{request.num_tokens()} - 1;
  const Group<S>& group = state.groups[0];
  const BlockList<S> blocks = with_rules_of(group.spec.kind, [&](auto rules) {
    return rules.find_longest_hit(state.config, state.pool, group, request, max_length);
  });
  Hit<S> hit{};
  hit.blocks.push_back(blocks);
  hit.num_tokens = static_cast<Count>(static_cast<std::int64_t>(blocks.size()) * group.block_size);
  return hit;
}

// [STAT-01, STAT-03]
template <class S, class Hashing>
KVSPEC_EXEC constexpr void record_look_up(State<S, Hashing>& state, Count num_tokens, Count num_hits, bool preempted) {
  if (!state.config.log_stats.value_or(true)) return;
  PrefixCacheStats& stats = state.stats;
  (preempted ? stats.preempted_requests : stats.requests) += 1;
  (preempted ? stats.preempted_queries : stats.queries) += num_tokens;
  (preempted ? stats.preempted_hits : stats.hits) += num_hits;
}

}  // namespace kvspec::model
