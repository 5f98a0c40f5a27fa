// What of a state can be seen from outside.
//
//   StateDump  what the trace format records of a state.
//   View       all that can be seen of a state. What only a later command shows is not in it: of a request the tokens
//              that no hash covers yet, how many came with it, what beside them goes into its hashes (LoRA, items,
//              salt, embeddings), whether it skips look-ups, and what STAT-01 has still to count of the last one.
//
// Both are canonical: lists keyed by a block are ordered by block id, lists keyed by a request by its id (as bytes),
// duplicates by key (hash bytes, then group). Equal states have equal dumps.
#pragma once

#include <boost/hana/define_struct.hpp>
#include <cstdint>
#include <optional>

#include "spec/events.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec {

// Prefix-cache statistics since they were last taken; tokens for queries and hits. [STAT-*]
struct PrefixCacheStats {
  BOOST_HANA_DEFINE_STRUCT(PrefixCacheStats,
    (bool, reset),
    (std::uint64_t, requests),
    (std::uint64_t, queries),
    (std::uint64_t, hits),
    (std::uint64_t, preempted_requests),
    (std::uint64_t, preempted_queries),
    (std::uint64_t, preempted_hits));
  bool operator==(const PrefixCacheStats&) const = default;
};

// Present in recordings, never compared: the null block's count is not part of the semantics.
struct Informative {
  std::int64_t value = 0;
  KVSPEC_EXEC constexpr bool operator==(const Informative&) const { return true; }
};

// An entry of an object keyed by block id or by request id; in a trace, one member of that object.
template <class T>
struct OfBlock {
  BlockId block = 0;
  T value{};
  bool operator==(const OfBlock&) const = default;
};
template <class S, class T>
struct OfRequest {
  RequestId<S> req{};
  T value{};
  bool operator==(const OfRequest&) const = default;
};
template <class S, class T>
using PerBlock = typename S::template list<OfBlock<T>, Bound::blocks>;
template <class S, class T>
using PerRequest = typename S::template list<OfRequest<S, T>, Bound::requests>;

// A key that holds, or since it was entered has held, several blocks. [POOL-09]
template <class S>
struct Duplicates {
  BlockKey<S> key{};
  BlockList<S> blocks{};  // in insertion order
  bool operator==(const Duplicates&) const = default;
};
template <class S>
using DuplicatesList = typename S::template list<Duplicates<S>, Bound::blocks>;
template <class S>
using BlockKeyList = typename S::template list<BlockKey<S>, Bound::blocks>;
template <class S>
using RequestIdList = typename S::template list<RequestId<S>, Bound::requests>;
template <class S>
using BlockKeys = PerBlock<S, BlockKey<S>>;
template <class S>
using BlockCounts = PerBlock<S, Count>;
template <class S>
using RequestTables = PerRequest<S, BlockList<S>>;
template <class S>
using RequestCounts = PerRequest<S, Count>;

// One group's share of the state; the optional members belong to mamba groups.
template <class S>
struct GroupDump {
  BOOST_HANA_DEFINE_STRUCT(GroupDump,
    (RequestTables<S>, req_blocks),
    (RequestCounts<S>, num_cached_block),
    (std::optional<BlockKeyList<S>>, cached_blocks_this_step),
    (std::optional<RequestCounts<S>>, last_state_block_idx),
    (std::optional<RequestIdList<S>>, allocated_block_reqs));
  bool operator==(const GroupDump&) const = default;
};
template <class S>
using GroupDumpList = typename S::template list<GroupDump<S>, Bound::groups>;

template <class S>
struct StateDump {
  BOOST_HANA_DEFINE_STRUCT(StateDump,
    (BlockList<S>, free_queue),  // head first
    (Count, num_free),
    (double, usage),             // [POOL-14]
    (BlockCounts<S>, ref_cnt),   // those above 0, the null block left out
    (std::optional<Informative>, null_block_ref_cnt_unmaintained),
    (BlockKeys<S>, hashes),      // of the blocks that have one
    (Count, cached_map_size),    // keys in the index
    (DuplicatesList<S>, dups),
    (GroupDumpList<S>, managers));
  bool operator==(const StateDump&) const = default;
};

// A live request as a view shows it.
template <class S>
struct RequestDump {
  BOOST_HANA_DEFINE_STRUCT(RequestDump,
    (RequestId<S>, req),
    (Count, num_tokens),
    (DigestList<S>, block_hashes),
    (std::optional<BlockTables<S>>, hit));  // of its last look-up, unless empty, until it is freed
  bool operator==(const RequestDump&) const = default;
};
template <class S>
using RequestDumpList = typename S::template list<RequestDump<S>, Bound::requests>;

template <class S>
struct View {
  BOOST_HANA_DEFINE_STRUCT(View,
    (StateDump<S>, state),
    (BlockTables<S>, new_block_ids),  // per group, until drained [ALLOC-15]
    (BlockCounts<S>, held),           // by pool-level commands, those above 0 [POOL-08]
    (EventList<S>, events),           // pending, not yet annotated [EVENT-06]
    (PrefixCacheStats, stats),
    (RequestDumpList<S>, requests));
  bool operator==(const View&) const = default;
};

}  // namespace kvspec
