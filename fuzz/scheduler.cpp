#include "fuzz/scheduler.hpp"

#include <algorithm>
#include <variant>

namespace kvspec::fuzz {

Scheduler::Scheduler(const Scenario& scenario)
    : features_(scenario.features),
      served_(scenario.config),
      random_(scenario.seed),
      prompts_(mix(scenario.seed), scenario.config, scenario.features),
      pool_(scenario.config),
      requests_(scenario.num_requests > 0 ? scenario.num_requests : 2 + random_.below(6)) {
  // Some servers keep long prompts from filling a step.
  threshold_ = served_.longest;
  if (draw(Feature::chunked_prefill, 1, 3)) {
    threshold_ = 1 + random_.below(2 * std::min(served_.block_size, served_.longest) + 1);
  }
  if (served_.ends_at_blocks) threshold_ = std::max(threshold_, served_.block_size);
}

const Command<Growing>& Scheduler::next() {
  for (;;) {
    if (agenda_.empty()) plan_step();
    doing_ = agenda_.back();
    agenda_.pop_back();
    if (draw(Feature::mistakes, 1, 24)) {
      agenda_.push_back(doing_);
      doing_ = {Do::mistake, 0};
    }
    if (perform(doing_)) return buffer_.current();
  }
}

void Scheduler::observe(const Command<Growing>& command, const Result<Observation<Growing>>& result) {
  std::visit(
      [&]<class C>(const C& c) {
        using Answer = typename C::Observation;
        observe(c, result ? Result<Answer>(std::get<Answer>(result.value())) : Result<Answer>(result.error()));
      },
      command);
}

bool Scheduler::perform(Action action) {
  switch (action.what) {
    case Do::begin_step:
      buffer_.fresh<NewStepStarts<Growing>>();
      return true;
    case Do::arrive:
      return arrive();
    case Do::new_block_ids:
      buffer_.fresh<TakeNewBlockIds<Growing>>();
      return true;
    case Do::events:
      buffer_.fresh<TakeEvents<Growing>>();
      return true;
    case Do::statistics:
      buffer_.fresh<TakeStats<Growing>>();
      return true;
    case Do::dump:
      buffer_.fresh<DumpState<Growing>>();
      return true;
    case Do::evict:
      evict();
      return true;
    case Do::pool:
      pool_.next(random_, some_request(), buffer_);
      return true;
    case Do::release_pool:
      return pool_.release_all(buffer_);
    case Do::reset:
      buffer_.fresh<ResetPrefixCache<Growing>>();
      return true;
    case Do::mistake:
      make_mistake();
      return true;
    case Do::repeat:
      return true;  // the buffer still holds the command
    default:
      return perform_on(action.what, action.slot);
  }
}

bool Scheduler::perform_on(Do what, std::uint32_t slot) {
  Request& request = requests_[slot];
  if (request.state == State::gone) return false;
  switch (what) {
    case Do::schedule:
      return schedule(request);
    case Do::look_up:
      return look_up(request);
    case Do::admit:
      return admit(request);
    case Do::finish_load:
      return finish_load(request);
    case Do::output:
      return output(slot);
    case Do::cache_output: {
      auto& command = buffer_.fresh<CacheBlocks<Growing>>();
      command.req = request.id;
      command.num_computed_tokens = std::min(request.computed, request.num_tokens);
      request.delays = false;
      return true;
    }
    case Do::drop:
    case Do::preempt: {
      auto& command = buffer_.fresh<Free<Growing>>();
      command.req = request.id;
      command.drop = what == Do::drop;
      if (!command.drop && request.state != State::waiting) ++traffic_.preemptions;
      forget_blocks(request);
      if (command.drop) request.state = State::gone;
      return true;
    }
    case Do::common_prefix:
      buffer_.fresh<GetNumCommonPrefixBlocks<Growing>>().req = request.id;
      return true;
    case Do::block_ids:
      buffer_.fresh<GetBlockIds<Growing>>().req = request.id;
      return true;
    case Do::skipped:
      remove_skipped(request);
      return true;
    default:
      return false;
  }
}

void Scheduler::evict() {
  auto& command = buffer_.fresh<EvictBlocks<Growing>>();
  for (std::uint32_t i = random_.below(4); i > 0; --i) command.block_ids.push_back(random_.below(served_.num_blocks));
}

// Tokens that are computed for certain: with more the blocks that the next step reads would go.
void Scheduler::remove_skipped(const Request& request) {
  auto& command = buffer_.fresh<RemoveSkippedBlocks<Growing>>();
  command.req = request.id;
  command.total_computed_tokens = random_.chance(1, 4) ? random_.below(request.computed + 1) : request.computed;
}

const RequestId<Growing>& Scheduler::some_request() {
  const std::uint32_t num_slots = static_cast<std::uint32_t>(requests_.size());
  const std::uint32_t first = random_.below(num_slots);
  for (std::uint32_t i = 0; i < num_slots; ++i) {
    const Request& request = requests_[(first + i) % num_slots];
    if (request.state != State::gone) return request.id;
  }
  static const RequestId<Growing> nobody;
  return nobody;
}

void Scheduler::forget_blocks(Request& request) {
  if (request.state != State::waiting) ++request.preemptions;
  request.state = State::waiting;
  request.scheduled = false;
  request.delays = false;
  request.computed = 0;
  request.hit = 0;
  request.drafts = 0;
  request.last_drafts = 0;
  request.placeholders = 0;
}

}  // namespace kvspec::fuzz
