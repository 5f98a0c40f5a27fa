// What a caller beside the requests does with blocks. Each block it takes or touches is held, and only held blocks can
// be freed or cached. [POOL-08]
#include <algorithm>
#include <utility>

#include "impl/host/manager.hpp"

namespace kvspec::host {

// [POOL-12]
std::optional<Error> Manager::out_of_pool(std::span<const BlockId> blocks) const {
  for (const BlockId b : blocks) {
    if (b >= pool_.num_blocks()) return Error{Clause::pool_12, b};
  }
  return std::nullopt;
}

void Manager::hold(std::span<const BlockId> blocks) {
  for (const BlockId b : blocks) {
    if (b == null_block) continue;
    ++held_[b];
    ++total_held_;
  }
}

Manager::Answer<EvictBlocks<Growing>> Manager::step(const EvictBlocks<Growing>& command) {
  if (const std::optional<Error> error = out_of_pool(command.block_ids)) return *error;
  for (const BlockId b : command.block_ids) pool_.evict(b);  // [POOL-11]
  return Done{};
}

Manager::Answer<PoolGetNewBlocks<Growing>> Manager::step(const PoolGetNewBlocks<Growing>& command) {
  if (command.num_blocks > pool_.num_free()) return Error{Clause::pool_04, command.num_blocks};
  PoolGetNewBlocks<Growing>::Observation answer{};
  answer.blocks.resize(command.num_blocks);
  pool_.take(answer.blocks.size(), answer.blocks.data());
  hold(answer.blocks);
  return answer;
}

Manager::Answer<PoolTouch<Growing>> Manager::step(const PoolTouch<Growing>& command) {
  if (const std::optional<Error> error = out_of_pool(command.block_ids)) return *error;
  pool_.touch(command.block_ids);
  hold(command.block_ids);
  return Done{};
}

Manager::Answer<PoolFreeBlocks<Growing>> Manager::step(const PoolFreeBlocks<Growing>& command) {
  const std::span<const BlockId> blocks = command.block_ids;
  if (const std::optional<Error> error = out_of_pool(blocks)) return *error;
  // Lets go of one block after the other; at one that is not held any more, takes the others back.
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i] == null_block) continue;
    if (held_[blocks[i]] == 0) {
      hold(blocks.first(i));
      return Error{Clause::pool_08, blocks[i]};
    }
    --held_[blocks[i]];
    --total_held_;
  }
  if (command.prepend) {
    pool_.release_to_head(blocks);
  } else {
    pool_.release(blocks);
  }
  return PoolFreeBlocks<Growing>::Observation{.num_free = num_free()};
}

// The range is not empty.
std::optional<Error> Manager::check(const Request& request, const PoolCacheFullBlocks<Growing>& command,
                                    const CacheRange& range) {
  const std::span<const BlockId> table = command.block_ids;
  if (range.last > table.size()) return Error{Clause::cache_02, command.num_full_blocks};
  if (range.last > request.digests.size() / range.digests_per_block) {
    return Error{Clause::cache_03, command.num_full_blocks};
  }
  const std::span<const BlockId> blocks = table.subspan(range.first, range.last - range.first);
  for (const BlockId b : blocks) {
    if (b != null_block && held_[b] == 0) return Error{Clause::pool_08, b};
  }
  // A block listed twice would have a hash the second time: the top bit of its count marks the first.
  constexpr Count seen = Count{1} << 31;
  std::optional<Error> error{};
  std::size_t marked = 0;
  for (; marked < blocks.size() && !error; ++marked) {
    const BlockId b = blocks[marked];
    if (b == null_block) continue;
    if (pool_.index().has_hash(b) || (held_[b] & seen) != 0) error = Error{Clause::cache_04, b};
    held_[b] |= seen;
  }
  for (const BlockId b : blocks.first(marked)) held_[b] &= ~seen;
  return error;
}

Manager::Answer<PoolCacheFullBlocks<Growing>> Manager::step(const PoolCacheFullBlocks<Growing>& command) {
  const Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  if (const std::optional<Error> error = out_of_pool(command.block_ids)) return *error;
  CacheRange range{.group = command.group,
                   .block_size = config_.hash_block_size,
                   .first = command.num_cached_blocks,
                   .last = command.num_full_blocks};
  if (command.group < groups_.size()) {
    range.block_size = groups_[command.group].block_size;
    range.digests_per_block = groups_[command.group].digests_per_block;
  }
  if (range.last <= range.first) return Done{};
  if (const std::optional<Error> error = check(*request, command, range)) return *error;
  cache_range(*request, std::span(command.block_ids).subspan(range.first, range.last - range.first), range);
  return Done{};
}

Manager::Answer<PoolGetCachedBlock<Growing>> Manager::step(const PoolGetCachedBlock<Growing>& command) {
  const Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  if (command.index >= request->digests.size()) return Error{Clause::cache_03, command.index};
  PoolGetCachedBlock<Growing>::Observation answer{};
  BlockList<Growing> found;
  for (const GroupId g : command.groups) {
    // A single hash is no key of a group whose blocks span several. [HASH-10]
    if (g < groups_.size() && groups_[g].digests_per_block != 1) return answer;
    const HashIndex::Key key{std::span<const Hash256>(request->digests).subspan(command.index, 1), g};
    const std::optional<BlockId> block = pool_.index().first(key);  // [POOL-09]
    if (!block) return answer;
    found.push_back(*block);
  }
  answer.blocks = std::move(found);
  return answer;
}

}  // namespace kvspec::host
