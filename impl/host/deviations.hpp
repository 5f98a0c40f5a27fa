// The deviations: what the recorded system does where it has a defect. One switch for each; the one or two places that
// ask it do what the name says where it is on, and otherwise what the other clauses say is right.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "spec/clauses.hpp"

namespace kvspec::host {

struct Deviations {
  bool groups_take_hits_in_turn = false;      // [DEV-01] and are given blocks for external tokens in between
  bool states_are_sought_beyond = false;      // [DEV-02] the common length, in EAGLE specs
  bool needs_can_be_negative = false;         // [DEV-03] in aligned state-space groups, which then fail
  bool only_last_item_is_hashed = false;      // [DEV-04] with appended tokens
  bool texts_are_bare_keys = false;           // [DEV-05] LoRA name and cache salt
  bool asking_makes_a_table = false;          // [DEV-06]
  bool only_first_spec_is_cut = false;        // [DEV-07] of full attention, to the common length
  bool window_of_one_caches_nothing = false;  // [DEV-08] as no block is in its run
  bool what_never_fits_is_refused = false;    // [DEV-09] instead of rejected
  bool freed_blocks_stay_listed = false;      // [DEV-10] as new
  bool look_ups_are_counted_at_once = false;  // [DEV-11]
  bool a_caching_call_is_one_event = false;   // [DEV-12]
  bool loaded_states_are_not_needed = false;  // [DEV-13] the blocks of aligned groups for external tokens
  bool freeing_stops_at_null = false;         // [DEV-14]

  // Those of a semantics: all or none.
  static constexpr Deviations of(bool sound) {
    if (sound) return {};
    return {true, true, true, true, true, true, true, true, true, true, true, true, true, true};
  }

  // These alone; DEV-01 .. DEV-14.
  static constexpr Deviations of(std::span<const Clause> deviations);
};

constexpr Deviations Deviations::of(std::span<const Clause> deviations) {
  constexpr std::array members{&Deviations::groups_take_hits_in_turn,     &Deviations::states_are_sought_beyond,
                               &Deviations::needs_can_be_negative,        &Deviations::only_last_item_is_hashed,
                               &Deviations::texts_are_bare_keys,          &Deviations::asking_makes_a_table,
                               &Deviations::only_first_spec_is_cut,       &Deviations::window_of_one_caches_nothing,
                               &Deviations::what_never_fits_is_refused,   &Deviations::freed_blocks_stay_listed,
                               &Deviations::look_ups_are_counted_at_once, &Deviations::a_caching_call_is_one_event,
                               &Deviations::loaded_states_are_not_needed, &Deviations::freeing_stops_at_null};
  constexpr std::size_t first = static_cast<std::size_t>(Clause::dev_01);
  Deviations result{};
  for (const Clause deviation : deviations) {
    const std::size_t index = static_cast<std::size_t>(deviation) - first;
    if (index < members.size()) result.*members[index] = true;
  }
  return result;
}

}  // namespace kvspec::host
