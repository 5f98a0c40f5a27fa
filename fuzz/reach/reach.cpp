#include "fuzz/reach/reach.hpp"

#include <algorithm>
#include <utility>

namespace kvspec::fuzz {

namespace {

// Goals that need a copy of the model are looked for until they have been seen this often.
constexpr std::uint64_t often_enough = 8;

}  // namespace

bool Reach::wanted(Goal goal) const { return reached_->count(goal) < often_enough; }

void Reach::remember(const Model& model) {
  look(model);
  std::swap(before_, now_);
  popped_ = 0;
  stored_before_ = model.state().pool.events.size();
}

void Reach::look(const Model& model) {
  const model::BlockPool<S>& pool = model.state().pool;
  now_.blocks.assign(pool.blocks.size(), {});
  for (std::size_t b = 0; b < pool.blocks.size(); ++b) now_.blocks[b].ref_cnt = pool.blocks[b].ref_cnt;
  now_.queue.assign(pool.free_queue.begin(), pool.free_queue.end());
  for (std::size_t i = 0; i < now_.queue.size(); ++i) {
    now_.blocks[now_.queue[i]].place = static_cast<std::uint32_t>(i + 1);
  }
  for (const model::IndexEntry<S>& entry : pool.index.entries) {
    for (std::size_t i = 0; i < entry.blocks.size(); ++i) {
      BlockSeen& block = now_.blocks[entry.blocks[i]];
      block.rank = static_cast<std::uint32_t>(i + 1);
      block.of_key = static_cast<std::uint32_t>(entry.blocks.size());
      block.group = entry.key.group;
    }
  }
}

void Reach::see_error(const Error& error) {
  enter(Goal::hit_stale, error.clause == Clause::alloc_04);
  enter(Goal::oversized, error.clause == Clause::alloc_19);
}

// ---- Allocation ----

void Reach::see(const Model& model, const AllocateSlots<S>& c, const AllocateSlots<S>::Observation& seen) {
  see_skipped(model);
  if (seen.result) {
    see_grant(model, c, *seen.result);
  } else {
    see_refusal(model, c);
  }
}

void Reach::see_refusal(const Model& model, const AllocateSlots<S>& c) {
  enter(Goal::refused, !c.full_sequence_must_fit);
  const auto freed = [&](BlockId b) { return is_added(b); };
  enter(Goal::refused_after_freeing, std::ranges::any_of(now_.queue, freed));
  if (c.full_sequence_must_fit && wanted(Goal::gate_refuses)) {
    Model without_gate = model;
    AllocateSlots<S> again = c;
    again.full_sequence_must_fit = false;
    const auto answer = without_gate.step(again);
    enter(Goal::gate_refuses, answer && answer.value().result);
  }
  const auto has_cached = [](const model::Group<S>& group) { return !group.cached_this_step.empty(); };
  if (wanted(Goal::waits_for_state) && std::ranges::any_of(model.state().groups, has_cached)) {
    Model next_step = model;
    (void)next_step.step(NewStepStarts<S>{});
    const auto answer = next_step.step(c);
    enter(Goal::waits_for_state, answer && answer.value().result);
  }
}

void Reach::see_grant(const Model& model, const AllocateSlots<S>& c, const BlockTables<S>& added) {
  enter(Goal::gate_passes, c.full_sequence_must_fit);
  enter(Goal::last_free_block, now_.queue.empty() && !before_.queue.empty());
  const model::State<S, model::ExactHashing>& state = model.state();
  const model::Request<S>* request = state.find(c.req);
  const bool takes_hit = c.new_computed_blocks == PassedHit::computed && request->hit;
  std::size_t popped = 0;
  for (const model::Group<S>& group : state.groups) {
    const model::BlockTable<S>* table = group.find(c.req);
    if (table == nullptr) continue;
    const BlockList<S>& new_blocks = added[group.id];
    popped += new_blocks.size();
    enter(Goal::encoder_blocks, group.spec.kind == GroupKind::cross && !new_blocks.empty());
    const auto was_used = [&](BlockId b) { return b != null_block && before_.blocks[b].ref_cnt > 0; };
    enter(Goal::speculative_moved,
          group.spec.mamba_cache_mode == MambaCacheMode::align && std::ranges::any_of(new_blocks, was_used));
    if (takes_hit) see_taken_hit(group, *table, request->hit->blocks[group.id]);
    if (c.num_external_computed_tokens > 0) see_external(group, *table, c);
    if (!is_sliding_window(group.spec.kind)) continue;
    const std::size_t cached = std::min<std::size_t>(table->num_cached.value_or(0), table->blocks.size());
    enter(Goal::cached_masked, std::any_of(table->blocks.begin(), table->blocks.begin() + static_cast<long>(cached),
                                           [&](BlockId b) { return b != null_block && now_.blocks[b].rank == 0; }));
  }
  see_popped(popped);
}

void Reach::see_taken_hit(const model::Group<S>& group, const model::BlockTable<S>& table, const BlockList<S>& hit) {
  bool skips = false;
  for (std::size_t i = 0; i < hit.size() && i < table.blocks.size(); ++i) {
    const BlockId b = hit[i];
    if (b == null_block) continue;
    if (table.blocks[i] != b) {
      skips = true;
      continue;
    }
    const BlockSeen& was = before_.blocks[b];
    enter(Goal::hit_of_free_block, was.ref_cnt == 0);
    enter(Goal::hit_of_used_block, was.ref_cnt > 0 && now_.blocks[b].ref_cnt > was.ref_cnt);
    see_touched(b);
  }
  enter(Goal::hit_skipped_at_once, skips && group.spec.kind != GroupKind::mamba);
}

void Reach::see_external(const model::Group<S>& group, const model::BlockTable<S>& table, const AllocateSlots<S>& c) {
  if (group.spec.kind == GroupKind::cross) return;
  const std::int64_t local = std::int64_t{c.req_num_computed_tokens} + c.num_new_computed_tokens;
  const std::int64_t end = local + c.num_external_computed_tokens;
  bool any = false;
  for (std::int64_t i = local / group.block_size; i < model::cdiv(end, group.block_size); ++i) {
    any = any || table.blocks[static_cast<std::size_t>(i)] != null_block;
  }
  enter(Goal::external_blocks, any);
  enter(Goal::external_skipped, !any);
}

// ---- Freeing and the pool ----

// What a step no longer reads went back to the queue.
void Reach::see_skipped(const Model& model) {
  const model::State<S, model::ExactHashing>& state = model.state();
  if (is_added_behind()) enter(Goal::skipped_cached, now_.blocks[now_.queue.back()].rank != 0);
  if (is_added_in_front()) enter(Goal::skipped_uncached, now_.blocks[now_.queue.front()].rank == 0);
  const bool is_state = state.groups.size() == 1 && state.groups[0].spec.kind == GroupKind::mamba;
  enter(Goal::state_freed, is_state && (is_added_behind() || is_added_in_front()));
}

void Reach::see(const Model& model, const RemoveSkippedBlocks<S>&, const Free<S>::Observation&) { see_skipped(model); }

void Reach::see(const Model& model, const Free<S>&, const Free<S>::Observation&) {
  enter(Goal::freed_both_ends, !before_.queue.empty() && is_added_in_front() && is_added_behind());
  const auto is_kept = [&](std::size_t b) {
    return now_.blocks[b].ref_cnt > 0 && now_.blocks[b].ref_cnt < before_.blocks[b].ref_cnt;
  };
  for (std::size_t b = 1; b < now_.blocks.size(); ++b) {
    if (!is_kept(b)) continue;
    enter(Goal::freed_shared, true);
    break;
  }
  const bool appends = !model.state().groups.empty() && !is_sliding_window(model.state().groups[0].spec.kind);
  enter(Goal::queue_appended_to_empty, appends && before_.queue.empty() && !now_.queue.empty());
}

void Reach::see(const Model&, const PoolFreeBlocks<S>& c, const Free<S>::Observation&) {
  const bool fills = before_.queue.empty() && !now_.queue.empty();
  enter(Goal::queue_prepended_to_empty, fills && c.prepend);
  enter(Goal::queue_appended_to_empty, fills && !c.prepend);
}

void Reach::see(const Model&, const PoolGetNewBlocks<S>&, const PoolGetNewBlocks<S>::Observation& seen) {
  see_popped(seen.blocks.size());
}

void Reach::see(const Model&, const PoolTouch<S>& c, const Done&) {
  for (const BlockId b : c.block_ids) see_touched(b);
}

void Reach::see_touched(BlockId b) {
  const std::size_t place = before_.blocks[b].place;
  if (place == 0) return;
  const std::size_t size = before_.queue.size();
  enter(Goal::queue_removed_only, size == 1);
  enter(Goal::queue_removed_head, size > 1 && place == 1);
  enter(Goal::queue_removed_tail, size > 1 && place == size);
  enter(Goal::queue_removed_middle, 1 < place && place < size);
}

void Reach::see_popped(std::size_t blocks) {
  popped_ += blocks;
  enter(Goal::queue_turned_over, popped_ >= now_.blocks.size());
}

void Reach::see_queue() {
  enter(Goal::queue_emptied, !before_.queue.empty() && now_.queue.empty());
  if (before_.queue.empty()) return;
  enter(Goal::queue_prepended, is_added_in_front());
  enter(Goal::queue_appended, is_added_behind());
}

// ---- Hashes ----

void Reach::see_hashes(const Model& model) {
  const model::State<S, model::ExactHashing>& state = model.state();
  for (std::size_t b = 0; b < now_.blocks.size(); ++b) {
    const BlockSeen& was = before_.blocks[b];
    const BlockSeen& is = now_.blocks[b];
    if (was.rank == 0 && is.rank != 0) {
      const bool is_known = is.group < state.groups.size();
      enter(Goal::cached_duplicate, is.rank > 1);
      enter(Goal::cached_unknown_group, !is_known);
      enter(Goal::cached_for_replay,
            state.config.retention_interval == 0 && is_known && is_sliding_window(state.groups[is.group].spec.kind));
    } else if (was.rank != 0 && is.rank == 0) {
      enter(Goal::evicted_for_reuse, was.ref_cnt == 0 && is.ref_cnt > 0);
      enter(Goal::evicted_first_duplicate, was.rank == 1 && was.of_key > 1);
      enter(Goal::evicted_later_duplicate, was.rank > 1);
    }
  }
  // The events that this command added: it is one caching call for each group.
  const EventList<S>& events = state.pool.events;
  std::vector<std::size_t> runs(state.groups.size());
  for (std::size_t i = stored_before_; i < events.size(); ++i) {
    const auto* stored = std::get_if<BlockStored<S>>(&events[i]);
    if (stored == nullptr || stored->group_idx >= runs.size()) continue;
    enter(Goal::event_run_parted, ++runs[stored->group_idx] == 2);
  }
  stored_before_ = events.size();
}

void Reach::see(const Model& model, const CacheBlocks<S>&, const Done&) {
  (void)model;
  const auto is_cached = [&](std::size_t b) { return before_.blocks[b].rank == 0 && now_.blocks[b].rank != 0; };
  for (std::size_t b = 0; b < now_.blocks.size(); ++b) {
    if (!is_cached(b)) continue;
    enter(Goal::caching_delayed, true);
    return;
  }
}

void Reach::see(const Model&, const EvictBlocks<S>& c, const Done&) {
  for (const BlockId b : c.block_ids) {
    enter(Goal::evicted_by_id, before_.blocks[b].rank != 0 && now_.blocks[b].rank == 0 && now_.blocks[b].ref_cnt > 0);
  }
}

void Reach::see(const Model&, const ResetPrefixCache<S>&, const ResetPrefixCache<S>::Observation& seen) {
  const auto had_hash = [](const BlockSeen& block) { return block.rank != 0; };
  enter(Goal::reset_refused, !seen.result);
  enter(Goal::reset, seen.result && std::ranges::any_of(before_.blocks, had_hash));
  // Nothing was evicted in the sense of EVENT-04.
  if (seen.result) before_ = now_;
}

// ---- What a server reads ----

void Reach::see(const Model&, const TakeEvents<S>&, const TakeEvents<S>::Observation& seen) {
  for (const Event<S>& event : seen.events) {
    const auto* stored = std::get_if<BlockStored<S>>(&event);
    if (stored == nullptr || stored->block_hashes.empty()) continue;
    enter(Goal::event_as_bytes, !stored->block_hashes.front().is_integer);
    if (!stored->extra_keys) continue;
    for (const ExtraKeys<S>& keys : *stored->extra_keys) {
      const auto is_item = [](const ExtraKey<S>& key) { return key.kind == ExtraKeyKind::item; };
      enter(Goal::items_in_block, std::ranges::count_if(keys, is_item) > 1);
    }
  }
}

void Reach::see(const Model& model, const GetNumCommonPrefixBlocks<S>&,
                const GetNumCommonPrefixBlocks<S>::Observation& seen) {
  const auto& groups = model.state().groups;
  for (std::size_t g = 0; g < seen.result.size(); ++g) {
    enter(Goal::common_prefix, seen.result[g] > 0 && groups[g].tables.size() > 1);
  }
}

void Reach::see(const Model&, const TakeStats<S>&, const PrefixCacheStats& seen) {
  enter(Goal::preempted_counted, seen.preempted_requests > 0);
}

}  // namespace kvspec::fuzz
