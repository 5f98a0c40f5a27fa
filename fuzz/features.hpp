// What a random run may do. Each run draws its own set ("swarm testing"): a feature that is always on can hide another
// one, for example evictions that keep the cache so empty that nothing is ever hit.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace kvspec::fuzz {

enum class Feature : std::uint8_t {
  shared_prefixes,   // prompts that part from each other around block boundaries
  twins,             // two requests with the same prompt in one step
  chunked_prefill,   // prompts are split to fill the token budget of a step; otherwise they wait for one they fit in
  drafts,            // speculative tokens, accepted fully, in part or not at all; as many as in the step before, or not
  lookahead,         // slots for a drafter beyond the new tokens
  gate,              // full_sequence_must_fit
  external_async,    // tokens loaded from elsewhere, cached when the load has finished
  external_sync,     // tokens loaded from elsewhere within the step
  delays,            // caching is delayed without a load, and made up for later
  async_scheduling,  // the next step is scheduled before the sampled token is known
  preemption,        // a refused request takes the blocks of another one
  preempt_all,       // everything is preempted, then the prefix cache is reset
  aborts,            // requests are dropped at any point
  eviction,          // blocks are evicted by id
  stale_hits,        // blocks are evicted, or other requests run, between look-up and allocation
  unknown_tables,    // common prefixes of requests without a block table [FREE-06]
  repeats,           // look-ups and refused allocations are repeated [I29]
  lora,
  salts,
  multimodal,
  embeddings,
  prompt_logprobs,
  wide_tokens,  // token ids of every encoded width, and negative ones
  pool_level,   // a caller beside the requests takes, touches, caches and frees blocks
  mistakes,     // commands that break a precondition
  rare_drains,  // events and new block ids are taken seldom
  count,
};

class Features {
 public:
  constexpr Features() = default;
  constexpr Features(std::initializer_list<Feature> on) {
    for (const Feature feature : on) set(feature, true);
  }

  constexpr bool has(Feature feature) const { return ((bits_ >> static_cast<unsigned>(feature)) & 1U) != 0; }
  constexpr void set(Feature feature, bool on) {
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(feature);
    bits_ = on ? bits_ | bit : bits_ & ~bit;
  }
  constexpr void add(Features others) { bits_ |= others.bits_; }
  constexpr void remove(Features others) { bits_ &= ~others.bits_; }
  constexpr std::uint64_t bits() const { return bits_; }

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace kvspec::fuzz
