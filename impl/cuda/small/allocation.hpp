// Allocation. What a step asks of a group is a length of its table, and what it must take is a difference of lengths,
// so the numbers of all groups are reckoned first and the pool is touched once it is known that they fit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "impl/cuda/small/block_word.hpp"
#include "impl/cuda/small/state.hpp"
#include "impl/cuda/small/tables.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"

namespace kvspec::cuda::small {

// What AllocateSlots says, in tokens. Once it is known not to exceed max_model_len everything is a small number.
struct Step {
  std::int64_t computed = 0;  // before the call
  std::int64_t hit_tokens = 0;
  std::int64_t external = 0;
  std::int64_t fresh = 0;  // new tokens, drafts included
  std::int64_t lookahead = 0;
  bool passes_hit = false;  // the hit of the last look-up, if there is one
  bool delays_caching = false;
  bool must_fit = false;

  KVSPEC_EXEC constexpr std::int64_t ready() const { return computed + hit_tokens + external; }
  KVSPEC_EXEC constexpr std::int64_t end() const { return ready() + fresh; }
};

class Allocator {
 public:
  KVSPEC_EXEC constexpr Allocator(State& state, Request& request, const Step& step)
      : state_(state), request_(request), step_(step) {
    if (step.passes_hit && request.has_hit) hit_ = &request.hit;
    for (GroupId g = 0; g < state.num_groups; ++g) takes_hit_ = takes_hit_ || hit_size(g) > 0;
  }

  // Why the step is refused as wrong. [ALLOC-01 .. ALLOC-06, ALLOC-18, ALLOC-19, CACHE-04]
  KVSPEC_EXEC constexpr Result<Done> check() const {
    if (step_.fresh == 0 && step_.external == 0) return Error{Clause::alloc_01};
    if (step_.end() > state_.max_model_len) return Error{Clause::alloc_06, step_.end()};
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      if (step_.computed > std::int64_t{table(g).blocks.size()} * group(g).block_size) {
        return Error{Clause::alloc_05, step_.computed};
      }
    }
    if (step_.hit_tokens != (hit_ == nullptr ? 0 : hit_->num_tokens)) {
      return Error{Clause::alloc_02, step_.hit_tokens};
    }
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      const std::uint32_t held = table(g).blocks.size();
      const bool known = table(g).is_known();
      if (hit_size(g) > 0 && (held > 0 || known)) return Error{Clause::alloc_03, held};
      if (step_.external > 0 && held > 0 && !known) return Error{Clause::alloc_03, held};
    }
    if (const std::optional<BlockId> stale = first_stale()) return Error{Clause::alloc_04, *stale};
    if (step_.must_fit && state_.is_sound) {  // [DEV-09]
      std::int64_t required = 0;
      for (GroupId g = 0; g < state_.num_groups; ++g) required += required_blocks(g, whole(), group(g).cap);
      if (required >= state_.pool.num_blocks()) return Error{Clause::alloc_19, required};
    }
    if (const std::optional<BlockId> hashed = first_hashed()) return Error{Clause::cache_04, *hashed};
    if (!state_.is_sound && fails_halfway()) return Error{Clause::alloc_18, step_.end()};
    return Done{};
  }

  // Precondition: check() finds nothing. False if there are too few free blocks; then blocks of skipped tokens have
  // been freed if the gate was passed. Otherwise added(g) is what group g was given. [ALLOC-07 .. ALLOC-14]
  KVSPEC_EXEC constexpr bool perform() {
    if (!passes_gate()) return false;
    remove_skipped(state_, request_, step_.ready());
    if (!fits(slots(), step_.end(), false)) return false;
    if (takes_hit_ || step_.external > 0) take_computed();
    for (GroupId g = 0; g < state_.num_groups; ++g) added_[g] = grow(g);
    if (state_.caches && !step_.delays_caching) {
      cache_up_to(state_, request_, std::min<std::int64_t>(step_.end(), request_.num_tokens));
    }
    return true;
  }

  KVSPEC_EXEC constexpr const BlockWord& added(GroupId g) const { return added_[g]; }

 private:
  KVSPEC_EXEC constexpr const Group& group(GroupId g) const { return state_.groups[g]; }
  KVSPEC_EXEC constexpr Table& table(GroupId g) const { return request_.tables[g]; }
  KVSPEC_EXEC constexpr std::uint32_t hit_size(GroupId g) const { return hit_ == nullptr ? 0 : hit_->blocks[g].size(); }
  KVSPEC_EXEC constexpr std::int64_t whole() const {
    return std::min<std::int64_t>(request_.num_tokens, state_.max_model_len);
  }
  KVSPEC_EXEC constexpr std::int64_t slots() const {
    return std::min<std::int64_t>(step_.end() + step_.lookahead, state_.max_model_len);
  }

  KVSPEC_EXEC constexpr std::optional<BlockId> first_stale() const {
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      for (std::uint32_t i = 0; i < hit_size(g); ++i) {
        const BlockId b = hit_->blocks[g][i];
        if (b == null_block) continue;
        const bool still = state_.pool.has_hash(b) && state_.pool.group(b) == g &&
                           state_.pool.hash(b) == state_.block_hash(request_, group(g), i);
        if (!still) return b;
      }
    }
    return {};
  }

  // A block that would be cached and has a hash: one that a caller cached as a draft's, and that moves to the place of
  // the running state, now or in an earlier step. [CACHE-04]
  KVSPEC_EXEC constexpr std::optional<BlockId> first_hashed() const {
    if (!state_.caches || step_.delays_caching) return {};
    const std::int64_t tokens = std::min<std::int64_t>(step_.end(), request_.num_tokens);
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      const std::int64_t full = full_places(state_, group(g), tokens);
      if (group(g).rule != Rule::aligned || full <= table(g).cached() || !may_move_hashed(g)) continue;
      const std::int64_t certain = std::max<std::int64_t>(step_.ready() - group(g).speculative, 0);
      const std::int64_t required = group(g).length_for(step_.end());
      Table later = table(g);
      (void)take_skipped(state_, later, group(g), certain);
      if (!state_.is_sound) (void)take_last_state(later, group(g), certain);
      if (required > later.blocks.size()) lay_out(group(g), later, static_cast<std::uint32_t>(required));
      if (const auto hashed = first_hashed_again(state_, request_, group(g), later, full)) return hashed;
    }
    return {};
  }
  // Whether a block has a hash that is not cached at its place, or that can move from it.
  KVSPEC_EXEC constexpr bool may_move_hashed(GroupId g) const {
    const Table& of = table(g);
    const std::int64_t unmoved = std::max<std::int64_t>(std::int64_t{of.blocks.size()} - group(g).speculative, 0);
    for (std::int64_t i = std::min<std::int64_t>(of.cached(), unmoved); i < of.blocks.size(); ++i) {
      const BlockId b = of.blocks[static_cast<std::uint32_t>(i)];
      if (b != null_block && state_.pool.has_hash(b)) return true;
    }
    return false;
  }

  // ---- What is needed ----

  // Blocks the table must have, `cap` at most. [ALLOC-08, MAMBA-03]
  KVSPEC_EXEC constexpr std::int64_t required_blocks(GroupId g, std::int64_t slots, std::int64_t cap) const {
    if (group(g).rule == Rule::aligned) return 1 + group(g).speculative;
    return std::min(group(g).length_for(slots), cap);
  }

  // Blocks of the hit from place `first` on that are in the free queue: taking them leaves fewer for others.
  KVSPEC_EXEC constexpr std::int64_t free_hits(GroupId g, std::int64_t first) const {
    std::int64_t count = 0;
    for (std::uint32_t i = static_cast<std::uint32_t>(std::max<std::int64_t>(first, 0)); i < hit_size(g); ++i) {
      const BlockId b = hit_->blocks[g][i];
      if (b != null_block && state_.pool.references(b) == 0) ++count;
    }
    return count;
  }

  // Blocks to take from the queue. [ALLOC-08, MAMBA-02, MAMBA-04]
  KVSPEC_EXEC constexpr std::int64_t need(GroupId g, std::int64_t slots, std::int64_t main_tokens, std::int64_t cap) {
    if (group(g).is_state() && waits_for_state(g)) return state_.pool.num_blocks() + 1;
    if (group(g).rule == Rule::aligned) return need_aligned(g, main_tokens);
    const std::int64_t held = table(g).blocks.size();
    const std::int64_t required = required_blocks(g, slots, cap);
    if (table(g).is_known()) return std::max<std::int64_t>(required - held, 0);
    const std::int64_t skipped = group(g).skipped_blocks(step_.ready());
    return std::max<std::int64_t>(required - std::max(skipped, hit_size(g) + held), 0) + free_hits(g, skipped - held);
  }

  // A state that was cached in this step is not computed yet. [MAMBA-02]
  KVSPEC_EXEC constexpr bool waits_for_state(GroupId g) const {
    if (hit_size(g) == 0) return false;
    const BlockId b = hit_->blocks[g][hit_size(g) - 1];
    return state_.is_step_key(state_.pool.hash(b), state_.pool.group(b));
  }

  KVSPEC_EXEC constexpr std::int64_t need_aligned(GroupId g, std::int64_t main_tokens) {
    const Group& of = group(g);
    if (!state_.is_sound) table(g).exists = true;  // [DEV-06]
    const std::int64_t most = table(g).has_state ? 1 : 1 + of.speculative;
    const std::int64_t hits = hit_size(g);
    const bool loads = state_.is_sound && step_.external > 0 && !table(g).is_known();  // [DEV-13]
    const std::int64_t skipped = loads ? of.skipped_blocks(step_.ready()) : 0;
    const std::int64_t length =
        loads ? blocks_for(step_.ready(), of.block_size) : hits + std::int64_t{table(g).blocks.size()};
    const std::int64_t loaded = loads ? length - std::max(skipped, hits) : 0;
    std::int64_t missing = of.length_for(main_tokens) - length;
    if (missing > 0) missing = state_.is_sound ? std::min(missing, most) : most;
    if (missing < 0 && state_.is_sound) missing = 0;  // [DEV-03]
    return loaded + missing + free_hits(g, skipped);
  }

  KVSPEC_EXEC constexpr bool fits(std::int64_t slots, std::int64_t main_tokens, bool gate) {
    std::int64_t needed = 0;
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      needed += need(g, slots, main_tokens, gate ? group(g).cap : no_cap);
    }
    return needed <= state_.pool.num_free();
  }

  // [ALLOC-07]
  KVSPEC_EXEC constexpr bool passes_gate() { return !step_.must_fit || fits(whole(), whole(), true); }

  // Recorded: an allocation that is not refused fails if an aligned table would have to shrink, or if more blocks are
  // taken than are free, which only external tokens of an aligned group can bring about. It is tried on a copy.
  // [ALLOC-18, DEV-03, DEV-13]
  KVSPEC_EXEC constexpr bool fails_halfway() const {
    bool shrinks = false;
    bool may_lack = false;
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      if (group(g).rule != Rule::aligned) continue;
      shrinks = shrinks || group(g).length_for(step_.end()) < table(g).blocks.size();
      may_lack = may_lack || (step_.external > 0 && !table(g).is_known());
    }
    if (!shrinks && !may_lack) return false;
    State copy = state_;
    Allocator later(copy, copy.requests[&request_ - state_.requests], step_);
    if (!later.passes_gate()) return false;
    remove_skipped(copy, later.request_, step_.ready());
    if (!later.fits(slots(), step_.end(), false)) return false;
    if (shrinks) return true;
    copy.is_sound = true;
    return !later.fits(slots(), step_.end(), false);
  }

  // ---- What is taken ----

  // Hits of all groups come before external tokens of any, so that none is evicted. Recorded: group by group.
  // [ALLOC-10, ALLOC-11, DEV-01]
  KVSPEC_EXEC constexpr void take_computed() {
    std::uint32_t unknown = 0;
    for (GroupId g = 0; g < state_.num_groups; ++g) unknown |= table(g).is_known() ? 0U : 1U << g;
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      if ((unknown >> g & 1U) == 0) continue;
      take_hit(g);
      if (!state_.is_sound) load_external(g);
    }
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      if ((unknown >> g & 1U) != 0 && state_.is_sound) load_external(g);
    }
  }

  KVSPEC_EXEC constexpr void take_hit(GroupId g) {
    Table& of = table(g);
    const std::uint32_t skipped = static_cast<std::uint32_t>(group(g).skipped_blocks(step_.ready()));
    of.exists = true;
    of.blocks.resize(skipped);
    for (std::uint32_t i = skipped; i < hit_size(g); ++i) {
      state_.pool.touch(hit_->blocks[g][i]);
      of.blocks.push_back(hit_->blocks[g][i]);
    }
    of.num_cached = static_cast<std::int8_t>(of.blocks.size());
  }

  KVSPEC_EXEC constexpr void load_external(GroupId g) {
    const std::int64_t ready = step_.ready();
    const bool all_skipped = group(g).skipped_blocks(ready) > 0 && group(g).skipped_tokens(ready) == ready;
    if (step_.external > 0 && !all_skipped) extend(g, blocks_for(ready, group(g).block_size));
  }

  // [ALLOC-12, MAMBA-01]
  KVSPEC_EXEC constexpr BlockWord grow(GroupId g) {
    if (group(g).rule == Rule::aligned) return grow_aligned(g);
    return extend(g, group(g).length_for(slots()));
  }

  // The answer is the table from where it ended before. [MAMBA-05, MAMBA-06]
  KVSPEC_EXEC constexpr BlockWord grow_aligned(GroupId g) {
    const std::uint32_t required = static_cast<std::uint32_t>(group(g).length_for(step_.end()));
    Table& of = table(g);
    of.exists = true;
    const std::uint32_t before = of.blocks.size();
    if (required <= before) return {};
    lay_out(group(g), of, required);
    extend(g, required);
    of.has_state = true;
    BlockWord answer = of.blocks;
    answer.drop_front(before);
    return answer;
  }

  // Lengthens a table with new blocks; returns them. [ALLOC-15]
  KVSPEC_EXEC constexpr BlockWord extend(GroupId g, std::int64_t length) {
    Table& of = table(g);
    of.exists = true;
    const std::int64_t missing = std::min<std::int64_t>(length - of.blocks.size(), state_.pool.num_free());
    if (missing <= 0) return {};
    const BlockWord taken = state_.pool.take(static_cast<std::uint32_t>(missing));
    of.blocks.append(taken);
    if (group(g).rule != Rule::keeps_all) return taken;
    BlockWord& listed = state_.groups[g].new_ids;
    if (listed.size() + taken.size() > word_places) {
      state_.outgrown = true;
    } else {
      listed.append(taken);
    }
    return taken;
  }

  State& state_;
  Request& request_;
  const Step& step_;
  const Hit* hit_ = nullptr;
  bool takes_hit_ = false;
  BlockWord added_[most_groups]{};
};

}  // namespace kvspec::cuda::small
