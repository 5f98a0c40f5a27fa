// One command of a run as plain numbers, and the command of the specification that it stands for.
#pragma once

#include <cstdint>

#include "fuzz/farm/storage.hpp"
#include "spec/commands.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::fuzz::farm {

enum class Op : std::uint8_t {
  none,
  add,
  append,
  look_up,
  allocate,
  cache,
  free,
  remove_skipped,
  evict,
  reset,
  new_step,
  take_new_block_ids,
  common_prefix,
  block_ids,
  take_stats,
};

struct Action {
  Op op = Op::none;
  std::uint8_t slot = 0;        // of the request, which is called by it
  bool flag = false;            // add: with log-probabilities; free: drop; look_up: it was preempted
  std::uint8_t num_tokens = 0;  // add, append
  std::uint64_t tokens = 0;     // of these, two bits each, the first lowest
  std::uint32_t blocks = 0;     // evict: a bit per block
  Count computed = 0;           // allocate, cache, remove_skipped
  Count fresh = 0;              // allocate: new tokens
  Count hit_tokens = 0;
  Count external = 0;
  Count lookahead = 0;
  bool passes_hit = false;
  bool delays_caching = false;
  bool must_fit = false;
};

template <class S>
KVSPEC_EXEC constexpr RequestId<S> name_of(std::uint32_t slot) {
  const char name[2] = {static_cast<char>('a' + slot), '\0'};
  return RequestId<S>(name);
}

template <class S>
KVSPEC_EXEC constexpr TokenList<S> tokens_of(const Action& action) {
  TokenList<S> tokens{};
  for (std::uint32_t i = 0; i < action.num_tokens; ++i)
    tokens.push_back(static_cast<Token>(action.tokens >> 2 * i & 3));
  return tokens;
}

template <class S>
KVSPEC_EXEC constexpr AllocateSlots<S> allocation_of(const Action& action) {
  AllocateSlots<S> command{};
  command.req = name_of<S>(action.slot);
  command.req_num_computed_tokens = action.computed;
  command.num_new_tokens = action.fresh;
  command.num_new_computed_tokens = action.hit_tokens;
  command.new_computed_blocks = action.passes_hit ? PassedHit::computed : PassedHit::none;
  command.num_lookahead_tokens = action.lookahead;
  command.num_external_computed_tokens = action.external;
  command.delay_cache_blocks = action.delays_caching;
  command.full_sequence_must_fit = action.must_fit;
  return command;
}

// Calls f with the command, in the storage of S. Nothing for Op::none.
template <class S, class F>
KVSPEC_EXEC constexpr void with_command(const Action& action, F&& f) {
  const RequestId<S> req = name_of<S>(action.slot);
  switch (action.op) {
    case Op::none:
      return;
    case Op::add: {
      AddRequest<S> command{};
      command.req = req;
      command.tokens = tokens_of<S>(action);
      if (action.flag) command.prompt_logprobs = 0;
      return f(command);
    }
    case Op::append:
      return f(AppendTokens<S>{req, tokens_of<S>(action)});
    case Op::look_up:
      return f(GetComputedBlocks<S>{req, action.flag ? 1U : 0U});
    case Op::allocate:
      return f(allocation_of<S>(action));
    case Op::cache:
      return f(CacheBlocks<S>{req, action.computed});
    case Op::free:
      return f(Free<S>{req, action.flag});
    case Op::remove_skipped:
      return f(RemoveSkippedBlocks<S>{req, action.computed});
    case Op::evict: {
      EvictBlocks<S> command{};
      for (BlockId b = 0; b < 32; ++b) {
        if ((action.blocks >> b & 1U) != 0) command.block_ids.push_back(b);
      }
      return f(command);
    }
    case Op::reset:
      return f(ResetPrefixCache<S>{});
    case Op::new_step:
      return f(NewStepStarts<S>{});
    case Op::take_new_block_ids:
      return f(TakeNewBlockIds<S>{});
    case Op::common_prefix:
      return f(GetNumCommonPrefixBlocks<S>{req});
    case Op::block_ids:
      return f(GetBlockIds<S>{req});
    case Op::take_stats:
      return f(TakeStats<S>{});
  }
}

}  // namespace kvspec::fuzz::farm
