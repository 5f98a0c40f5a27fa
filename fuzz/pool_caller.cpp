#include "fuzz/pool_caller.hpp"

#include <algorithm>

namespace kvspec::fuzz {

namespace {

constexpr std::size_t most_held = 6;  // so that the caller does not starve the requests

}  // namespace

void PoolCaller::next(Random& random, const RequestId<Growing>& req, CommandBuffer& buffer) {
  const std::uint32_t choice = random.below(8);
  if (held_.size() >= most_held || choice == 0) return free_some(random, buffer);
  if (choice <= 2) {
    buffer.fresh<PoolGetNewBlocks<Growing>>().num_blocks = random.chance(1, 16) ? num_blocks_ : random.below(4);
    return;
  }
  if (choice <= 4 || req.empty()) return touch(random, buffer);
  if (choice <= 6) return cache(random, req, buffer);
  auto& command = buffer.fresh<PoolGetCachedBlock<Growing>>();
  command.req = req;
  command.index = random.below(3);
  for (std::uint32_t i = random.below(3); i > 0; --i)
    command.groups.push_back(random.chance(3, 4) ? 0 : random.below(3));
}

bool PoolCaller::release_all(CommandBuffer& buffer) {
  if (held_.empty()) return false;
  buffer.fresh<PoolFreeBlocks<Growing>>().block_ids.assign(held_.begin(), held_.end());
  return true;
}

void PoolCaller::touch(Random& random, CommandBuffer& buffer) const {
  auto& command = buffer.fresh<PoolTouch<Growing>>();
  for (std::uint32_t i = random.below(3); i > 0; --i) command.block_ids.push_back(random.below(num_blocks_));
  if (random.chance(1, 16)) command.block_ids.push_back(num_blocks_ + random.below(2));
}

void PoolCaller::free_some(Random& random, CommandBuffer& buffer) const {
  auto& command = buffer.fresh<PoolFreeBlocks<Growing>>();
  command.prepend = random.chance(1, 3);
  for (const BlockId b : held_) {
    if (random.chance(2, 3)) command.block_ids.push_back(b);
  }
  if (command.block_ids.size() > 1 && random.chance(1, 2)) std::ranges::reverse(command.block_ids);
  if (random.chance(1, 16)) command.block_ids.push_back(null_block);
  if (random.chance(1, 16)) command.block_ids.push_back(random.below(num_blocks_ + 1));
}

void PoolCaller::cache(Random& random, const RequestId<Growing>& req, CommandBuffer& buffer) const {
  auto& command = buffer.fresh<PoolCacheFullBlocks<Growing>>();
  command.req = req;
  command.group = random.chance(1, 4) ? 1 + random.below(2) : 0;
  for (const Owned& owned : owned_) {
    if (owned.group.value_or(command.group) != command.group || random.chance(1, 4)) continue;
    command.block_ids.push_back(random.chance(1, 8) ? null_block : owned.block);
  }
  const Count listed = static_cast<Count>(command.block_ids.size());
  command.num_full_blocks = random.chance(1, 16) ? listed + 1 : random.below(listed + 1);
  command.num_cached_blocks = random.below(command.num_full_blocks + 1);
}

void PoolCaller::took(const PoolGetNewBlocks<Growing>&, const Result<PoolGetNewBlocks<Growing>::Observation>& result) {
  if (!result) return;
  held_.insert(held_.end(), result.value().blocks.begin(), result.value().blocks.end());
  for (const BlockId b : result.value().blocks) owned_.push_back({b, {}});
}

void PoolCaller::took(const PoolTouch<Growing>& command, const Result<Done>& result) {
  if (!result) return;
  for (const BlockId b : command.block_ids) {
    if (b != null_block) held_.push_back(b);
  }
}

void PoolCaller::cached(const PoolCacheFullBlocks<Growing>& command, const Result<Done>& result) {
  if (!result) return;
  for (Owned& owned : owned_) {
    if (std::ranges::find(command.block_ids, owned.block) != command.block_ids.end()) owned.group = command.group;
  }
}

void PoolCaller::gave(const PoolFreeBlocks<Growing>& command, const Result<Free<Growing>::Observation>& result) {
  if (!result) return;
  for (const BlockId b : command.block_ids) {
    const auto found = std::ranges::find(held_, b);
    if (found != held_.end()) held_.erase(found);
  }
  std::erase_if(owned_, [&](const Owned& owned) { return std::ranges::find(held_, owned.block) == held_.end(); });
}

}  // namespace kvspec::fuzz
