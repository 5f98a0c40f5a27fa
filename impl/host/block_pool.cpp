#include "impl/host/block_pool.hpp"

#include <algorithm>

namespace kvspec::host {

double BlockPool::usage() const {
  if (num_blocks_ == 1) return 0.0;
  return 1.0 - static_cast<double>(num_free()) / static_cast<double>(num_blocks_ - 1);
}

void BlockPool::take(std::size_t count, BlockId* out) {
  free_.take(count, out, [this](BlockId b) {
    index_.prefetch_record(b);
    prefetch_to_write(&ref_cnt_[b]);
  });
  const std::span<const BlockId> taken(out, count);
  for (const BlockId b : taken) ref_cnt_[b] = 1;
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

// The first listed becomes the head, so the list is walked from its end; settling first, in order, finds the first
// mention of a block that is listed twice.
void BlockPool::release_to_head(std::span<const BlockId> blocks) {
  for (const BlockId b : blocks) drop(b);
  std::vector<BlockId> freed;
  for (const BlockId b : blocks) {
    if (settle(b)) freed.push_back(b);
  }
  for (std::size_t i = freed.size(); i-- > 0;) free_.prepend(freed[i]);
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

}  // namespace kvspec::host
