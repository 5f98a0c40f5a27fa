// The blocks: which are free and in what order, how often each is referenced, and which are in the prefix cache.
//
// Structure of arrays over block ids: links (8 bytes), reference counts (4), and the index's parts. Blocks that are
// taken, touched or freed never touch a digest, blocks that are looked up never touch a link.
//
// The top bit of a reference count says that the block was listed as new since it was free. [ALLOC-15] It goes when the
// block becomes free, at no cost since the count is written then anyway; entries of the list whose block has no bit any
// more, or a later entry, are dropped when the list is drained or has doubled.
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
  // freed_stay_listed: blocks that are freed stay listed as new. [DEV-10]
  BlockPool(std::size_t num_blocks, std::vector<std::uint32_t> digests_of_group, bool events, bool freed_stay_listed)
      : free_(num_blocks),
        ref_cnt_(num_blocks),
        index_(num_blocks, std::move(digests_of_group)),
        events_(events),
        num_blocks_(num_blocks),
        freed_stay_listed_(freed_stay_listed) {}

  std::size_t num_blocks() const { return num_blocks_; }
  std::size_t num_free() const { return free_.size(); }
  double usage() const;  // [POOL-14]
  Count ref_cnt(BlockId b) const { return ref_cnt_[b] & ~listed; }
  const FreeList& free_list() const { return free_; }
  const HashIndex& index() const { return index_; }
  void follow_index() { index_.follow(); }
  HashIndex::Changes take_index_changes() { return index_.take_changes(); }
  EventLog& events() { return events_; }
  const EventLog& events() const { return events_; }

  // Takes count <= num_free() blocks into out, evicting what they cached. [POOL-03]
  void take(std::size_t count, BlockId* out) { take(count, out, 1); }
  // The same, and lists them as new in a group. [ALLOC-15]
  void take_new(GroupId group, std::size_t count, BlockId* out);
  // Adds a reference to each block; null blocks are passed over. [POOL-05]
  void touch(std::span<const BlockId> blocks);
  // Drops a reference to each block: from the first to the last, or from the last to the first. Blocks nobody refers to
  // any more become free in that order. [POOL-06, FREE-01]
  void release(std::span<const BlockId> blocks);
  void release_reversed(std::span<const BlockId> blocks);
  // The same from the first to the last, but they become the head of the queue. [POOL-07]
  void release_to_head(std::span<const BlockId> blocks);
  // From the last to the first: those with a hash to the tail, and then those without one to the head, in that order.
  // [FREE-07, FREE-08]
  void release_split(std::span<const BlockId> blocks);

  // Gives blocks their hashes; see HashIndex::insert_run. [CACHE-01]
  void cache(const Hash256* digests, std::span<const BlockId> blocks, GroupId group) {
    index_.insert_run(digests, blocks, group);
  }
  // Takes a block's hash away, if it has one. [POOL-10, POOL-11]
  void evict(BlockId b);
  // Forgets everything cached, unless a block is in use; whether it did. [POOL-13, EVENT-05]
  bool reset();

  // f(group, block) for each block that is listed, oldest first; the second forgets them all.
  template <class F>
  void each_new(F&& f) const {
    for (const NewBlock& entry : listed_once()) f(entry.group, entry.block);
  }
  template <class F>
  void drain_new(F&& f) {
    drop_unlisted();
    for (const NewBlock& entry : new_blocks_) f(entry.group, entry.block);
    new_blocks_.clear();
  }

 private:
  struct NewBlock {
    BlockId block;
    GroupId group;
  };

  static constexpr Count listed = Count{1} << 31;  // of a reference count
  // A count that has reached 0 in the list being released, of a block that is not queued yet. [POOL-06]
  static constexpr Count unqueued = ~Count{0};

  // Drops one reference. All of a list are dropped before any block is queued, so that a block listed twice is queued
  // where it is listed first, and once.
  void drop(BlockId b) {
    if (b != null_block && (--ref_cnt_[b] & ~listed) == 0) ref_cnt_[b] = unqueued;
  }
  // Whether the block must be queued now.
  bool settle(BlockId b) {
    if (ref_cnt_[b] != unqueued) return false;
    ref_cnt_[b] = 0;
    return true;
  }

  void take(std::size_t count, BlockId* out, Count ref_cnt);
  void queue_freed_at_head();
  std::vector<NewBlock> listed_once() const;
  void drop_unlisted();

  FreeList free_{};
  ZeroedArray<Count> ref_cnt_{};
  HashIndex index_{};
  EventLog events_{};
  std::vector<NewBlock> new_blocks_{};  // oldest first, with entries that are not listed any more
  std::size_t new_blocks_bound_ = 0;    // so many entries are worth looking for those
  std::vector<BlockId> freed_{};        // scratch
  std::size_t num_blocks_ = 0;
  bool freed_stay_listed_ = false;
};

}  // namespace kvspec::host
