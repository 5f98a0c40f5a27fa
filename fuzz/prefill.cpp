// The scheduler's prefill: a request arrives, is looked up, is admitted with its hit and what is loaded from elsewhere,
// and is computed in chunks.
#include <algorithm>
#include <charconv>

#include "fuzz/scheduler.hpp"

namespace kvspec::fuzz {

namespace {

void name_request(RequestId<Growing>& id, std::uint32_t number) {
  char digits[16] = {'r'};
  const auto end = std::to_chars(digits + 1, digits + sizeof digits, number).ptr;
  id.assign(digits, end);
}

}  // namespace

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
  slot->num_prompt_tokens = slot->num_tokens = last_shape_.length;
  const Count more = random_.chance(1, 4) ? 3 * std::min(served_.block_size, served_.longest) + 1 : 4;
  slot->goal = last_shape_.length + 1 + random_.below(more);
  slot->encoder = served_.encodes && !random_.chance(1, 8) ? 1 + random_.below(3 * served_.block_size) : 0;

  auto& command = buffer_.fresh<AddRequest<Growing>>();
  command.req = slot->id;
  prompts_.write(last_shape_, command);
  doing_.slot = static_cast<std::uint32_t>(slot - requests_.begin());
  if (has(Feature::twins) && !twin && random_.chance(1, 8)) soon(Do::arrive);
  return true;
}

bool Scheduler::look_up(const Request& request) {
  if (request.state != State::waiting || budget_ == 0) return false;
  if (blocked_ && random_.chance(3, 4)) return false;
  auto& command = buffer_.fresh<GetComputedBlocks<Growing>>();
  command.req = request.id;
  command.num_preemptions = request.preemptions;
  return true;
}

// The first allocation of a request, after its look-up.
bool Scheduler::admit(Request& request) {
  if (request.state != State::waiting) return false;
  const Count limit = std::min(request.num_tokens, served_.longest);
  if (request.hit >= limit) return false;
  const bool async = draw(Feature::external_async, 1, 3);
  request.external = async || draw(Feature::external_sync, 1, 3) ? tokens_to_load(request, !async) : 0;
  const bool loads = async && request.external > 0;
  const Count computed = request.hit + request.external;
  const Count wanted = loads ? 0 : chunk(request, computed, limit - computed);
  if (!loads && wanted == 0) return false;

  auto& command = buffer_.fresh<AllocateSlots<Growing>>();
  command.req = request.id;
  command.num_new_tokens = wanted;
  command.num_new_computed_tokens = request.hit;
  command.new_computed_blocks = request.hit > 0                             ? PassedHit::computed
                                : request.takes_hit && random_.chance(1, 2) ? PassedHit::computed
                                : random_.chance(1, 2)                      ? PassedHit::empty
                                                                            : PassedHit::none;
  command.num_lookahead_tokens = draw(Feature::lookahead, 1, 3) ? random_.below(most_lookahead + 1) : 0;
  command.num_external_computed_tokens = request.external;
  request.delays = !loads && draw(Feature::delays, 1, 12);
  command.delay_cache_blocks = loads || request.delays;
  command.full_sequence_must_fit = draw(Feature::gate, 2, 3);
  command.num_encoder_tokens = request.encoder;
  return true;
}

// Tokens that another server has computed, 0 if there are none worth loading. At once: a token is left to compute.
Count Scheduler::tokens_to_load(const Request& request, bool at_once) {
  const Count limit = std::min(request.num_tokens, served_.longest);
  const Count most = limit - request.hit - (at_once || served_.has_state ? 1 : 0);
  if (most == 0) return 0;
  const Count external = random_.chance(1, 3) ? most : 1 + random_.below(most);
  if (!served_.ends_at_blocks) return external;
  // A state is computed from another state at a block's end.
  const Count end = (request.hit + external) / served_.block_size * served_.block_size;
  return end > request.hit ? end - request.hit : 0;
}

// A load has ended, in full or up to the first block that failed. Where groups have let go of blocks on its account
// nothing is left to start from, and the request begins again.
bool Scheduler::finish_load(Request& request) {
  if (request.state != State::loading) return false;
  if (random_.chance(1, 4)) {
    if (!served_.loads_in_part) {
      soon(Do::preempt, doing_.slot);
      return false;
    }
    const Count loaded = request.computed - request.hit;
    request.computed = (request.hit + random_.below(loaded + 1)) / served_.block_size * served_.block_size;
  }
  auto& command = buffer_.fresh<CacheBlocks<Growing>>();
  command.req = request.id;
  command.num_computed_tokens = request.computed;
  request.state = State::running;
  // The last token is computed here in any case, since it yields the next one.
  if (request.computed >= request.num_tokens) request.computed = request.num_tokens - 1;
  return true;
}

// How many of `wanted` tokens after `computed` a request may compute in this step; 0 if it has to wait.
Count Scheduler::chunk(const Request& request, Count computed, Count wanted) {
  const bool waits = !has(Feature::chunked_prefill) && wanted > budget_ && budget_ < served_.step_budget;
  if (waits) return 0;
  const Count tokens = std::min({wanted, budget_, served_.chunk_budget, std::max<Count>(threshold_, 1)});
  const bool prefills = computed < std::max(request.num_prompt_tokens, request.num_tokens - 1);
  const Count chosen = served_.ends_at_blocks && prefills ? end_at_block(request, computed, tokens) : tokens;
  // What does not fit into a whole step never will.
  if (chosen == 0 && tokens > 0 && budget_ >= served_.step_budget) soon(Do::drop, doing_.slot);
  return chosen;
}

// A state is cached at the end of a chunk only, so chunks end at scheduler blocks; the last one ends with the prompt.
// With EAGLE the last block of a hit is dropped, so the last state worth keeping is one block earlier.
Count Scheduler::end_at_block(const Request& request, Count computed, Count wanted) const {
  const Count size = served_.block_size;
  Count last = request.num_tokens / size * size;
  if (served_.use_eagle) last -= std::min(last, size);
  const Count end = computed + wanted;
  if (end < last) return wanted / size * size;
  if (computed < last) return last - computed;
  return wanted;
}

}  // namespace kvspec::fuzz
