// The events a manager emits, so that a consumer can mirror what is cached. [EVENT-*]
#pragma once

#include <boost/hana/define_struct.hpp>
#include <cstdint>
#include <optional>
#include <variant>

#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec {

// A block hash as a consumer sees it. [EVENT-03]
template <class S>
struct EventHash {
  bool is_integer = true;
  std::uint64_t integer = 0;  // if is_integer
  BlockHash<S> bytes{};       // otherwise

  bool operator==(const EventHash&) const = default;
};
template <class S>
using EventHashList = typename S::template list<EventHash<S>, Bound::hashes>;
template <class S>
using ExtraKeysList = typename S::template list<ExtraKeys<S>, Bound::hashes>;

// Where a block lives. This component only knows one medium.
enum class Medium : std::uint8_t { gpu };

// What a consumer is told about the group of a BlockStored. [EVENT-06]
enum class SpecKind : std::uint8_t {
  full_attention,
  mla_attention,
  sliding_window,
  sliding_window_mla,
  chunked_local_attention,
  mamba,
  cross_attention,
};

// Blocks of one request became findable in one group. [EVENT-01, EVENT-02]
template <class S>
struct BlockStored {
  static constexpr const char* type = "BlockStored";
  BOOST_HANA_DEFINE_STRUCT(BlockStored,
    (EventHashList<S>, block_hashes),                 // of the blocks stored
    (std::optional<EventHash<S>>, parent_block_hash), // of the block before the run of stored blocks
    (TokenList<S>, token_ids),                        // of the stored blocks; recorded: of the range [DEV-12]
    (Count, block_size),                              // tokens per block of the group
    (std::optional<std::int64_t>, lora_id),
    (Medium, medium),
    (std::optional<Text<S>>, lora_name),
    (std::optional<ExtraKeysList<S>>, extra_keys),    // per stored block; absent if nothing was stored
    (GroupId, group_idx),
    (std::optional<SpecKind>, kv_cache_spec_kind),
    (std::optional<Count>, kv_cache_spec_sliding_window));
  bool operator==(const BlockStored&) const = default;
};

// One block lost its hash. [EVENT-04]
template <class S>
struct BlockRemoved {
  static constexpr const char* type = "BlockRemoved";
  BOOST_HANA_DEFINE_STRUCT(BlockRemoved,
    (EventHashList<S>, block_hashes),  // always one
    (Medium, medium),
    (GroupId, group_idx));
  bool operator==(const BlockRemoved&) const = default;
};

// Every block lost its hash. [EVENT-05]
template <class S>
struct AllBlocksCleared {
  static constexpr const char* type = "AllBlocksCleared";
  BOOST_HANA_DEFINE_STRUCT(AllBlocksCleared);
  bool operator==(const AllBlocksCleared&) const = default;
};

template <class S>
using Event = std::variant<BlockStored<S>, BlockRemoved<S>, AllBlocksCleared<S>>;
template <class S>
using EventList = typename S::template list<Event<S>, Bound::events>;

}  // namespace kvspec
