// Lockstep: the same commands to two systems. After each command their answers are compared and the invariants are
// checked on both; after every `view_period` commands, and at the end, what can be seen of their states is compared
// (spec/dump.hpp says what that leaves out). The first difference ends the run and becomes a Counterexample. [I30]
//
// The invariants that are about more than one state are watched on the left (fuzz/watch/watch.hpp): the answers are
// equal, so what they break one side breaks as much as the other.
//
// This is the one driver: the command, the properties, the libFuzzer target and the shrinker differ only in where their
// commands come from. Nothing is allocated or formatted here unless there is a difference.
//
// A System as in spec/system.hpp, with what spec/invariants.hpp asks of a system to be inspected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "fuzz/clause_set.hpp"
#include "fuzz/counterexample.hpp"
#include "fuzz/watch/watch.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/invariants.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::fuzz {

inline constexpr std::uint32_t usual_view_period = 16;

template <class Left, class Right>
class Lockstep {
 public:
  // view_period: commands from one comparison of the views to the next, at least 1. tolerated: invariants that may
  // be broken, because it is known that they are.
  explicit Lockstep(const Config<Growing>& config, std::uint32_t view_period = usual_view_period,
                    const ClauseSet& tolerated = {})
      : view_period_(view_period),
        tolerated_(tolerated),
        left_(Left::create(config)),
        right_(Right::create(config)),
        left_invariants_(config),
        right_invariants_(config) {
    const Result<Done> left = outcome(left_);
    const Result<Done> right = outcome(right_);
    if (!(left == right)) counterexample_ = differing_creation(left, right);
    if (created()) watch_.emplace(config);
  }

  // Whether there are two systems to drive: false if the configuration is rejected, by both or by one.
  bool created() const { return left_.ok() && right_.ok(); }

  // Applies a command to both. `observer(command, result)` is told what both returned. Returns whether the run may go
  // on. Precondition: created(), and no counterexample yet.
  template <class Observer>
  bool apply(const Command<Growing>& command, Observer&& observer) {
    return std::visit(
        [&](const auto& c) {
          const auto left = left_.value().step(c);
          const auto right = right_.value().step(c);
          if (!(left == right)) [[unlikely]] {
            counterexample_ = differing_results(steps_, command, erased(left), erased(right));
            return false;
          }
          error_ = left ? std::nullopt : std::optional<Clause>(left.error().clause);
          if (!states_hold(command)) [[unlikely]]
            return false;
          const Finding found = watch_->saw(left_.value(), c, left);
          if (found && !tolerated_.has(found->clause)) [[unlikely]] {
            counterexample_ = broken_invariant(steps_, command, Side::both, *found);
            return false;
          }
          ++steps_;
          observer(c, left);
          return true;
        },
        command);
  }
  bool apply(const Command<Growing>& command) {
    return apply(command, [](const auto&, const auto&) {});
  }

  // Compares the views once more, after the `last` command. Returns whether they are equal. Precondition as for apply.
  bool finish(const Command<Growing>& last) {
    if (steps_ % view_period_ == 0) return true;
    --steps_;
    const bool equal = views_agree(last);
    ++steps_;
    return equal;
  }

  // Commands that both have performed.
  std::size_t steps() const { return steps_; }
  const std::optional<Counterexample>& counterexample() const { return counterexample_; }

  // Precondition: created().
  const Left& left() const { return left_.value(); }
  const Right& right() const { return right_.value(); }
  // The left view of the last comparison.
  const View<Growing>& last_view() const { return left_view_; }

 private:
  template <class T>
  static Result<Done> outcome(const Result<T>& created) {
    if (created) return Done{};
    return created.error();
  }
  template <class T>
  static Result<Observation<Growing>> erased(const Result<T>& result) {
    if (!result) return result.error();
    return Observation<Growing>(result.value());
  }

  bool states_hold(const Command<Growing>& command) {
    const Finding on_left = left_invariants_.check(left_.value());
    if (on_left && !tolerated_.has(on_left->clause)) [[unlikely]] {
      counterexample_ = broken_invariant(steps_, command, Side::left, *on_left);
      return false;
    }
    const Finding on_right = right_invariants_.check(right_.value());
    if (on_right && !tolerated_.has(on_right->clause)) [[unlikely]] {
      counterexample_ = broken_invariant(steps_, command, Side::right, *on_right);
      return false;
    }
    return (steps_ + 1) % view_period_ != 0 || views_agree(command);
  }

  bool views_agree(const Command<Growing>& command) {
    left_view_ = left_.value().view();
    const View<Growing> right_view = right_.value().view();
    if (left_view_ == right_view) return true;
    counterexample_ = differing_views(steps_, command, error_, left_view_, right_view);
    return false;
  }

  std::uint32_t view_period_;
  ClauseSet tolerated_;
  Result<Left> left_;
  Result<Right> right_;
  Invariants<Growing, typename TableBlocksOf<Left>::type> left_invariants_;
  Invariants<Growing, typename TableBlocksOf<Right>::type> right_invariants_;
  std::optional<Watch> watch_;  // if created()
  View<Growing> left_view_{};
  std::optional<Clause> error_;  // of the last command
  std::size_t steps_ = 0;
  std::optional<Counterexample> counterexample_;
};

}  // namespace kvspec::fuzz
