// What a look-up went through. The steps of the common length are not in its answer, so they are made once more with
// the model's own functions: a look-up changes nothing that they read. [LOOK-06]
#include <algorithm>

#include "fuzz/reach/reach.hpp"
#include "model/look_up.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;

bool is_null(BlockId b) { return b == null_block; }

// The goal of a hit in a group of the mode.
Goal hit_in_state_space(MambaCacheMode mode) {
  switch (mode) {
    case MambaCacheMode::none:
      return Goal::hit_mamba_none;
    case MambaCacheMode::align:
      return Goal::hit_mamba_align;
    case MambaCacheMode::all:
      break;
  }
  return Goal::hit_mamba_all;
}

}  // namespace

void Reach::see(const Model& model, const GetComputedBlocks<S>& c, const GetComputedBlocks<S>::Observation& seen) {
  const model::State<S, model::ExactHashing>& state = model.state();
  const model::Request<S>& request = *state.find(c.req);
  if (!state.config.enable_caching) return;
  if (request.skips_lookup) {
    for (const model::Group<S>& group : state.groups) {
      if (request.num_tokens() <= group.block_size) continue;
      const BlockHash<S> hash = model::block_hash(state.config, request, 0, group.block_size);
      enter(Goal::look_up_not_read, state.pool.index.first({hash, group.id}).has_value());
    }
    return;
  }
  for (const model::Group<S>& group : state.groups) see_hit_of_group(model, group, seen.blocks[group.id]);
  if (state.groups.size() > 1) see_agreement(model, request);
  if (state.groups.size() != 1 || !state.groups[0].drops_last_block) return;
  // What the group would have found had it not dropped anything.
  const model::Group<S>& group = state.groups[0];
  const std::int64_t reach = std::int64_t{request.num_tokens()} - 1;
  const auto whole = model::find_hit_of_spec(state, request, {0}, reach, group.block_size, false);
  enter(Goal::hit_drops_last, whole[0].size() > seen.blocks[0].size());
}

void Reach::see_hit_of_group(const Model& model, const model::Group<S>& group, const BlockList<S>& hit) {
  if (hit.empty()) return;
  const bool is_behind_null = is_null(hit.front());
  const bool has_block = !is_null(hit.back());
  for (const BlockId b : hit) enter(Goal::hit_of_duplicate, !is_null(b) && before_.blocks[b].of_key > 1);
  enter(Goal::hit_of_wide_blocks, has_block && group.block_size > model.state().config.hash_block_size);
  switch (group.spec.kind) {
    case GroupKind::full:
      return enter(Goal::hit_full, true);
    case GroupKind::mla:
      return enter(Goal::hit_mla, true);
    case GroupKind::swa:
    case GroupKind::swa_mla: {
      const bool is_mla = group.spec.kind == GroupKind::swa_mla;
      enter(is_mla ? Goal::hit_window_mla : Goal::hit_window, is_behind_null);
      const std::int64_t run = model::cdiv(*group.spec.sliding_window - 1, group.block_size);
      return enter(Goal::hit_window_left_end, !is_behind_null && static_cast<std::int64_t>(hit.size()) < run);
    }
    case GroupKind::chunked:
      return enter(has_block ? Goal::hit_chunked : Goal::hit_chunked_null, true);
    case GroupKind::mamba:
      return enter(hit_in_state_space(*group.spec.mamba_cache_mode), has_block);
    case GroupKind::cross:
      return;
  }
}

void Reach::see_agreement(const Model& model, const model::Request<S>& request) {
  const model::State<S, model::ExactHashing>& state = model.state();
  model::SpecGroups<S> specs = model::spec_groups(state);
  model::Hit<S> hit = model::empty_hit(state);
  const bool one_turn = specs.size() == 2 && specs[0].is_full;
  std::int64_t length = std::int64_t{request.num_tokens()} - 1;
  std::int64_t first_length = length;
  int turns = 0;
  while (true) {
    const std::int64_t lowered = model::lower_length(state, request, specs, hit, length);
    if (++turns == 1) first_length = lowered;
    for (const model::SpecGroup<S>& spec : specs) {
      const bool drops = model::deviations::drops_last_block(state.config, state.groups[spec.ids[0]]);
      enter(Goal::spec_drops_once, drops && spec.is_verified && lowered > 0);
      enter(Goal::spec_drops_again, drops && !spec.is_verified && lowered > 0 && lowered < length && !one_turn);
    }
    if (lowered >= length) break;
    length = lowered;
    if (one_turn) break;
  }
  enter(Goal::specs_in_one_turn, one_turn && length > 0);
  enter(Goal::specs_agree_at_once, !one_turn && length > 0 && length == first_length);
  enter(Goal::specs_lowered_again, length > 0 && length < first_length);
  enter(Goal::full_not_repeated, turns > 1 && specs[0].is_full && length > 0);
  for (const model::SpecGroup<S>& spec : specs) {
    if (!spec.is_full) continue;
    const std::size_t blocks = static_cast<std::size_t>(length / state.groups[spec.ids[0]].block_size);
    enter(Goal::full_cut_to_common, hit.blocks[spec.ids[0]].size() > blocks);
  }
}

}  // namespace kvspec::fuzz
