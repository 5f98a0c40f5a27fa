// The deviations: where `sound` corrects what the recorded system does. Each is a clause and a function here, which has
// both behaviours side by side or, where they lie too far apart, says which of the two holds; no other file of the
// model asks which semantics holds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/block_pool.hpp"
#include "model/group.hpp"
#include "model/request.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model::deviations {

// DEV-01: all groups take their hits before any group allocates for external tokens, so that no group evicts a hit of
// another. Recorded: each group does both before the next group's turn. `take` and `load` do one group's share.
template <class S, class Groups, class Take, class Load>
KVSPEC_EXEC constexpr void take_hits_and_load(const Config<S>& config, Groups& groups, Take take, Load load) {
  for (auto& group : groups) {
    take(group);
    if (!config.is_sound()) load(group);
  }
  for (auto& group : groups) {
    if (config.is_sound()) load(group);
  }
}

// DEV-02: a state-space group looks no further than the current length, because it cannot give back the last block.
// Recorded: it does, and raises the length above what the other groups have.
template <class S>
KVSPEC_EXEC constexpr bool drops_last_block(const Config<S>& config, const Group<S>& group) {
  return group.drops_last_block && !(config.is_sound() && group.spec.kind == GroupKind::mamba);
}

// DEV-03: when there are fewer drafts than before, an aligned state-space group needs no block, `missing` being below
// zero. Recorded: a negative number of blocks, which the needs of other groups are reduced by.
template <class S>
KVSPEC_EXEC constexpr std::int64_t aligned_need(const Config<S>& config, std::int64_t missing, std::int64_t most) {
  if (config.is_sound()) return std::clamp<std::int64_t>(missing, 0, most);
  return missing > 0 ? most : missing;
}

// DEV-13: the need of an aligned state-space group counts the block that external tokens are given, and does not count
// a hit that they make superfluous. Recorded: it knows nothing of external tokens.
template <class S>
KVSPEC_EXEC constexpr bool reckons_with_external(const Config<S>& config) {
  return config.is_sound();
}

// DEV-03, DEV-13: an allocation does what its need was reckoned for. Recorded: it fails if a table would have to
// shrink, or if more blocks are taken than are free. [ALLOC-18]
template <class S>
KVSPEC_EXEC constexpr bool can_fail(const Config<S>& config) {
  return !config.is_sound();
}

// DEV-03, DEV-13: under either semantics an allocation takes as many blocks as the need of the sound one says, so that
// asking for that need tells whether an allocation whose recorded need is met runs out halfway. [ALLOC-18]
template <class S>
KVSPEC_EXEC constexpr void reckon_with_what_is_taken(Config<S>& config) {
  config.semantics = Semantics::sound;
}

// DEV-04: blocks that appended tokens fill are hashed with every multimodal item they overlap. Recorded: with the last
// item only. [HASH-08]
template <class S>
KVSPEC_EXEC constexpr std::size_t first_item(const Config<S>& config, const Request<S>& request) {
  if (config.is_sound() || request.digests.empty() || request.items.empty()) return 0;
  return request.items.size() - 1;
}

// DEV-05: a LoRA name and a cache salt are told apart by a tag, so that one never passes for the other. Recorded: both
// are bare texts. [HASH-06]
template <class S>
KVSPEC_EXEC constexpr ExtraKey<S> named_key(const Config<S>& config, ExtraKeyKind kind, const Text<S>& text) {
  return ExtraKey<S>{.kind = config.is_sound() ? kind : ExtraKeyKind::text, .text = text};
}

// DEV-06: asking about a request gives it no table. Recorded: it gets an empty one, which counts as a table from then
// on. [FREE-06]
template <class S>
KVSPEC_EXEC constexpr void ask_for_table(const Config<S>& config, Group<S>& group, const RequestId<S>& req) {
  if (!config.is_sound()) group.at(req);
}

// DEV-07: every full attention group's hit is cut to the common length. Recorded: only those of the first spec.
template <class S>
KVSPEC_EXEC constexpr bool cuts_hit(const Config<S>& config, bool is_first_spec) {
  return config.is_sound() || is_first_spec;
}

// DEV-08: a hit in a sliding window of 1 needs one cached block, as every hit does. Recorded: it needs none, so, unless
// it is an EAGLE group, none is ever cached and the whole configuration never hits.
template <class S>
KVSPEC_EXEC constexpr std::int64_t run_in_window(const Config<S>& config, std::int64_t blocks) {
  return config.is_sound() ? std::max<std::int64_t>(blocks, 1) : blocks;
}

// DEV-09: a request whose whole sequence exceeds the pool is rejected. Recorded: it is refused for ever. [ALLOC-19]
template <class S>
KVSPEC_EXEC constexpr bool rejects_oversized(const Config<S>& config) {
  return config.is_sound();
}

// DEV-10: a block that becomes free leaves the list of new blocks. Recorded: it stays until the list is drained, which
// may be never. [ALLOC-15]
template <class S>
KVSPEC_EXEC constexpr void forget_freed(const Config<S>& config, const BlockPool<S>& pool, Group<S>& group) {
  if (!config.is_sound()) return;
  BlockList<S> kept{};
  for (BlockId b : group.new_block_ids) {
    if (pool.blocks[b].ref_cnt > 0) kept.push_back(b);
  }
  group.new_block_ids = kept;
}

// DEV-12: a BlockStored has the tokens of its own blocks and there is one per run of stored blocks. Recorded: there is
// one per caching call, with the tokens of the whole range, masked and null blocks included. [EVENT-01, EVENT-02]
template <class S>
KVSPEC_EXEC constexpr bool announces_whole_range(const Config<S>& config) {
  return !config.is_sound();
}

// DEV-11: a look-up enters the statistics when its request is admitted. Recorded: at once, also if the request is then
// refused and looks up again. [STAT-01]
template <class S>
KVSPEC_EXEC constexpr bool records_at_look_up(const Config<S>& config) {
  return !config.is_sound();
}

// DEV-14: every skipped block is freed. Recorded: only those behind the last null block. Of the states that an aligned
// state-space group has left behind null blocks, the last is freed apart and others are kept until the request ends.
template <class S>
KVSPEC_EXEC constexpr bool stops_at_null_block(const Config<S>& config) {
  return !config.is_sound();
}

}  // namespace kvspec::model::deviations
