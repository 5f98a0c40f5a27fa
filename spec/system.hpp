// What it is to be a manager: the shape that the model, every implementation and every adapter have in common.
//
// step(command) returns the command's observation, or the first clause the command breaks; then nothing has changed.
// A command's preconditions are checked in this order, so that two systems report the same clause:
//
//   AddRequest            REQ-01, REQ-03, REQ-04 (offending: index of the first item out of order), REQ-05 (number of
//                         values)
//   AppendTokens, GetComputedBlocks, Free, RemoveSkippedBlocks, GetNumCommonPrefixBlocks, GetBlockIds   REQ-02
//   AllocateSlots         REQ-02, ALLOC-01, ALLOC-06 (end), ALLOC-05 (req_num_computed_tokens),
//                         ALLOC-02 (num_new_computed_tokens), ALLOC-03 (blocks held), ALLOC-04 (first stale block),
//                         ALLOC-19 (blocks required), CACHE-04 (first block that has a hash), ALLOC-18 (end)
//   CacheBlocks           REQ-02; with caching on, if the range is not empty: CACHE-02, CACHE-03 (both:
//                         num_computed_tokens), CACHE-04 (block)
//   EvictBlocks           POOL-12 (block)
//   PoolGetNewBlocks      POOL-04 (num_blocks)
//   PoolTouch             POOL-12 (block)
//   PoolFreeBlocks        POOL-12, POOL-08 (both: block)
//   PoolCacheFullBlocks   REQ-02, POOL-12 (block); if the range is not empty: CACHE-02, CACHE-03 (both:
//                         num_full_blocks), POOL-08, CACHE-04 (both: block; a block listed twice has a hash the
//                         second time)
//   PoolGetCachedBlock    REQ-02, CACHE-03 (index)
//
// In brackets stands what Error::offending holds; it is 0 for the others. `end` is the sum of computed, hit, external
// and new tokens. ALLOC-18 comes after the refusals: an allocation that is refused, at the gate or after it, does not
// break it. With several groups the checks of a clause run over the groups in order before the next clause is
// considered; only CACHE-02 and CACHE-03 are checked together, group by group.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/result.hpp"

namespace kvspec {

template <class T, class S>
concept System = requires(T& system, const T& constant, const Config<S>& config, const AllocateSlots<S>& command) {
  { T::create(config) } -> std::same_as<Result<T>>;
  { system.step(command) } -> std::same_as<Result<typename AllocateSlots<S>::Observation>>;
  { constant.view() } -> std::same_as<View<S>>;
};

// What a command returned, for code that handles every command alike.
template <class S>
using Observation =
    std::variant<Done, typename AddRequest<S>::Observation, typename AppendTokens<S>::Observation,
                 typename GetComputedBlocks<S>::Observation, typename AllocateSlots<S>::Observation,
                 typename Free<S>::Observation, typename ResetPrefixCache<S>::Observation,
                 typename TakeNewBlockIds<S>::Observation, typename TakeEvents<S>::Observation,
                 typename GetNumCommonPrefixBlocks<S>::Observation, typename GetBlockIds<S>::Observation,
                 PrefixCacheStats, StateDump<S>, typename PoolGetNewBlocks<S>::Observation,
                 typename PoolGetCachedBlock<S>::Observation>;

template <class T, class S>
Result<Observation<S>> step(T& system, const Command<S>& command) {
  return std::visit(
      [&](const auto& c) -> Result<Observation<S>> {
        auto result = system.step(c);
        if (!result) return result.error();
        return Observation<S>(std::move(result.value()));
      },
      command);
}

}  // namespace kvspec
