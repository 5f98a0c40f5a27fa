// The block pool: which blocks are free and in what order, who refers to them, what they are findable under.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "model/hash_index.hpp"
#include "spec/config.hpp"
#include "spec/events.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

template <class S>
struct Block {
  Count ref_cnt = 0;  // references from block tables and from pool-level holders
  Count held = 0;     // of these, the pool-level ones [POOL-08]
  std::optional<BlockKey<S>> key{};

  bool operator==(const Block&) const = default;
};

// A hash as the configuration's events show it. [EVENT-03]
template <class S>
KVSPEC_EXEC constexpr EventHash<S> event_hash(const Config<S>& config, const BlockHash<S>& hash) {
  EventHash<S> shown{};
  shown.is_integer = config.events_int_hashes;
  if (!shown.is_integer) {
    shown.bytes = hash;
    return shown;
  }
  for (std::size_t i = hash.size() - 8; i < hash.size(); ++i) shown.integer = shown.integer << 8 | hash[i];
  return shown;
}

template <class S>
struct BlockPool {
  typename S::template list<Block<S>, Bound::blocks> blocks{};
  BlockList<S> free_queue{};  // head first: the next block to allocate or evict
  HashIndex<S> index{};
  EventList<S> events{};

  bool operator==(const BlockPool&) const = default;

  // [POOL-01, POOL-02]
  static KVSPEC_EXEC constexpr BlockPool create(Count num_blocks) {
    BlockPool pool{};
    pool.blocks.resize(num_blocks);
    for (BlockId b = 1; b < num_blocks; ++b) pool.free_queue.push_back(b);
    return pool;
  }

  KVSPEC_EXEC constexpr Count num_free() const { return static_cast<Count>(free_queue.size()); }
  KVSPEC_EXEC constexpr Count num_blocks() const { return static_cast<Count>(blocks.size()); }

  // Precondition: count <= num_free(). [POOL-03]
  KVSPEC_EXEC constexpr BlockList<S> get_new_blocks(const Config<S>& config, std::int64_t count) {
    const BlockList<S> taken(free_queue.begin(), free_queue.begin() + count);
    free_queue.erase(free_queue.begin(), free_queue.begin() + count);
    for (BlockId b : taken) {
      evict(config, b);
      blocks[b].ref_cnt = 1;
    }
    return taken;
  }

  // [POOL-05]
  KVSPEC_EXEC constexpr void touch(BlockId b) {
    if (b == null_block) return;
    if (blocks[b].ref_cnt == 0) {
      auto it = free_queue.begin();
      while (*it != b) ++it;
      free_queue.erase(it);
    }
    ++blocks[b].ref_cnt;
  }

  // Precondition: each block other than the null block is listed at most as often as it is referenced.
  // [POOL-06, POOL-07]
  KVSPEC_EXEC constexpr void free_blocks(const BlockList<S>& ordered, bool prepend = false) {
    for (BlockId b : ordered) {
      if (b != null_block) --blocks[b].ref_cnt;
    }
    BlockList<S> freed{};
    for (BlockId b : ordered) {
      if (b != null_block && blocks[b].ref_cnt == 0 && !contains(freed, b)) freed.push_back(b);
    }
    free_queue.insert(prepend ? free_queue.begin() : free_queue.end(), freed.begin(), freed.end());
  }

  // Makes a block findable. Preconditions: it has no hash and is not the null block. [CACHE-01]
  KVSPEC_EXEC constexpr void cache(BlockId b, const BlockKey<S>& key) {
    blocks[b].key = key;
    index.insert(key, b);
  }

  // Makes a block unfindable; nothing if it has no hash. [POOL-10, EVENT-04]
  KVSPEC_EXEC constexpr void evict(const Config<S>& config, BlockId b) {
    if (!blocks[b].key) return;
    const BlockKey<S> key = *blocks[b].key;
    index.pop(key, b);
    blocks[b].key.reset();
    if (!config.events) return;
    BlockRemoved<S> event{};
    event.block_hashes.push_back(event_hash(config, key.hash));
    event.group_idx = key.group;
    events.push_back(event);
  }

  // False, and nothing changed, while a block other than the null block is used. [POOL-13, EVENT-05]
  KVSPEC_EXEC constexpr bool reset(const Config<S>& config) {
    if (num_free() + 1 != num_blocks()) return false;
    for (Block<S>& block : blocks) block.key.reset();
    index = HashIndex<S>{};
    if (!config.events) return true;
    const Event<S> cleared = AllBlocksCleared<S>{};
    events.push_back(cleared);
    return true;
  }

  KVSPEC_EXEC static constexpr bool contains(const BlockList<S>& list, BlockId b) {
    for (BlockId x : list) {
      if (x == b) return true;
    }
    return false;
  }
};

}  // namespace kvspec::model
