// The free queue of the host implementation against a deque.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "impl/host/free_list.hpp"

namespace kvspec::host {
namespace {

std::vector<BlockId> forwards(const FreeList& list) {
  std::vector<BlockId> blocks;
  for (BlockId b = list.next(null_block); b != null_block; b = list.next(b)) blocks.push_back(b);
  return blocks;
}

std::vector<BlockId> backwards(const FreeList& list) {
  std::vector<BlockId> blocks;
  for (BlockId b = list.prev(null_block); b != null_block; b = list.prev(b)) blocks.push_back(b);
  return blocks;
}

void expect_queue(const FreeList& list, const std::deque<BlockId>& expected) {
  const std::vector<BlockId> walk = forwards(list);
  ASSERT_TRUE(std::ranges::equal(walk, expected));
  std::vector<BlockId> reversed = backwards(list);
  std::ranges::reverse(reversed);
  ASSERT_EQ(reversed, walk);
  ASSERT_EQ(list.size(), expected.size());
}

// Covers: POOL-01, POOL-02
TEST(HostFreeList, StartsInOrderWithoutTheNullBlock) {
  expect_queue(FreeList(1), {});
  expect_queue(FreeList(2), {1});
  expect_queue(FreeList(5), {1, 2, 3, 4});
}

// Covers: POOL-02
TEST(HostFreeList, AnEmptyQueueFillsAgainFromEitherEnd) {
  FreeList list(4);
  std::vector<BlockId> taken(3);
  list.take(3, taken.data(), [](BlockId) {});
  EXPECT_EQ(taken, (std::vector<BlockId>{1, 2, 3}));
  expect_queue(list, {});
  list.append(2);
  list.prepend(3);
  list.append(1);
  expect_queue(list, {3, 2, 1});
}

// Covers: POOL-03, POOL-05, POOL-06, POOL-07, I1
TEST(HostFreeList, BehavesAsADeque) {
  std::mt19937 random(20260604);
  for (const std::size_t num_blocks : {std::size_t{2}, std::size_t{3}, std::size_t{40}, std::size_t{9000}}) {
    FreeList list(num_blocks);
    std::deque<BlockId> queue;
    for (std::size_t b = 1; b < num_blocks; ++b) queue.push_back(static_cast<BlockId>(b));
    std::vector<BlockId> out;
    for (int i = 0; i < 400; ++i) {
      const std::uint32_t choice = random() % 4;
      if (choice == 0 && !queue.empty()) {
        std::vector<BlockId> taken(1 + random() % std::min<std::size_t>(queue.size(), 8));
        std::vector<BlockId> visited;
        list.take(taken.size(), taken.data(), [&](BlockId b) { visited.push_back(b); });
        ASSERT_EQ(visited, taken);
        for (const BlockId b : taken) {
          ASSERT_EQ(b, queue.front());
          queue.pop_front();
          out.push_back(b);
        }
      } else if (choice == 1 && !queue.empty()) {
        const auto at = queue.begin() + static_cast<std::ptrdiff_t>(random() % queue.size());
        list.remove(*at);
        out.push_back(*at);
        queue.erase(at);
      } else if (!out.empty()) {
        const auto at = out.begin() + static_cast<std::ptrdiff_t>(random() % out.size());
        if (choice == 2) {
          list.append(*at);
          queue.push_back(*at);
        } else {
          list.prepend(*at);
          queue.push_front(*at);
        }
        out.erase(at);
      }
      if (num_blocks < 100 || i % 50 == 0) expect_queue(list, queue);
    }
    expect_queue(list, queue);
  }
}

}  // namespace
}  // namespace kvspec::host
