// The blocks: which are free and in what order, how often each is referenced, and which are in the prefix cache.
//
// Structure of arrays over block ids: links (8 bytes), reference counts (4), and the index's parts. Blocks that are
// taken, touched or freed never touch a digest, blocks that are looked up never touch a link.
//
// The pool trusts its caller: preconditions (enough free blocks, blocks that are referenced, blocks without a hash) are
// checked where a command arrives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "impl/host/event_log.hpp"
#include "impl/host/free_list.hpp"
#include "impl/host/hash_index.hpp"
#include "impl/host/zeroed_array.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

class BlockPool {
 public:
  BlockPool() = default;
  // num_blocks blocks, the null block included, 1 <= num_blocks <= 2^24. digests_of_group: see HashIndex.
  BlockPool(std::size_t num_blocks, std::vector<std::uint32_t> digests_of_group, bool events)
      : free_(num_blocks),
        ref_cnt_(num_blocks),
        index_(num_blocks, std::move(digests_of_group)),
        events_(events),
        num_blocks_(num_blocks) {}

  std::size_t num_blocks() const { return num_blocks_; }
  std::size_t num_free() const { return free_.size(); }
  double usage() const;  // [POOL-14]
  Count ref_cnt(BlockId b) const { return ref_cnt_[b]; }
  const FreeList& free_list() const { return free_; }
  const HashIndex& index() const { return index_; }
  EventLog& events() { return events_; }
  const EventLog& events() const { return events_; }

  // Takes count <= num_free() blocks into out, evicting what they cached. [POOL-03]
  void take(std::size_t count, BlockId* out);
  // Adds a reference to each block; null blocks are passed over. [POOL-05]
  void touch(std::span<const BlockId> blocks);
  // Drops a reference to each block: from the first to the last, or from the last to the first. Blocks nobody refers to
  // any more become free in that order. [POOL-06, FREE-01]
  void release(std::span<const BlockId> blocks);
  void release_reversed(std::span<const BlockId> blocks);
  // The same from the first to the last, but they become the head of the queue. [POOL-07]
  void release_to_head(std::span<const BlockId> blocks);

  // Gives blocks their hashes; see HashIndex::insert_run. [CACHE-01]
  void cache(const Hash256* digests, std::span<const BlockId> blocks, GroupId group) {
    index_.insert_run(digests, blocks, group);
  }
  // Takes a block's hash away, if it has one. [POOL-10, POOL-11]
  void evict(BlockId b);
  // Forgets everything cached, unless a block is in use; whether it did. [POOL-13, EVENT-05]
  bool reset();

 private:
  // A count that has reached 0 in the list being released, of a block that is not queued yet. [POOL-06]
  static constexpr Count unqueued = ~Count{0};

  // Drops one reference. All of a list are dropped before any block is queued, so that a block listed twice is queued
  // where it is listed first, and once.
  void drop(BlockId b) {
    if (b != null_block && --ref_cnt_[b] == 0) ref_cnt_[b] = unqueued;
  }
  // Whether the block must be queued now.
  bool settle(BlockId b) {
    if (ref_cnt_[b] != unqueued) return false;
    ref_cnt_[b] = 0;
    return true;
  }

  FreeList free_{};
  ZeroedArray<Count> ref_cnt_{};
  HashIndex index_{};
  EventLog events_{};
  std::size_t num_blocks_ = 0;
};

}  // namespace kvspec::host
