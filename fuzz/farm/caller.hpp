// The caller of one run: a scheduler small enough for a thread. It keeps what a caller owes (docs/specification.md,
// *Invariants*): it computes what it says, once per step and within the budget, loads only tokens that the request has,
// passes a hit at once. It sees answers only.
//
// A run goes beat by beat. What is done at a beat (a step begins, somebody is given slots, ...) is drawn once for all
// runs of a setting, so that the threads of a warp walk the same code; for which request and with which numbers, each
// run draws for itself. A run that has nothing of the sort to do sits the beat out.
#pragma once

#include <algorithm>
#include <cstdint>

#include "fuzz/farm/action.hpp"
#include "fuzz/farm/coverage.hpp"
#include "fuzz/farm/draw.hpp"
#include "fuzz/farm/setting.hpp"
#include "fuzz/farm/storage.hpp"
#include "spec/commands.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"

namespace kvspec::fuzz::farm {

enum class Beat : std::uint8_t { new_step, add, allocate, append, release, query, disturb, err };

// What the runs of a setting do at a beat.
KVSPEC_EXEC constexpr Beat beat_of(const Habits& habits, std::uint64_t seed, std::uint32_t setting,
                                   std::uint64_t beat) {
  Draw draw(seed ^ 0xbea7U, setting, beat);
  if (draw.below(habits.beats_per_step) == 0) return Beat::new_step;
  const std::uint32_t which = draw.below(64);
  if (which < 8) return Beat::add;
  if (which < 39) return Beat::allocate;
  if (which < 50) return Beat::append;
  if (which < 58) return Beat::release;
  if (which < 61) return Beat::query;
  return habits.errs && which == 63 ? Beat::err : Beat::disturb;
}

class Caller {
 public:
  KVSPEC_EXEC constexpr explicit Caller(const Habits& habits, std::uint64_t text_seed)
      : habits_(habits), text_seed_(text_seed), budget_(habits.budget) {}

  // The command of this beat; after(it) may follow.
  KVSPEC_EXEC constexpr Action next(Beat beat, Draw& draw, Draw& shared) {
    switch (beat) {
      case Beat::new_step:
        budget_ = habits_.budget;
        for (Slot& slot : slots_) slot.is_scheduled = false;
        return {.op = Op::new_step};
      case Beat::add:
        return add(draw);
      case Beat::allocate:
        return allocate(draw);
      case Beat::append:
        return append(draw);
      case Beat::release:
        return release(draw);
      case Beat::query:
        return query(draw, shared);
      case Beat::disturb:
        return disturb(draw, shared);
      case Beat::err:
        break;
    }
    return err(draw);
  }

  // What follows at once: a hit is passed, and who starts a step reads which blocks the last one made new.
  KVSPEC_EXEC constexpr Action after(const Action& action, Count hit_tokens, Draw& draw) const {
    if (action.op == Op::look_up) return allocation(action.slot, hit_tokens, draw);
    if (action.op == Op::new_step && habits_.drains) return {.op = Op::take_new_block_ids};
    return {};
  }
  // ---- What came of it ----

  template <class S>
  KVSPEC_EXEC constexpr void saw(const Action& action, const Result<typename AllocateSlots<S>::Observation>& result,
                                 Coverage& coverage) {
    Slot& slot = slots_[action.slot];
    if (!result) {
      // A request that never fits is given up; so is one that the recorded system fails on.
      slot.is_hopeless = true;
      if (result.error().clause == Clause::alloc_18) coverage.meet(Met::halfway);
      return;
    }
    slot.is_scheduled = true;
    if (!result.value().result) {
      coverage.meet(Met::refusals);
      is_starved_ = true;
      return;
    }
    coverage.meet(Met::allocations);
    if (action.external > 0) coverage.meet(Met::external_loads);
    const std::uint32_t end = action.computed + action.hit_tokens + action.external + action.fresh;
    slot.drafts = static_cast<std::uint8_t>(end > slot.num_tokens ? end - slot.num_tokens : 0);
    coverage.meet(Met::drafts, slot.drafts);
    slot.computed = static_cast<std::uint8_t>(std::min<std::uint32_t>(end, slot.num_tokens));
    slot.phase = action.delays_caching ? Phase::loading : Phase::running;
    budget_ -= std::min(budget_, action.fresh);
    is_starved_ = false;
  }

  // Any other command that both performed.
  KVSPEC_EXEC constexpr void did(const Action& action, Coverage& coverage) {
    Slot& slot = slots_[action.slot];
    switch (action.op) {
      case Op::add:
        slot = Slot{};
        slot.phase = Phase::waiting;
        slot.num_tokens = action.num_tokens;
        break;
      case Op::append:
        slot.num_tokens = static_cast<std::uint8_t>(slot.num_tokens + action.num_tokens);
        slot.computed = static_cast<std::uint8_t>(slot.num_tokens - 1);
        if (action.num_tokens <= slot.drafts) {
          coverage.meet(Met::rejected_drafts, slot.drafts + 1U - action.num_tokens);
        }
        slot.drafts = 0;
        break;
      case Op::cache:
        slot.phase = Phase::running;
        coverage.meet(Met::delayed_caching);
        break;
      case Op::free:
        if (action.flag) {
          slot = Slot{};
          break;
        }
        coverage.meet(Met::preemptions);
        slot.phase = Phase::waiting;
        slot.was_preempted = true;
        slot.computed = 0;
        slot.drafts = 0;
        break;
      default:
        break;
    }
  }

  KVSPEC_EXEC constexpr std::uint32_t num_tokens(std::uint32_t slot) const { return slots_[slot].num_tokens; }
  // Whether every request is gone or has given its blocks back.
  KVSPEC_EXEC constexpr bool is_idle() const {
    for (const Slot& slot : slots_) {
      if (slot.phase != Phase::absent && slot.phase != Phase::waiting) return false;
    }
    return true;
  }

 private:
  enum class Phase : std::uint8_t { absent, waiting, loading, running };

  struct Slot {
    Phase phase = Phase::absent;
    std::uint8_t num_tokens = 0;
    std::uint8_t computed = 0;
    std::uint8_t drafts = 0;    // computed beyond num_tokens in the last step
    bool is_scheduled = false;  // in this step
    bool is_hopeless = false;
    bool was_preempted = false;

    KVSPEC_EXEC constexpr bool has_work() const { return phase == Phase::waiting || computed < num_tokens; }
    KVSPEC_EXEC constexpr bool awaits_token() const { return phase == Phase::running && computed == num_tokens; }
  };

  // What is asked for with the hit that the look-up of the slot has just found.
  KVSPEC_EXEC constexpr Action allocation(std::uint32_t number, Count hit_tokens, Draw& draw) const {
    const Slot& slot = slots_[number];
    Action action = slots_for(number);
    action.hit_tokens = hit_tokens;
    action.passes_hit = true;
    action.must_fit = habits_.must_fit && draw.chance(3, 4);
    const std::uint32_t left = slot.num_tokens - hit_tokens;  // above 0: the last token is never hit
    if (habits_.loads && left > 1 && draw.chance(1, 2)) action.external = draw.between(1, left - 1);
    action.delays_caching = habits_.delays && action.external > 0 && draw.chance(1, 2);
    if (!action.delays_caching) action.fresh = fresh_tokens(left - action.external);
    if (action.fresh == 0 && action.external == 0) action.op = Op::none;
    return action;
  }

  // The first slot from a random one on that is as wanted, or most_requests.
  template <class F>
  KVSPEC_EXEC constexpr std::uint32_t pick(Draw& draw, F is_wanted) const {
    const std::uint32_t start = draw.below(most_requests);
    for (std::uint32_t i = 0; i < most_requests; ++i) {
      const std::uint32_t number = (start + i) % most_requests;
      if (is_wanted(slots_[number])) return number;
    }
    return most_requests;
  }

  // Tokens that requests share: those of one text that belongs to the setting, mostly.
  KVSPEC_EXEC constexpr std::uint64_t token_at(std::uint32_t place, Draw& draw) const {
    return draw.chance(1, 12) ? draw.below(4) : mix(text_seed_ + place) & 3;
  }
  KVSPEC_EXEC constexpr void write_tokens(Action& action, std::uint32_t place, std::uint32_t count, Draw& draw) const {
    action.num_tokens = static_cast<std::uint8_t>(count);
    for (std::uint32_t i = 0; i < count; ++i) action.tokens |= token_at(place + i, draw) << 2 * i;
  }

  KVSPEC_EXEC constexpr Action add(Draw& draw) const {
    const std::uint32_t number = pick(draw, [](const Slot& slot) { return slot.phase == Phase::absent; });
    if (number == most_requests) return {};
    Action action{.op = Op::add, .slot = static_cast<std::uint8_t>(number)};
    action.flag = habits_.asks_log_probabilities && draw.chance(1, 4);
    write_tokens(action, 0, draw.between(1, habits_.longest_prompt), draw);
    return action;
  }

  KVSPEC_EXEC constexpr std::uint32_t fresh_tokens(std::uint32_t left) const {
    return std::min({left, budget_, habits_.chunk});
  }
  KVSPEC_EXEC constexpr Action slots_for(std::uint32_t number) const {
    return {.op = Op::allocate, .slot = static_cast<std::uint8_t>(number), .lookahead = habits_.lookahead};
  }

  KVSPEC_EXEC constexpr Action allocate(Draw& draw) const {
    const std::uint32_t budget = budget_;
    const std::uint32_t number = pick(draw, [budget](const Slot& slot) {
      return slot.phase != Phase::absent && slot.phase != Phase::loading && !slot.is_scheduled && !slot.is_hopeless &&
             slot.has_work() && budget > 0;
    });
    if (number == most_requests) return {};
    const Slot& slot = slots_[number];
    if (slot.phase == Phase::waiting) {
      return {.op = Op::look_up, .slot = static_cast<std::uint8_t>(number), .flag = slot.was_preempted};
    }
    Action action = slots_for(number);
    const std::uint32_t left = std::uint32_t{slot.num_tokens} - slot.computed;
    action.computed = slot.computed;
    action.fresh = fresh_tokens(left);
    if (action.fresh == left) {
      const std::uint32_t room = std::min(
          habits_.most_tokens - std::min<std::uint32_t>(slot.num_tokens, habits_.most_tokens), budget_ - action.fresh);
      action.fresh += draw.below(std::min(habits_.drafts, room) + 1);
    }
    return action;
  }

  // A running request gets the token it has computed and the drafts before it that were right; a load ends.
  KVSPEC_EXEC constexpr Action append(Draw& draw) const {
    const std::uint32_t most = habits_.most_tokens;
    const std::uint32_t number = pick(draw, [most](const Slot& slot) {
      return (slot.awaits_token() && slot.num_tokens < most) || (slot.phase == Phase::loading && !slot.is_scheduled);
    });
    if (number == most_requests) return {};
    const Slot& slot = slots_[number];
    Action action{.op = Op::append, .slot = static_cast<std::uint8_t>(number)};
    if (slot.phase == Phase::loading) {
      action.op = Op::cache;
      action.computed = slot.computed;
      return action;
    }
    const std::uint32_t right = std::min<std::uint32_t>(draw.below(slot.drafts + 1U), most - slot.num_tokens - 1);
    write_tokens(action, slot.num_tokens, 1 + right, draw);
    return action;
  }

  KVSPEC_EXEC constexpr Action release(Draw& draw) {
    const std::uint32_t most = habits_.most_tokens;
    const auto is_done = [most](const Slot& slot) {
      return slot.phase != Phase::absent && (slot.is_hopeless || slot.num_tokens >= most);
    };
    std::uint32_t number = pick(draw, is_done);
    if (number < most_requests) return freeing(number, true);
    if (is_starved_) {
      is_starved_ = false;
      number = pick(draw, [](const Slot& slot) { return slot.phase == Phase::running; });
      if (number < most_requests) return freeing(number, draw.chance(1, 3));
    }
    number = pick(draw, [](const Slot& slot) { return slot.phase != Phase::absent; });
    if (number < most_requests && draw.chance(1, 2)) return freeing(number, draw.chance(3, 4));
    return {};
  }
  static KVSPEC_EXEC constexpr Action freeing(std::uint32_t number, bool drop) {
    return {.op = Op::free, .slot = static_cast<std::uint8_t>(number), .flag = drop};
  }

  KVSPEC_EXEC constexpr Action query(Draw& draw, Draw& shared) const {
    constexpr Op ops[] = {Op::take_new_block_ids, Op::common_prefix, Op::block_ids, Op::take_stats};
    const std::uint8_t slot = static_cast<std::uint8_t>(draw.below(most_requests));
    const Op op = ops[shared.below(4)];
    // Questions about a request that is not there are mistakes.
    const bool asks_request = op == Op::common_prefix || op == Op::block_ids;
    if (asks_request && slots_[slot].phase == Phase::absent && !habits_.errs) return {};
    return {.op = op, .slot = slot};
  }

  KVSPEC_EXEC constexpr Action disturb(Draw& draw, Draw& shared) const {
    switch (shared.below(3)) {
      case 0:
        if (!habits_.evicts) return {};
        return {.op = Op::evict, .blocks = draw.below(1U << habits_.num_blocks) & draw.below(1U << habits_.num_blocks)};
      case 1:
        return {.op = Op::reset};
      default:
        break;
    }
    const std::uint32_t number = pick(draw, [](const Slot& slot) { return slot.phase == Phase::running; });
    if (number == most_requests) return {};
    const Count certain = static_cast<Count>(slots_[number].num_tokens - (slots_[number].awaits_token() ? 0 : 1));
    return {.op = Op::remove_skipped,
            .slot = static_cast<std::uint8_t>(number),
            .computed = std::min<Count>(slots_[number].computed, certain)};
  }

  // A mistake that has to be refused.
  KVSPEC_EXEC constexpr Action err(Draw& draw) const {
    Action action{.op = Op::allocate, .slot = static_cast<std::uint8_t>(draw.below(most_requests))};
    const bool is_there = slots_[action.slot].phase != Phase::absent;
    switch (draw.below(5)) {
      case 0:
        break;  // no tokens, or no such request
      case 1:
        action.fresh = 1;
        action.hit_tokens = 1 + habits_.most_tokens / 2;
        break;
      case 2:
        action.fresh = habits_.most_tokens + 1 + draw.below(3);
        break;
      case 3:
        action.op = Op::evict;
        action.blocks = 3U << (habits_.num_blocks - 1);
        break;
      default:
        if (is_there) {
          action.op = Op::add;
          action.num_tokens = 1;
        } else {
          action.op = Op::free;
        }
    }
    return action;
  }

  const Habits& habits_;
  std::uint64_t text_seed_;
  Slot slots_[most_requests]{};
  std::uint32_t budget_;
  bool is_starved_ = false;
};

}  // namespace kvspec::fuzz::farm
