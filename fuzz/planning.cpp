// The scheduler's planning: what a step consists of, in which order.
#include "fuzz/scheduler.hpp"

namespace kvspec::fuzz {

void Scheduler::plan_step() {
  plan_.clear();
  const auto then = [&](Do what, std::uint32_t slot = 0) { plan_.push_back({what, slot}); };
  budget_ = served_.step_budget;
  blocked_ = false;
  then(Do::begin_step);
  if (random_.chance(3, 5)) then(Do::arrive);
  plan_disturbances();
  const std::uint32_t num_slots = static_cast<std::uint32_t>(requests_.size());
  const std::uint32_t first = random_.below(num_slots);
  const auto for_each_in = [&](State state, Do what) {
    for (std::uint32_t i = 0; i < num_slots; ++i) {
      const std::uint32_t slot = (first + i) % num_slots;
      requests_[slot].scheduled = false;
      if (requests_[slot].state == state) then(what, slot);
    }
  };
  for_each_in(State::running, Do::schedule);
  for_each_in(State::waiting, Do::look_up);
  plan_readers();
  for_each_in(State::running, Do::output);
  for_each_in(State::waiting, Do::output);  // those that are admitted in this step
  for (std::uint32_t slot = 0; slot < num_slots; ++slot) {
    if (requests_[slot].state == State::loading && random_.chance(1, 2)) then(Do::finish_load, slot);
  }
  agenda_.assign(plan_.rbegin(), plan_.rend());
  if (draw(Feature::preempt_all, 1, 24)) plan_preempt_all();
}

void Scheduler::plan_disturbances() {
  const std::uint32_t slot = random_.below(static_cast<std::uint32_t>(requests_.size()));
  if (draw(Feature::aborts, 1, 12)) plan_.push_back({Do::drop, slot});
  if (draw(Feature::eviction, 1, 8)) plan_.push_back({Do::evict, 0});
  if (draw(Feature::pool_level, 1, 3)) plan_.push_back({Do::pool, 0});
  if (random_.chance(1, 48)) plan_.push_back({Do::reset, 0});
  if (random_.chance(1, 16)) plan_.push_back({Do::skipped, slot});
  if (draw(Feature::unknown_tables, 1, 12)) plan_.push_back({Do::common_prefix, slot});
}

void Scheduler::plan_readers() {
  const std::uint32_t slot = random_.below(static_cast<std::uint32_t>(requests_.size()));
  const auto drains = [&] { return !has(Feature::rare_drains) || random_.chance(1, 8); };
  if (requests_[slot].state == State::running && random_.chance(1, 2)) plan_.push_back({Do::common_prefix, slot});
  if (random_.chance(1, 4)) plan_.push_back({Do::block_ids, slot});
  if (drains()) plan_.push_back({Do::new_block_ids, 0});
  if (drains()) plan_.push_back({Do::events, 0});
  if (random_.chance(1, 16)) plan_.push_back({Do::statistics, 0});
  if (random_.chance(1, 24)) plan_.push_back({Do::dump, 0});
}

// Every request gives its blocks back, then the prefix cache is reset. [POOL-13]
void Scheduler::plan_preempt_all() {
  soon(Do::reset);
  soon(Do::release_pool);
  for (std::uint32_t slot = 0; slot < requests_.size(); ++slot) soon(Do::preempt, slot);
}

}  // namespace kvspec::fuzz
