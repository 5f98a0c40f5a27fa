#include "impl/host/block_pool.hpp"

#include <algorithm>

namespace kvspec::host {

double BlockPool::usage() const {
  if (num_blocks_ == 1) return 0.0;
  return 1.0 - static_cast<double>(num_free()) / static_cast<double>(num_blocks_ - 1);
}

void BlockPool::take(std::size_t count, BlockId* out, Count ref_cnt) {
  free_.take(count, out, [this](BlockId b) {
    index_.prefetch_record(b);
    prefetch_to_write(&ref_cnt_[b]);
  });
  const std::span<const BlockId> taken(out, count);
  for (const BlockId b : taken) ref_cnt_[b] = ref_cnt;
  if (events_.enabled()) {
    index_.remove_each(taken, [this](BlockId b) { events_.removed(index_.digests(b), index_.group(b)); });
  } else {
    index_.remove_each(taken, [](BlockId) {});
  }
}

void BlockPool::touch(std::span<const BlockId> blocks) {
  for (const BlockId b : blocks) {
    if (b == null_block) continue;
    if (ref_cnt_[b]++ == 0) free_.remove(b);
  }
}

void BlockPool::release(std::span<const BlockId> blocks) {
  for (const BlockId b : blocks) drop(b);
  free_.append_some([&](auto&& add) {
    for (const BlockId b : blocks) {
      if (settle(b)) add(b);
    }
  });
}

void BlockPool::release_reversed(std::span<const BlockId> blocks) {
  for (const BlockId b : blocks) drop(b);
  free_.append_some([&](auto&& add) {
    for (std::size_t i = blocks.size(); i-- > 0;) {
      if (settle(blocks[i])) add(blocks[i]);
    }
  });
}

// The first listed becomes the head, so the queue is fed from the list's end; settling first, in order, finds the
// first mention of a block that is listed twice.
void BlockPool::queue_freed_at_head() {
  for (std::size_t i = freed_.size(); i-- > 0;) free_.prepend(freed_[i]);
  freed_.clear();
}

void BlockPool::release_to_head(std::span<const BlockId> blocks) {
  for (const BlockId b : blocks) drop(b);
  for (const BlockId b : blocks) {
    if (settle(b)) freed_.push_back(b);
  }
  queue_freed_at_head();
}

void BlockPool::release_split(std::span<const BlockId> blocks) {
  bool all_cached = true;
  for (const BlockId b : blocks) {
    if (index_.has_hash(b)) {
      drop(b);
    } else {
      all_cached = false;
    }
  }
  free_.append_some([&](auto&& add) {
    for (std::size_t i = blocks.size(); i-- > 0;) {
      if (settle(blocks[i])) add(blocks[i]);
    }
  });
  if (all_cached) return;
  for (const BlockId b : blocks) {
    if (!index_.has_hash(b)) drop(b);
  }
  for (std::size_t i = blocks.size(); i-- > 0;) {
    if (settle(blocks[i])) freed_.push_back(blocks[i]);
  }
  queue_freed_at_head();
}

void BlockPool::evict(BlockId b) {
  if (!index_.has_hash(b)) return;
  if (events_.enabled()) events_.removed(index_.digests(b), index_.group(b));  // [EVENT-04]
  index_.remove(b);
}

bool BlockPool::reset() {
  if (num_free() != num_blocks_ - 1) return false;
  index_.clear();
  events_.cleared();
  return true;
}

void BlockPool::take_new(GroupId group, std::size_t count, BlockId* out) {
  // As many entries as there are blocks are always worth keeping.
  if (!freed_stay_listed_ && new_blocks_.size() + count > std::max(new_blocks_bound_, num_blocks_)) {
    drop_unlisted();
    new_blocks_bound_ = 2 * (new_blocks_.size() + count);
  }
  take(count, out, freed_stay_listed_ ? 1 : 1 | listed);
  const std::size_t before = new_blocks_.size();
  new_blocks_.resize(before + count);
  for (std::size_t i = 0; i < count; ++i) new_blocks_[before + i] = {out[i], group};
}

// Only the last entry of a block can be meant: to be listed again it was free in between.
std::vector<BlockPool::NewBlock> BlockPool::listed_once() const {
  if (freed_stay_listed_) return new_blocks_;
  std::vector<NewBlock> result;
  std::vector<bool> seen(num_blocks_);
  for (std::size_t i = new_blocks_.size(); i-- > 0;) {
    const BlockId b = new_blocks_[i].block;
    if ((ref_cnt_[b] & listed) != 0 && !seen[b]) result.push_back(new_blocks_[i]);
    seen[b] = true;
  }
  std::ranges::reverse(result);
  return result;
}

// The same in place: the bit of a block is taken while its earlier entries are passed.
void BlockPool::drop_unlisted() {
  if (freed_stay_listed_) return;
  std::size_t first = new_blocks_.size();
  for (std::size_t i = new_blocks_.size(); i-- > 0;) {
    Count& count = ref_cnt_[new_blocks_[i].block];
    if ((count & listed) == 0) continue;
    count &= ~listed;
    new_blocks_[--first] = new_blocks_[i];
  }
  new_blocks_.erase(new_blocks_.begin(), new_blocks_.begin() + static_cast<std::ptrdiff_t>(first));
  for (const NewBlock& entry : new_blocks_) ref_cnt_[entry.block] |= listed;
}

}  // namespace kvspec::host
