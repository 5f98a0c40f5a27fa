// What the pool of the host implementation adds to its free queue and its index: the order in which a table is split
// between the ends of the queue, and the list of new blocks.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "impl/host/block_pool.hpp"

namespace kvspec::host {
namespace {

using Blocks = std::vector<BlockId>;
using NewBlocks = std::vector<std::pair<GroupId, BlockId>>;

BlockPool pool_of(std::size_t num_blocks, bool freed_stay_listed = false) {
  return BlockPool(num_blocks, {1, 1}, false, freed_stay_listed);
}
Blocks take(BlockPool& pool, std::size_t count) {
  Blocks blocks(count);
  pool.take(count, blocks.data());
  return blocks;
}
Blocks take_new(BlockPool& pool, GroupId group, std::size_t count) {
  Blocks blocks(count);
  pool.take_new(group, count, blocks.data());
  return blocks;
}
void cache(BlockPool& pool, BlockId b) {
  Hash256 digest{};
  digest.words[3] = b;
  pool.cache(&digest, {&b, 1}, 0);
}
Blocks queue(const BlockPool& pool) {
  Blocks blocks;
  for (BlockId b = pool.free_list().next(null_block); b != null_block; b = pool.free_list().next(b)) {
    blocks.push_back(b);
  }
  return blocks;
}
NewBlocks listed(const BlockPool& pool) {
  NewBlocks result;
  pool.each_new([&](GroupId group, BlockId b) { result.emplace_back(group, b); });
  return result;
}
NewBlocks drained(BlockPool& pool) {
  NewBlocks result;
  pool.drain_new([&](GroupId group, BlockId b) { result.emplace_back(group, b); });
  return result;
}

// Covers: FREE-07, FREE-08
TEST(HostBlockPool, CachedBlocksGoToTheTailAndOthersToTheHead) {
  BlockPool pool = pool_of(9);
  const Blocks table = take(pool, 6);
  for (const BlockId b : {2U, 3U, 5U}) cache(pool, b);
  const Blocks shared = {3, 4};
  pool.touch(shared);
  pool.release_split(Blocks{null_block, 1, 2, 3, 4, 5, 6});
  EXPECT_EQ(queue(pool), (Blocks{6, 1, 7, 8, 5, 2}));
  pool.release_split(shared);
  EXPECT_EQ(queue(pool), (Blocks{4, 6, 1, 7, 8, 5, 2, 3}));
  EXPECT_EQ(pool.num_free(), 8U);
}

// Covers: FREE-08, POOL-06
TEST(HostBlockPool, ABlockThatIsListedTwiceIsQueuedOnce) {
  BlockPool pool = pool_of(4);
  take(pool, 3);
  pool.touch(Blocks{1, 2});
  cache(pool, 2);
  pool.release_split(Blocks{1, 2, 3, 2, 1});
  EXPECT_EQ(queue(pool), (Blocks{1, 3, 2}));
}

// Covers: ALLOC-15
TEST(HostBlockPool, AFreedBlockIsNotNewAnyMore) {
  BlockPool pool = pool_of(6);
  take_new(pool, 0, 2);
  take_new(pool, 1, 2);
  EXPECT_EQ(listed(pool), (NewBlocks{{0, 1}, {0, 2}, {1, 3}, {1, 4}}));
  pool.touch(Blocks{2});
  pool.release(Blocks{1, 2, 3});  // somebody else has 2
  EXPECT_EQ(listed(pool), (NewBlocks{{0, 2}, {1, 4}}));
  EXPECT_EQ(pool.ref_cnt(2), 1U);
  EXPECT_EQ(take(pool, 1), (Blocks{5}));
  EXPECT_EQ(take_new(pool, 1, 1), (Blocks{1}));
  EXPECT_EQ(take(pool, 1), (Blocks{3}));  // by somebody who lists nothing
  EXPECT_EQ(listed(pool), (NewBlocks{{0, 2}, {1, 4}, {1, 1}}));
  EXPECT_EQ(drained(pool), (NewBlocks{{0, 2}, {1, 4}, {1, 1}}));
  EXPECT_TRUE(listed(pool).empty());
}

// Covers: DEV-10
TEST(HostBlockPool, AsRecordedItStaysListed) {
  BlockPool pool = pool_of(3, true);
  for (int i = 0; i < 2; ++i) {
    pool.release(take_new(pool, 0, 2));
  }
  EXPECT_EQ(listed(pool), (NewBlocks{{0, 1}, {0, 2}, {0, 1}, {0, 2}}));
  EXPECT_EQ(drained(pool).size(), 4U);
  EXPECT_TRUE(drained(pool).empty());
}

// Covers: ALLOC-15, I26
TEST(HostBlockPool, TheListOfNewBlocksBehavesAsAList) {
  constexpr std::size_t num_blocks = 700;
  std::mt19937 random(11);
  BlockPool pool = pool_of(num_blocks);
  NewBlocks expected;
  Blocks held;
  for (int round = 0; round < 4000; ++round) {
    const std::size_t count = std::min<std::size_t>(random() % 8, pool.num_free());
    const GroupId group = static_cast<GroupId>(random() % 3);
    const Blocks blocks = group < 2 ? take_new(pool, group, count) : take(pool, count);
    held.insert(held.end(), blocks.begin(), blocks.end());
    if (group < 2) {
      for (const BlockId b : blocks) expected.emplace_back(group, b);
    }
    for (std::size_t i = random() % 9; i > 0 && !held.empty(); --i) {
      const std::size_t at = random() % held.size();
      const BlockId freed = held[at];
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
      pool.release(Blocks{freed});
      std::erase_if(expected, [&](const auto& entry) { return entry.second == freed; });
    }
    if (round % 16 == 0) {
      ASSERT_EQ(listed(pool), expected);
    }
    if (random() % 1000 == 0) {
      ASSERT_EQ(drained(pool), expected);
      expected.clear();
    }
  }
  EXPECT_EQ(drained(pool), expected);
}

}  // namespace
}  // namespace kvspec::host
