#include "fuzz/scheduler.hpp"

#include <algorithm>
#include <charconv>

namespace kvspec::fuzz {

namespace {

constexpr Count most_drafts = 4;
constexpr Count patience = 4;  // refusals in a row before a request is dropped

void name_request(RequestId<Growing>& id, std::uint32_t number) {
  char digits[16] = {'r'};
  const auto end = std::to_chars(digits + 1, digits + sizeof digits, number).ptr;
  id.assign(digits, end);
}

bool lists_a_block_twice(const BlockTables<Growing>& hit) {
  for (const BlockList<Growing>& blocks : hit) {
    for (std::size_t i = 1; i < blocks.size(); ++i) {
      if (std::find(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(i), blocks[i]) !=
          blocks.begin() + static_cast<std::ptrdiff_t>(i)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

void Traffic::add(const Traffic& other) {
  operations += other.operations;
  requests += other.requests;
  look_ups += other.look_ups;
  hits += other.hits;
  allocations += other.allocations;
  refusals += other.refusals;
  preemptions += other.preemptions;
  loads += other.loads;
  drafts += other.drafts;
  evictions += other.evictions;
  resets += other.resets;
  errors += other.errors;
  unplanned_errors += other.unplanned_errors;
}

Scheduler::Scheduler(const Scenario& scenario)
    : features_(scenario.features),
      num_blocks_(static_cast<Count>(scenario.config.num_blocks)),
      block_size_(static_cast<Count>(scenario.config.effective_block_size(scenario.config.groups[0]))),
      max_model_len_(static_cast<Count>(scenario.config.max_model_len)),
      step_budget_(static_cast<Count>(scenario.config.max_num_batched_tokens.value_or(scenario.config.max_model_len))),
      random_(scenario.seed),
      prompts_(mix(scenario.seed), scenario.config, scenario.features),
      pool_(scenario.config),
      requests_(2 + random_.below(6)) {}

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

// ---- Planning
// ----------------------------------------------------------------------------------------------------------

void Scheduler::plan_step() {
  plan_.clear();
  const auto then = [&](Do what, std::uint32_t slot = 0) { plan_.push_back({what, slot}); };
  budget_ = has(Feature::chunked_prefill) ? step_budget_ : max_model_len_ * 8;
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
  const std::uint32_t rarity = has(Feature::rare_drains) ? 8 : 2;
  if (requests_[slot].state == State::running && random_.chance(1, 2)) plan_.push_back({Do::common_prefix, slot});
  if (random_.chance(1, 4)) plan_.push_back({Do::block_ids, slot});
  if (random_.chance(1, rarity)) plan_.push_back({Do::new_block_ids, 0});
  if (random_.chance(1, rarity)) plan_.push_back({Do::events, 0});
  if (random_.chance(1, 16)) plan_.push_back({Do::statistics, 0});
  if (random_.chance(1, 24)) plan_.push_back({Do::dump, 0});
}

// Every request gives its blocks back, then the prefix cache is reset. [POOL-13]
void Scheduler::plan_preempt_all() {
  soon(Do::reset);
  soon(Do::release_pool);
  for (std::uint32_t slot = 0; slot < requests_.size(); ++slot) soon(Do::preempt, slot);
}

// ---- Acting
// ----------------------------------------------------------------------------------------------------------

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
    case Do::look_up: {
      if (request.state != State::waiting) return false;
      auto& command = buffer_.fresh<GetComputedBlocks<Growing>>();
      command.req = request.id;
      command.num_preemptions = request.preemptions;
      return true;
    }
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
    case Do::skipped: {
      auto& command = buffer_.fresh<RemoveSkippedBlocks<Growing>>();
      command.req = request.id;
      command.total_computed_tokens = request.computed;
      return true;
    }
    default:
      return false;
  }
}

bool Scheduler::arrive() {
  const auto slot = std::ranges::find(requests_, State::gone, &Request::state);
  if (slot == requests_.end()) return false;
  const bool twin = next_id_ > 0 && draw(Feature::twins, 1, 4);
  if (!twin) last_shape_ = prompts_.draw(random_);

  // A dropped request's id may be used again. [FREE-03]
  const bool reuse_id = !slot->id.empty() && random_.chance(1, 4);
  RequestId<Growing> id = std::move(slot->id);
  *slot = Request{};
  slot->id = std::move(id);
  if (!reuse_id) name_request(slot->id, next_id_++);
  slot->shape = last_shape_;
  slot->state = State::waiting;
  slot->num_tokens = last_shape_.length;
  slot->goal = last_shape_.length + 1 + random_.below(random_.chance(1, 4) ? 3 * block_size_ + 1 : 4);

  auto& command = buffer_.fresh<AddRequest<Growing>>();
  command.req = slot->id;
  prompts_.write(last_shape_, command);
  doing_.slot = static_cast<std::uint32_t>(slot - requests_.begin());
  if (has(Feature::twins) && !twin && random_.chance(1, 8)) soon(Do::arrive);
  return true;
}

// A running request's share of this step.
bool Scheduler::schedule(Request& request) {
  if (request.state != State::running) return false;
  if (request.computed >= max_model_len_) {
    soon(Do::drop, doing_.slot);
    return false;
  }
  const Count known = request.num_tokens + request.placeholders;
  const bool decodes = request.placeholders == 0 && request.computed + 1 >= request.num_tokens;
  request.drafts = decodes && draw(Feature::drafts, 1, 2) ? 1 + random_.below(most_drafts) : 0;
  Count wanted = known > request.computed ? known - request.computed : 0;
  if (wanted == 0) return false;
  if (wanted > 1 && budget_ < wanted) {
    wanted = budget_;
    request.drafts = 0;
  }
  wanted = std::min(wanted + request.drafts, max_model_len_ - request.computed);
  if (wanted == 0) return false;
  request.drafts = std::min(request.drafts, wanted - 1);

  auto& command = buffer_.fresh<AllocateSlots<Growing>>();
  command.req = request.id;
  command.req_num_computed_tokens = request.computed;
  command.num_new_tokens = wanted;
  command.new_computed_blocks = random_.chance(1, 8) ? PassedHit::empty : PassedHit::none;
  command.num_lookahead_tokens = draw(Feature::lookahead, 2, 3) ? random_.below(most_drafts + 1) : 0;
  return true;
}

// The first allocation of a request, after its look-up.
bool Scheduler::admit(Request& request) {
  if (request.state != State::waiting) return false;
  const Count limit = std::min(request.num_tokens, max_model_len_);
  if (request.hit >= limit) return false;
  const Count missing = limit - request.hit;
  const bool loads = draw(Feature::external_async, 1, 3);
  request.external = loads                                               ? 1 + random_.below(missing)
                     : missing > 1 && draw(Feature::external_sync, 1, 4) ? 1 + random_.below(missing - 1)
                                                                         : 0;
  Count wanted = loads ? 0 : missing - request.external;
  if (!loads && budget_ < wanted) wanted = budget_;
  if (!loads && wanted == 0) return false;

  auto& command = buffer_.fresh<AllocateSlots<Growing>>();
  command.req = request.id;
  command.num_new_tokens = wanted;
  command.num_new_computed_tokens = request.hit;
  command.new_computed_blocks = request.hit > 0                             ? PassedHit::computed
                                : request.takes_hit && random_.chance(1, 2) ? PassedHit::computed
                                : random_.chance(1, 2)                      ? PassedHit::empty
                                                                            : PassedHit::none;
  command.num_lookahead_tokens = draw(Feature::lookahead, 1, 3) ? random_.below(most_drafts + 1) : 0;
  command.num_external_computed_tokens = request.external;
  command.delay_cache_blocks = loads || random_.chance(1, 32);
  command.full_sequence_must_fit = draw(Feature::gate, 2, 3);
  command.num_encoder_tokens = random_.chance(1, 32) ? random_.below(64) : 0;
  return true;
}

// A load has ended, in full or up to the first block that failed.
bool Scheduler::finish_load(Request& request) {
  if (request.state != State::loading) return false;
  if (random_.chance(1, 4)) {
    const Count loaded = request.computed - request.hit;
    request.computed = (request.hit + random_.below(loaded + 1)) / block_size_ * block_size_;
  }
  auto& command = buffer_.fresh<CacheBlocks<Growing>>();
  command.req = request.id;
  command.num_computed_tokens = request.computed;
  request.state = State::running;
  // The last token is computed here in any case, since it yields the next one.
  if (request.computed >= request.num_tokens) request.computed = request.num_tokens - 1;
  return true;
}

// The step's result: sampled tokens are appended, rejected drafts taken back.
bool Scheduler::output(std::uint32_t slot) {
  Request& request = requests_[slot];
  if (request.state != State::running) return false;
  Count appended = 0;
  if (request.placeholders > 0) {
    // With asynchronous scheduling the token of this step may come during the next one.
    appended = request.placeholders - (request.placeholders == 1 && request.scheduled ? random_.below(2) : 0);
    request.placeholders -= appended;
  } else if (request.scheduled && request.computed >= request.num_tokens) {
    const Count accepted = random_.chance(1, 3) ? request.drafts : random_.below(request.drafts + 1);
    traffic_.drafts += request.drafts - accepted;
    request.computed -= request.drafts - accepted;
    appended = accepted + 1;
  }
  request.drafts = 0;
  if (appended == 0) return false;

  auto& command = buffer_.fresh<AppendTokens<Growing>>();
  command.req = request.id;
  for (Count i = 0; i < appended; ++i) {
    const bool strays = random_.chance(1, 8);
    command.tokens.push_back(strays ? random_.below(8) : prompts_.output(request.shape, request.num_tokens + i));
  }
  request.num_tokens += appended;
  if (request.num_tokens >= request.goal || request.num_tokens > max_model_len_) {
    soon(Do::drop, slot);
  } else if (has(Feature::async_scheduling)) {
    soon(Do::cache_output, slot);
  }
  return true;
}

void Scheduler::evict() {
  auto& command = buffer_.fresh<EvictBlocks<Growing>>();
  for (std::uint32_t i = random_.below(4); i > 0; --i) command.block_ids.push_back(random_.below(num_blocks_));
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

// ---- Observing
// ----------------------------------------------------------------------------------------------------------

void Scheduler::failed(Error error) {
  ++traffic_.errors;
  if (doing_.what == Do::mistake || doing_.what == Do::pool || doing_.what == Do::release_pool) return;
  ++traffic_.unplanned_errors;
  // A stale hit is looked up again in the next step; after anything else the request is of no use any more.
  if (doing_.what == Do::admit && error.clause == Clause::alloc_04) return;
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
  ++traffic_.look_ups;
  if (result.value().num_computed_tokens > 0) ++traffic_.hits;
  if (doing_.what != Do::look_up) return;
  Request& request = requests_[doing_.slot];
  // Where hashes collide, a hit can list a block twice; a scheduler that saw it would compute the tokens instead.
  request.hit = lists_a_block_twice(result.value().blocks) ? 0 : result.value().num_computed_tokens;
  request.takes_hit = request.hit == result.value().num_computed_tokens;
  if (draw(Feature::repeats, 1, 16)) return soon(Do::look_up, doing_.slot);
  soon(Do::admit, doing_.slot);
  if (!draw(Feature::stale_hits, 1, 6)) return;
  const std::uint32_t other = random_.below(static_cast<std::uint32_t>(requests_.size()));
  if (random_.chance(1, 2)) return soon(Do::evict);
  soon(requests_[other].state == State::running ? Do::schedule : Do::look_up, other);
}

void Scheduler::saw(const AllocateSlots<Growing>& command, const Result<AllocateSlots<Growing>::Observation>& result) {
  ++(result.value().result ? traffic_.allocations : traffic_.refusals);
  if (doing_.what != Do::schedule && doing_.what != Do::admit && doing_.what != Do::repeat) return;
  Request& request = requests_[doing_.slot];
  if (result.value().result) return granted(request, command);
  // A refusal changes nothing, so the same call is refused again. [I29]
  if (doing_.what != Do::repeat && draw(Feature::repeats, 1, 8)) return soon(Do::repeat, doing_.slot);
  refused(request);
}

void Scheduler::granted(Request& request, const AllocateSlots<Growing>& command) {
  request.refusals = 0;
  request.scheduled = true;
  budget_ -= std::min(budget_, command.num_new_tokens);
  if (command.num_external_computed_tokens > 0) ++traffic_.loads;
  request.computed = command.req_num_computed_tokens + command.num_new_computed_tokens +
                     command.num_external_computed_tokens + command.num_new_tokens;
  request.state = command.num_new_tokens == 0 ? State::loading : State::running;
  if (request.state == State::running && has(Feature::async_scheduling) && request.drafts == 0 &&
      request.computed >= request.num_tokens + request.placeholders) {
    ++request.placeholders;
  }
}

void Scheduler::refused(Request& request) {
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

void Scheduler::saw(const TakeEvents<Growing>&, const Result<TakeEvents<Growing>::Observation>& result) {
  for (const Event<Growing>& event : result.value().events) {
    if (std::holds_alternative<BlockRemoved<Growing>>(event)) ++traffic_.evictions;
  }
}

void Scheduler::saw(const ResetPrefixCache<Growing>&, const Result<ResetPrefixCache<Growing>::Observation>& result) {
  if (result.value().result) ++traffic_.resets;
}

void Scheduler::forget_blocks(Request& request) {
  if (request.state != State::waiting) ++request.preemptions;
  request.state = State::waiting;
  request.scheduled = false;
  request.computed = 0;
  request.hit = 0;
  request.drafts = 0;
  request.placeholders = 0;
}

}  // namespace kvspec::fuzz
