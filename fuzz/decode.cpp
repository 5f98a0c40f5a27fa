// The scheduler's decoding: a running request's share of a step, drafts, and the tokens that come out of it.
#include <algorithm>

#include "fuzz/scheduler.hpp"

namespace kvspec::fuzz {

// The rest of a prompt, or one token and drafts for those behind it.
bool Scheduler::schedule(Request& request) {
  if (request.state != State::running || budget_ == 0) return false;
  if (request.computed >= served_.longest) {
    soon(Do::drop, doing_.slot);
    return false;
  }
  const Count known = std::min(request.num_tokens + request.placeholders, served_.longest);
  if (known <= request.computed) return false;
  const Count missing = known - request.computed;
  Count wanted = chunk(request, request.computed, missing);
  if (wanted == 0) return false;
  request.drafts = 0;
  const bool decodes = request.placeholders == 0 && missing == 1;
  if (decodes) {
    const Count room = std::min({budget_, served_.chunk_budget, served_.longest - request.computed}) - wanted;
    const Count drafts = draw(Feature::drafts, 2, 3) ? random_.below(served_.most_drafts + 1) : 0;
    request.drafts = std::min(drafts, room);
    wanted += request.drafts;
    if (request.drafts < request.last_drafts) ++traffic_.fewer_drafts;
    request.last_drafts = request.drafts;
  }

  auto& command = buffer_.fresh<AllocateSlots<Growing>>();
  command.req = request.id;
  command.req_num_computed_tokens = request.computed;
  command.num_new_tokens = wanted;
  command.new_computed_blocks = random_.chance(1, 8) ? PassedHit::empty : PassedHit::none;
  command.num_lookahead_tokens = draw(Feature::lookahead, 2, 3) ? random_.below(most_lookahead + 1) : 0;
  command.delay_cache_blocks = request.delays && random_.chance(1, 2);
  if (!command.delay_cache_blocks) request.delays = false;
  return true;
}

// The step's result: sampled tokens are appended, rejected drafts taken back.
bool Scheduler::output(std::uint32_t slot) {
  Request& request = requests_[slot];
  if (request.state != State::running) return false;
  if (request.delays && random_.chance(1, 2)) soon(Do::cache_output, slot);
  const Count appended = accept(request);
  if (appended == 0) return false;

  auto& command = buffer_.fresh<AppendTokens<Growing>>();
  command.req = request.id;
  for (Count i = 0; i < appended; ++i) {
    const bool strays = random_.chance(1, 8);
    command.tokens.push_back(strays ? random_.below(8) : prompts_.output(request.shape, request.num_tokens + i));
  }
  request.num_tokens += appended;
  if (request.num_tokens >= request.goal || request.num_tokens > served_.longest) {
    soon(Do::drop, slot);
  } else if (has(Feature::async_scheduling)) {
    soon(Do::cache_output, slot);
  }
  return true;
}

// How many tokens the step has yielded.
Count Scheduler::accept(Request& request) {
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
  return appended;
}

}  // namespace kvspec::fuzz
