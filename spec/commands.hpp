// The commands of a manager, each next to its observation. One description serves every use: the trace codec, the
// printer, the diff, the fuzzer's byte decoder and the generators are derived from these structs by reflection, so a
// new member is one edit here and one in each of model and implementation.
//
// Members have the names of the trace format. Always value-initialise a command ({}): every number is then 0, every
// flag false, every optional absent, and new_computed_blocks is none.
#pragma once

#include <boost/hana/define_struct.hpp>
#include <cstdint>
#include <optional>
#include <variant>

#include "spec/dump.hpp"
#include "spec/events.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec {

// A multimodal item: placeholder tokens offset .. offset + length - 1 of the prompt. [HASH-07]
template <class S>
struct MultimodalItem {
  BOOST_HANA_DEFINE_STRUCT(MultimodalItem, (Text<S>, id), (Count, offset), (Count, length));
  bool operator==(const MultimodalItem&) const = default;
};
template <class S>
using MultimodalItems = typename S::template list<MultimodalItem<S>, Bound::items>;

template <class S>
struct Lora {
  BOOST_HANA_DEFINE_STRUCT(Lora, (Text<S>, name), (std::int64_t, id));
  bool operator==(const Lora&) const = default;
};

// Prompt embeddings: row-major float32, values.size() = rows * width; in a trace a list of rows. [REQ-05]
template <class S>
struct PromptEmbeds {
  FloatList<S> values{};
  Count width = 0;
  bool operator==(const PromptEmbeds&) const = default;
};

// Which hit allocate_slots is given. [LOOK-05]
enum class PassedHit : std::uint8_t {
  none,      // the argument is absent
  empty,     // the empty value
  computed,  // what the last get_computed_blocks of the request returned
};

// ---- Requests --------------------------------------------------------------------------------------------------

// Makes a request live and hashes its full blocks. REQ-01, REQ-03 .. REQ-06, REQ-08, HASH-12
template <class S>
struct AddRequest {
  static constexpr const char* op = "new_request";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation,
      (DigestList<S>, block_hashes),  // one per full hash block
      (Count, num_tokens),
      (bool, skip_reading_prefix_cache));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(AddRequest,
    (RequestId<S>, req),
    (TokenList<S>, tokens),
    (std::optional<MultimodalItems<S>>, mm),
    (std::optional<Lora<S>>, lora),
    (std::optional<Text<S>>, cache_salt),       // the empty salt is no salt
    (std::optional<Count>, prompt_logprobs),    // present, even 0: never reads the prefix cache
    (std::optional<PromptEmbeds<S>>, prompt_embeds),
    (std::optional<Count>, max_tokens));  // informative
  bool operator==(const AddRequest&) const = default;
};

// Appends tokens one by one, as decoding does. REQ-02, REQ-07
template <class S>
struct AppendTokens {
  static constexpr const char* op = "append";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation, (Count, num_tokens), (DigestList<S>, new_block_hashes));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(AppendTokens, (RequestId<S>, req), (TokenList<S>, tokens));
  bool operator==(const AppendTokens&) const = default;
};

// ---- Look-up, allocation, caching, freeing -------------------------------------------------------------------------

// Finds the longest cached prefix and remembers it for allocate_slots. LOOK-*
template <class S>
struct GetComputedBlocks {
  static constexpr const char* op = "get_computed_blocks";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation,
      (BlockTables<S>, blocks),  // one list per group
      (Count, num_computed_tokens));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(GetComputedBlocks, (RequestId<S>, req), (Count, num_preemptions));
  bool operator==(const GetComputedBlocks&) const = default;
};

// Gives a request the blocks its next step needs. ALLOC-*, CACHE-*
template <class S>
struct AllocateSlots {
  static constexpr const char* op = "allocate_slots";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation,
      (std::optional<BlockTables<S>>, result),  // new block ids per group; absent: refused
      (Count, num_free));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(AllocateSlots,
    (RequestId<S>, req),
    (Count, req_num_computed_tokens),       // of the request, before the call
    (Count, num_new_tokens),                // to be computed in this step, drafts included
    (Count, num_new_computed_tokens),       // length of the passed hit
    (PassedHit, new_computed_blocks),
    (Count, num_lookahead_tokens),          // slots for a drafter, beyond the new tokens
    (Count, num_external_computed_tokens),  // computed elsewhere, to be loaded
    (bool, delay_cache_blocks),
    (Count, num_encoder_tokens),
    (bool, full_sequence_must_fit));  // the admission gate
  bool operator==(const AllocateSlots&) const = default;
};

// Caches what a delayed allocation left uncached. CACHE-*
template <class S>
struct CacheBlocks {
  static constexpr const char* op = "cache_blocks";
  using Observation = Done;
  BOOST_HANA_DEFINE_STRUCT(CacheBlocks, (RequestId<S>, req), (Count, num_computed_tokens));
  bool operator==(const CacheBlocks&) const = default;
};

// Returns the blocks of a request: finished or aborted (drop) or preempted. FREE-01 .. FREE-03
template <class S>
struct Free {
  static constexpr const char* op = "free";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation, (Count, num_free));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(Free, (RequestId<S>, req), (bool, drop));
  bool operator==(const Free&) const = default;
};

// Frees the blocks no later token attends to. FREE-04
template <class S>
struct RemoveSkippedBlocks {
  static constexpr const char* op = "remove_skipped_blocks";
  using Observation = typename Free<S>::Observation;
  BOOST_HANA_DEFINE_STRUCT(RemoveSkippedBlocks, (RequestId<S>, req), (Count, total_computed_tokens));
  bool operator==(const RemoveSkippedBlocks&) const = default;
};

// Removes blocks from the prefix cache by id, in the listed order. POOL-11, POOL-12
template <class S>
struct EvictBlocks {
  static constexpr const char* op = "evict_blocks";
  using Observation = Done;
  BOOST_HANA_DEFINE_STRUCT(EvictBlocks, (BlockList<S>, block_ids));
  bool operator==(const EvictBlocks&) const = default;
};

// Forgets every cached block, if no block is in use. POOL-13, EVENT-05, STAT-02
template <class S>
struct ResetPrefixCache {
  static constexpr const char* op = "reset_prefix_cache";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation, (bool, result));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(ResetPrefixCache);
  bool operator==(const ResetPrefixCache&) const = default;
};

// A scheduler step begins: what earlier steps cached is computed now. [MAMBA-02]
template <class S>
struct NewStepStarts {
  static constexpr const char* op = "new_step_starts";
  using Observation = Done;
  BOOST_HANA_DEFINE_STRUCT(NewStepStarts);
  bool operator==(const NewStepStarts&) const = default;
};

// ---- What a server reads --------------------------------------------------------------------------------------------

// Drains the ids of newly allocated blocks, group by group. ALLOC-15
template <class S>
struct TakeNewBlockIds {
  static constexpr const char* op = "take_new_block_ids";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation, (BlockList<S>, result));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(TakeNewBlockIds);
  bool operator==(const TakeNewBlockIds&) const = default;
};

// Drains the events. EVENT-06, EVENT-07
template <class S>
struct TakeEvents {
  static constexpr const char* op = "take_events";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation, (EventList<S>, events));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(TakeEvents);
  bool operator==(const TakeEvents&) const = default;
};

// Leading blocks of the request that every table of the group shares. FREE-05, FREE-06
template <class S>
struct GetNumCommonPrefixBlocks {
  static constexpr const char* op = "get_num_common_prefix_blocks";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation, (CountList<S>, result));  // per group
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(GetNumCommonPrefixBlocks, (RequestId<S>, req));
  bool operator==(const GetNumCommonPrefixBlocks&) const = default;
};

// The block tables of a request; empty where it has none.
template <class S>
struct GetBlockIds {
  static constexpr const char* op = "get_block_ids";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation, (BlockTables<S>, result));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(GetBlockIds, (RequestId<S>, req));
  bool operator==(const GetBlockIds&) const = default;
};

// Takes the prefix-cache statistics. STAT-*
template <class S>
struct TakeStats {
  static constexpr const char* op = "make_prefix_cache_stats";
  using Observation = PrefixCacheStats;
  BOOST_HANA_DEFINE_STRUCT(TakeStats);
  bool operator==(const TakeStats&) const = default;
};

// The dump of the state that the trace format records. Changes nothing.
template <class S>
struct DumpState {
  static constexpr const char* op = "state";
  using Observation = StateDump<S>;
  BOOST_HANA_DEFINE_STRUCT(DumpState);
  bool operator==(const DumpState&) const = default;
};

// ---- Pool level: what a caller beside the requests may do with blocks -----------------------------

// Takes blocks for the caller, who then holds each once. POOL-03, POOL-04
template <class S>
struct PoolGetNewBlocks {
  static constexpr const char* op = "pool_get_new_blocks";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation, (BlockList<S>, blocks));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(PoolGetNewBlocks, (Count, num_blocks));
  bool operator==(const PoolGetNewBlocks&) const = default;
};

// Touches blocks for the caller, who then holds each once more. POOL-05, POOL-12
template <class S>
struct PoolTouch {
  static constexpr const char* op = "pool_touch";
  using Observation = Done;
  BOOST_HANA_DEFINE_STRUCT(PoolTouch, (BlockList<S>, block_ids));
  bool operator==(const PoolTouch&) const = default;
};

// Lets go of blocks the caller holds. POOL-06 .. POOL-08, POOL-12
template <class S>
struct PoolFreeBlocks {
  static constexpr const char* op = "pool_free_blocks";
  using Observation = typename Free<S>::Observation;
  BOOST_HANA_DEFINE_STRUCT(PoolFreeBlocks, (BlockList<S>, block_ids), (bool, prepend));
  bool operator==(const PoolFreeBlocks&) const = default;
};

// Caches blocks the caller holds (or null blocks) as blocks num_cached_blocks .. num_full_blocks - 1 of a request; the
// list starts at the request's block 0. The group may be one the configuration does not have. CACHE-02 .. CACHE-05
template <class S>
struct PoolCacheFullBlocks {
  static constexpr const char* op = "pool_cache_full_blocks";
  using Observation = Done;
  BOOST_HANA_DEFINE_STRUCT(PoolCacheFullBlocks,
    (RequestId<S>, req),
    (BlockList<S>, block_ids),
    (Count, num_cached_blocks),
    (Count, num_full_blocks),
    (GroupId, group));
  bool operator==(const PoolCacheFullBlocks&) const = default;
};

// The first block that the index holds for block `index` of the request in each listed group; absent if any group
// misses. Records no statistics. POOL-09
template <class S>
struct PoolGetCachedBlock {
  static constexpr const char* op = "pool_get_cached_block";
  struct Observation {
    BOOST_HANA_DEFINE_STRUCT(Observation, (std::optional<BlockList<S>>, blocks));
    bool operator==(const Observation&) const = default;
  };
  BOOST_HANA_DEFINE_STRUCT(PoolGetCachedBlock, (RequestId<S>, req), (Count, index), (CountList<S>, groups));
  bool operator==(const PoolGetCachedBlock&) const = default;
};

// Every command, in the order of this file. Appending keeps the byte decoder's meaning of old inputs.
template <class S>
using Command =
    std::variant<AddRequest<S>, AppendTokens<S>, GetComputedBlocks<S>, AllocateSlots<S>, CacheBlocks<S>, Free<S>,
                 RemoveSkippedBlocks<S>, EvictBlocks<S>, ResetPrefixCache<S>, NewStepStarts<S>, TakeNewBlockIds<S>,
                 TakeEvents<S>, GetNumCommonPrefixBlocks<S>, GetBlockIds<S>, TakeStats<S>, DumpState<S>,
                 PoolGetNewBlocks<S>, PoolTouch<S>, PoolFreeBlocks<S>, PoolCacheFullBlocks<S>, PoolGetCachedBlock<S>>;

}  // namespace kvspec
