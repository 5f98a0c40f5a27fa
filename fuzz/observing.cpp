// What the scheduler learns from the answers, and what it counts.
#include <algorithm>

#include "fuzz/hit_lists.hpp"
#include "fuzz/scheduler.hpp"

namespace kvspec::fuzz {

namespace {

constexpr Count patience = 4;  // refusals in a row before a request is dropped

bool has_block(const BlockList<Growing>& blocks) {
  return std::ranges::any_of(blocks, [](BlockId b) { return b != null_block; });
}

}  // namespace

void Scheduler::failed(Error error) {
  ++traffic_.errors;
  if (doing_.what == Do::mistake || doing_.what == Do::pool || doing_.what == Do::release_pool) return;
  // A stale hit is looked up again in the next step; after anything else the request is of no use any more.
  if (doing_.what == Do::admit && error.clause == Clause::alloc_04 && has(Feature::stale_hits)) return;
  if (error.clause == Clause::alloc_19) {
    ++traffic_.oversized;
  } else if (error.clause != Clause::alloc_18) {
    ++traffic_.unplanned_errors;
  }
  if (doing_.what == Do::arrive) {
    requests_[doing_.slot].state = State::gone;
  } else if (doing_.what == Do::schedule || doing_.what == Do::admit || doing_.what == Do::cache_output ||
             doing_.what == Do::finish_load) {
    soon(Do::drop, doing_.slot);
  }
}

void Scheduler::saw(const AddRequest<Growing>&, const Result<AddRequest<Growing>::Observation>&) {
  ++traffic_.requests;
}

void Scheduler::saw(const GetComputedBlocks<Growing>&, const Result<GetComputedBlocks<Growing>::Observation>& result) {
  count_hit(result.value().blocks);
  if (doing_.what != Do::look_up) return;
  Request& request = requests_[doing_.slot];
  // Where hashes collide, a hit can list a block twice; a scheduler that saw it would compute the tokens instead.
  request.takes_hit = !lists_a_block_twice(result.value().blocks);
  request.hit = request.takes_hit ? result.value().num_computed_tokens : 0;
  if (draw(Feature::repeats, 1, 16)) return soon(Do::look_up, doing_.slot);
  soon(Do::admit, doing_.slot);
  if (!draw(Feature::stale_hits, 1, 6)) return;
  const std::uint32_t other = random_.below(static_cast<std::uint32_t>(requests_.size()));
  if (random_.chance(1, 2)) return soon(Do::evict);
  soon(requests_[other].state == State::running ? Do::schedule : Do::look_up, other);
}

void Scheduler::count_hit(const BlockTables<Growing>& hit) {
  ++traffic_.look_ups;
  std::size_t groups = 0;
  for (std::size_t g = 0; g < hit.size(); ++g) {
    if (!has_block(hit[g])) continue;
    ++groups;
    ++traffic_.hits_of[static_cast<std::size_t>(served_.kinds[g])];
    if (served_.retains && is_sliding_window(served_.kinds[g])) ++traffic_.retained_hits;
  }
  if (groups > 0) ++traffic_.hits;
  if (groups > 1) ++traffic_.hybrid_hits;
}

void Scheduler::saw(const AllocateSlots<Growing>& command, const Result<AllocateSlots<Growing>::Observation>& result) {
  ++(result.value().result ? traffic_.allocations : traffic_.refusals);
  if (doing_.what == Do::mistake && result.value().result) return drop_by_id(command.req);
  if (doing_.what != Do::schedule && doing_.what != Do::admit && doing_.what != Do::repeat) return;
  Request& request = requests_[doing_.slot];
  if (result.value().result) return granted(request, command);
  // A refusal changes nothing, so the same call is refused again. [I29]
  if (doing_.what != Do::repeat && draw(Feature::repeats, 1, 8)) return soon(Do::repeat, doing_.slot);
  refused(request);
}

// Not every mistake is one. What a request has been given behind its back is of no use to it.
void Scheduler::drop_by_id(const RequestId<Growing>& id) {
  for (std::uint32_t slot = 0; slot < requests_.size(); ++slot) {
    if (requests_[slot].state != State::gone && requests_[slot].id == id) return soon(Do::drop, slot);
  }
}

void Scheduler::granted(Request& request, const AllocateSlots<Growing>& command) {
  request.refusals = 0;
  request.scheduled = true;
  budget_ -= std::min(budget_, command.num_new_tokens);
  if (command.num_external_computed_tokens > 0) {
    ++traffic_.loads;
    if (command.num_new_computed_tokens > 0 && served_.kinds.size() > 1) ++traffic_.hybrid_loads;
  }
  request.computed = command.req_num_computed_tokens + command.num_new_computed_tokens +
                     command.num_external_computed_tokens + command.num_new_tokens;
  request.state = command.num_new_tokens == 0 ? State::loading : State::running;
  if (request.state == State::running && has(Feature::async_scheduling) && request.drafts == 0 &&
      request.computed >= request.num_tokens + request.placeholders) {
    ++request.placeholders;
  }
}

void Scheduler::refused(Request& request) {
  // What waits behind it would be refused as well, most of the time.
  if (request.state == State::waiting) blocked_ = true;
  if (++request.refusals >= patience) {
    request.refusals = 0;
    return soon(Do::drop, doing_.slot);
  }
  if (request.state != State::running || !has(Feature::preemption)) return;
  const std::uint32_t num_slots = static_cast<std::uint32_t>(requests_.size());
  const std::uint32_t first = random_.below(num_slots);
  for (std::uint32_t i = 0; i < num_slots; ++i) {
    const std::uint32_t victim = (first + i) % num_slots;
    if (requests_[victim].state != State::running) continue;
    if (victim != doing_.slot) soon(Do::schedule, doing_.slot);
    return soon(Do::preempt, victim);
  }
}

void Scheduler::saw(const GetBlockIds<Growing>&, const Result<GetBlockIds<Growing>::Observation>& result) {
  const BlockTables<Growing>& tables = result.value().result;
  for (std::size_t g = 0; g < tables.size(); ++g) {
    const bool recycles = std::ranges::find(tables[g], null_block) != tables[g].end();
    if (recycles) ++traffic_.recycled_of[static_cast<std::size_t>(served_.kinds[g])];
  }
}

void Scheduler::saw(const TakeEvents<Growing>&, const Result<TakeEvents<Growing>::Observation>& result) {
  for (const Event<Growing>& event : result.value().events) {
    const auto* removed = std::get_if<BlockRemoved<Growing>>(&event);
    if (removed == nullptr) continue;
    ++traffic_.evictions;
    // A caller beside the requests may name a group that there is not.
    if (removed->group_idx >= served_.kinds.size()) continue;
    ++traffic_.evictions_of[static_cast<std::size_t>(served_.kinds[removed->group_idx])];
  }
}

void Scheduler::saw(const ResetPrefixCache<Growing>&, const Result<ResetPrefixCache<Growing>::Observation>& result) {
  if (result.value().result) ++traffic_.resets;
}

}  // namespace kvspec::fuzz
