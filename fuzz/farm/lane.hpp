// A lane: one run of a farm. It drives two systems in lockstep, as fuzz/lockstep.hpp does, in a form that a thread of a
// device can hold: after each command the answers are compared and the invariants are checked on both, after every few
// and at the end the states, as far as the walks of spec/invariants.hpp show them. On the host the views are compared
// as well, after each `view_period` commands and at the end; writing them down is too much for a device. The first
// difference ends the run.
//
// Of the invariants about more than one state those are checked that follow from an answer and the state behind it; the
// watch of the host's lockstep, which the run is replayed under, has them all:
//
//   I10  the length of a hit               I14  an allocation finds the blocks it takes
//   I13  no need is negative [ALLOC-18]    I25  nothing is cached after a reset
//   I26  nothing is left when every request is gone
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "fuzz/disagreement.hpp"
#include "fuzz/farm/action.hpp"
#include "fuzz/farm/caller.hpp"
#include "fuzz/farm/coverage.hpp"
#include "fuzz/farm/draw.hpp"
#include "fuzz/farm/glance.hpp"
#include "fuzz/farm/planted.hpp"
#include "fuzz/farm/setting.hpp"
#include "spec/clauses.hpp"
#include "spec/commands.hpp"
#include "spec/execution.hpp"
#include "spec/invariants.hpp"
#include "spec/result.hpp"

namespace kvspec::fuzz::farm {

// The first difference of a run. `clause` is the invariant; other differences are explained where they are replayed.
struct Difference {
  Disagreement kind = Disagreement::creation;
  Side side = Side::right;
  Clause clause{};
  std::uint32_t command = 0;  // its number in the run, from 0

  bool operator==(const Difference&) const = default;
};

// Invariants that may be broken, a bit each.
class Tolerated {
 public:
  KVSPEC_EXEC constexpr bool has(Clause clause) const { return (bits_ >> number(clause) & 1U) != 0; }
  constexpr void add(Clause clause) { bits_ |= std::uint64_t{1} << number(clause); }

 private:
  // From I1 on.
  static KVSPEC_EXEC constexpr std::uint32_t number(Clause clause) {
    return static_cast<std::uint32_t>(clause) - static_cast<std::uint32_t>(Clause::i1);
  }
  std::uint64_t bits_ = 0;
};

// Beats from one comparison of the states to the next; of beats, so that the threads of a warp do it together.
inline constexpr std::uint32_t beats_per_comparison = 8;

struct Rules {
  std::uint64_t seed = 0;
  std::uint32_t beats = 0;
  std::uint32_t view_period = 0;
  Tolerated tolerated{};
  Bug bug = Bug::none;  // put into the right system
};

// Where a run starts: its setting and the two systems as they are made, which are values and are copied.
template <class S, class Left, class Right>
struct Start {
  Setting<S> setting{};
  Left left{};
  Right right{};
};

template <class S, class Left, class Right, bool compares_views>
class Lane {
 public:
  KVSPEC_EXEC Lane(const Rules& rules, const Start<S, Left, Right>& start, std::uint64_t run)
      : rules_(rules),
        setting_(start.setting),
        run_(run),
        caller_(start.setting.habits, mix(rules.seed + setting_of(run))),
        left_(start.left),
        right_(start.right) {
    coverage_.meet(Met::runs);
    right_.plant(rules.bug);
  }

  // All beats, or those until the first difference. `listener(action)` is told each command before it is performed.
  //
  // A beat has two halves, so that the threads of a warp do together what they do alike: who allocates waits for those
  // who have to look up first.
  template <class Listener>
  KVSPEC_EXEC constexpr void run(Listener listener) {
    const std::uint32_t setting = setting_of(run_);
    for (std::uint32_t beat = 0; beat < rules_.beats && goes_on(); ++beat) {
      const Beat what = beat_of(setting_.habits, rules_.seed, setting, beat);
      Draw draw(rules_.seed, run_, beat);
      Draw shared(~rules_.seed, setting, beat);
      const Action action = caller_.next(what, draw, shared);
      if (action.op == Op::none) continue;
      const bool waits = action.op == Op::allocate;
      if (!waits) act(action, what == Beat::err, listener);
      if (!goes_on()) return;
      act(waits ? action : caller_.after(action, hit_tokens_, draw), waits && what == Beat::err, listener);
      if (beat % beats_per_comparison == 0 && goes_on()) compare_states();
    }
    if (goes_on() && commands_ > 0) finish();
  }
  KVSPEC_EXEC constexpr void run() {
    run([](const Action&) {});
  }

  KVSPEC_EXEC constexpr const std::optional<Difference>& difference() const { return difference_; }
  KVSPEC_EXEC constexpr const Coverage& coverage() const { return coverage_; }

 private:
  KVSPEC_EXEC constexpr bool goes_on() const { return !difference_ && !has_outgrown_; }

  // Both systems perform the command, then both states are looked at: by all threads of a warp at once, whatever their
  // commands are.
  template <class Listener>
  KVSPEC_EXEC constexpr void act(const Action& action, bool is_mistake, Listener listener) {
    if (action.op != Op::none) {
      listener(action);
      perform(action, is_mistake);
    }
    if (action.op == Op::none || !goes_on()) return;
    check_state();
    if constexpr (compares_views) {
      if ((commands_ + 1) % rules_.view_period == 0 && !(left_.view() == right_.view())) {
        differ(Disagreement::view, Side::right, Clause{});
      }
    }
    ++commands_;
  }

  KVSPEC_EXEC constexpr void perform(const Action& action, bool is_mistake) {
    with_command<S>(action, [&](const auto& command) { this->perform(action, command, is_mistake); });
  }

  template <class C>
  KVSPEC_APART KVSPEC_EXEC constexpr void perform(const Action& action, const C& command, bool is_mistake) {
    const std::uint32_t hashed_before = std::is_same_v<C, AllocateSlots<S>> ? hashed_blocks() : 0;
    const std::uint32_t free_before = right_.num_free();
    const auto left = left_.step(command);
    const auto right = right_.step(command);
    if (right_.outgrown()) {
      has_outgrown_ = true;
      coverage_.meet(Met::outgrown);
      return;
    }
    coverage_.meet(Met::operations);
    if (!(left == right)) {
      differ(left.ok() && right.ok() ? Disagreement::observation : Disagreement::error, Side::right, Clause{});
      return;
    }
    if (!left) coverage_.meet(Met::errors);
    if (!is_mistake) observe(action, command, left, hashed_before, free_before);
  }

  // What the last commands left behind, which no later answer shows.
  KVSPEC_APART KVSPEC_EXEC constexpr void finish() {
    compare_states();
    if constexpr (compares_views) {
      if (!difference_ && !(left_.view() == right_.view())) {
        difference_ = Difference{Disagreement::view, Side::right, Clause{}, commands_ - 1};
      }
    }
  }

  KVSPEC_APART KVSPEC_EXEC constexpr void check_state() {
    check_state(Side::left, left_, left_invariants_);
    check_state(Side::right, right_, right_invariants_);
  }
  template <class System, class SomeInvariants>
  KVSPEC_EXEC constexpr void check_state(Side side, const System& system, SomeInvariants& invariants) {
    if constexpr (!compares_views) {
      if (invariants_hold_at_a_glance(system)) return;
    }
    if (const Finding found = invariants.check(system)) broke(side, found->clause);
  }

  // What the walks show of both. Each kind of thing becomes a number in which order counts where it counts, so that
  // nothing has to be kept to be compared.
  KVSPEC_APART KVSPEC_EXEC constexpr void compare_states() {
    bool equal = free_queue_of(left_) == free_queue_of(right_) && left_.num_keys() == right_.num_keys();
    for (BlockId b = 1; b < right_.num_blocks(); ++b) {
      equal = equal && left_.ref_cnt(b) == right_.ref_cnt(b) && left_.has_hash(b) == right_.has_hash(b) &&
              (!right_.has_hash(b) || left_.group(b) == right_.group(b));
    }
    for (GroupId g = 0; g < right_.num_groups(); ++g) equal = equal && tables_of(left_, g) == tables_of(right_, g);
    if (!equal) difference_ = Difference{Disagreement::view, Side::right, Clause{}, commands_ - 1};
  }
  // The ids from head to tail.
  template <class System>
  static KVSPEC_EXEC constexpr std::uint64_t free_queue_of(const System& system) {
    std::uint64_t ids = 1;
    system.walk_free([&](BlockId b) { ids = ids << 4 | b; });
    return ids;
  }
  // Tables and cached counts, in any order of requests.
  template <class System>
  static KVSPEC_EXEC constexpr std::uint64_t tables_of(const System& system, GroupId g) {
    std::uint64_t sum = 0;
    system.walk_tables(g, [&](std::string_view req, const auto& table, std::optional<Count> cached, Count) {
      std::uint64_t ids = 1;
      for (const BlockId b : table) ids = ids << 4 | b;
      sum +=
          mix(ids ^ std::uint64_t{static_cast<unsigned char>(req[0])} << 56 ^ std::uint64_t{cached.value_or(63)} << 48);
    });
    return sum;
  }

  template <class C, class R>
  KVSPEC_EXEC constexpr void observe(const Action& action, const C&, const R& result, std::uint32_t hashed_before,
                                     std::uint32_t free_before) {
    if constexpr (std::is_same_v<C, AllocateSlots<S>>) {
      caller_.template saw<S>(action, result, coverage_);
      if (!result) {
        if (result.error().clause == Clause::alloc_18) broke(Side::both, Clause::i13);
        if (result.error().clause == Clause::pool_04) broke(Side::both, Clause::i14);
      } else if (result.value().result) {
        count_evictions(*result.value().result, hashed_before);
      }
    } else {
      if (!result) return;
      caller_.did(action, coverage_);
      if constexpr (std::is_same_v<C, GetComputedBlocks<S>>) check_hit(action, result.value());
      if constexpr (std::is_same_v<C, ResetPrefixCache<S>>) {
        if (result.value().result) coverage_.meet(Met::resets);
        if (result.value().result && (hashed_blocks() != 0 || left_.num_keys() != 0)) {
          broke(Side::both, Clause::i25);
        }
      }
      if constexpr (std::is_same_v<C, RemoveSkippedBlocks<S>>) {
        coverage_.meet(Met::skipped_blocks, right_.num_free() - free_before);
      }
      if constexpr (std::is_same_v<C, Free<S>>) {
        if (caller_.is_idle() && !is_all_free()) broke(Side::both, Clause::i26);
      }
    }
  }

  // A bit per block.
  KVSPEC_EXEC constexpr std::uint32_t hashed_blocks() const {
    std::uint32_t blocks = 0;
    for (BlockId b = 1; b < right_.num_blocks(); ++b) blocks |= right_.has_hash(b) ? 1U << b : 0U;
    return blocks;
  }

  KVSPEC_EXEC constexpr void count_evictions(const BlockTables<S>& added, std::uint32_t hashed_before) {
    std::uint32_t taken = 0;
    for (const BlockList<S>& blocks : added) {
      for (const BlockId b : blocks) taken |= 1U << b;
    }
    for (taken &= hashed_before; taken != 0; taken &= taken - 1) coverage_.meet(Met::evictions);
    const std::uint32_t now = hashed_blocks();
    std::uint32_t count = 0;
    for (std::uint32_t left = now; left != 0; left &= left - 1) ++count;
    if (count > right_.num_keys()) coverage_.meet(Met::duplicates);
  }

  // [I10]
  KVSPEC_EXEC constexpr void check_hit(const Action& action, const typename GetComputedBlocks<S>::Observation& hit) {
    hit_tokens_ = hit.num_computed_tokens;
    coverage_.meet(Met::look_ups);
    if (hit_tokens_ > 0) coverage_.meet(Met::hits);
    const Right& system = right_;
    const bool is_alone = system.num_groups() == 1;
    const Count alignment =
        static_cast<Count>(is_alone ? system.block_size(0) : std::int64_t{setting_.config.scheduler_block_size});
    bool holds = hit_tokens_ % alignment == 0 && (hit_tokens_ == 0 || hit_tokens_ < caller_.num_tokens(action.slot));
    for (GroupId g = 0; g < system.num_groups(); ++g) {
      holds = holds && static_cast<std::int64_t>(hit.blocks[g].size()) * system.block_size(g) == hit_tokens_;
    }
    if (!holds) broke(Side::both, Clause::i10);
  }

  KVSPEC_EXEC constexpr bool is_all_free() const {
    const Right& system = right_;
    bool has_tables = false;
    for (GroupId g = 0; g < system.num_groups(); ++g) {
      system.walk_tables(g, [&](const auto&...) { has_tables = true; });
    }
    return !has_tables && system.num_free() + 1 == system.num_blocks();
  }

  KVSPEC_EXEC constexpr void broke(Side side, Clause clause) {
    if (!rules_.tolerated.has(clause)) differ(Disagreement::invariant, side, clause);
  }
  KVSPEC_EXEC constexpr void differ(Disagreement kind, Side side, Clause clause) {
    if (!difference_) difference_ = Difference{kind, side, clause, commands_};
  }

  const Rules& rules_;
  const Setting<S>& setting_;
  std::uint64_t run_;
  Caller caller_;
  Left left_;
  Right right_;
  Invariants<S, typename TableBlocksOf<Left>::type> left_invariants_{};
  Invariants<S, typename TableBlocksOf<Right>::type> right_invariants_{};
  Coverage coverage_{};
  std::optional<Difference> difference_{};
  Count hit_tokens_ = 0;  // of the last look-up
  std::uint32_t commands_ = 0;
  bool has_outgrown_ = false;
};

}  // namespace kvspec::fuzz::farm
