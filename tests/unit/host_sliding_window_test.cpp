// The search of a sliding-window group, which asks for as few blocks as it can, against one that asks for every block
// from right to left; and the mask of what such a group caches.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "impl/host/groups/chunked_local.hpp"
#include "impl/host/groups/sliding_window.hpp"

namespace kvspec::host {
namespace {

struct Case {
  std::size_t num_blocks = 0;  // of the longest hit
  std::size_t run = 1;
  std::size_t alignment = 1;
  bool drops_last = false;
  std::vector<std::vector<bool>> cached{};  // per member, per place
};

// The hit as places: true where a block is read. [LOOK-07, LOOK-08]
std::vector<bool> expected_hit(const Case& c) {
  const auto is_cached = [&](std::size_t i) {
    return std::ranges::all_of(c.cached, [&](const std::vector<bool>& member) { return member[i]; });
  };
  const std::size_t need = std::max<std::size_t>(c.run + (c.drops_last ? 1 : 0), 1);
  std::size_t length = 0;  // of the run so far
  std::size_t end = 0;     // of the run
  bool found = false;
  for (std::size_t i = c.num_blocks; i-- > 0 && !found;) {
    if (!is_cached(i)) {
      length = 0;
      continue;
    }
    if (length == 0) {
      if ((c.drops_last ? i : i + 1) % c.alignment != 0) continue;
      end = i + 1;
    }
    found = ++length == need;
  }
  if (!found) end = length / c.alignment * c.alignment;
  std::size_t kept = end;
  if (c.drops_last && kept > 0) kept = (kept - 1) / c.alignment * c.alignment;
  std::vector<bool> hit(kept);
  for (std::size_t i = found ? end - need : 0; i < kept; ++i) hit[i] = true;
  return hit;
}

// Covers: LOOK-07, LOOK-08, LOOK-11
TEST(HostSlidingWindow, FindsWhatAskingForEveryBlockFinds) {
  std::mt19937 random(5);
  std::size_t long_enough = 0;
  for (int round = 0; round < 20000; ++round) {
    Case c{};
    c.num_blocks = random() % 14;
    c.run = random() % 5;
    c.alignment = 1 + random() % 3;
    c.drops_last = random() % 2 == 0;
    c.cached.resize(1 + random() % 2);
    BlockPool pool(64, {1, 1}, false, false);
    Request request{};
    request.hit.resize(2);
    request.digests.resize(c.num_blocks);
    for (std::size_t i = 0; i < c.num_blocks; ++i) request.digests[i].words[3] = i + 1;
    const unsigned missing_one_in = 2 + static_cast<unsigned>(random() % 6);
    std::vector<GroupId> members;
    for (std::vector<bool>& cached : c.cached) {
      const GroupId member = static_cast<GroupId>(members.size());
      members.push_back(member);
      for (std::size_t i = 0; i < c.num_blocks; ++i) {
        cached.push_back(random() % missing_one_in != 0);
        const BlockId block = static_cast<BlockId>(1 + 20 * member + i);
        if (cached.back()) pool.cache(&request.digests[i], {&block, 1}, member);
      }
    }
    Group group{};
    group.run = static_cast<std::int64_t>(c.run);
    const Search search{.pool = pool,
                        .request = request,
                        .members = members,
                        .group = group,
                        .max_tokens = static_cast<std::int64_t>(c.num_blocks),
                        .max_blocks = c.num_blocks,
                        .alignment = c.alignment,
                        .drops_last = c.drops_last};
    const std::vector<bool> expected = expected_hit(c);
    ASSERT_EQ(SlidingWindow::find_longest_hit(search), expected.size());
    for (const GroupId member : members) {
      ASSERT_EQ(request.hit[member].size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(request.hit[member][i], expected[i] ? 1 + 20 * member + i : null_block) << "place " << i;
      }
    }
    if (std::ranges::find(expected, true) != expected.end() && !expected[0]) ++long_enough;
  }
  EXPECT_GT(long_enough, 1000U);
}

// The blocks that so many tokens cover, and one more where a window need not begin with a block.
// Covers: ALLOC-16
TEST(HostSlidingWindow, CapsCoverWhatIsHeldAtOnce) {
  const auto covering = [](std::int64_t tokens, std::int64_t block_size) {
    std::int64_t blocks = 0;
    while (blocks * block_size < tokens) ++blocks;
    return blocks;
  };
  for (std::int64_t block_size = 1; block_size <= 4; ++block_size) {
    for (std::int64_t tokens = 1; tokens <= 9; ++tokens) {  // of a window or a chunk
      for (std::int64_t batch = 1; batch <= 5; ++batch) {
        for (const std::int64_t longest : {3, 8, 100}) {
          const Group group{.block_size = block_size, .window = tokens, .chunk = tokens};
          ASSERT_EQ(SlidingWindow::admission_cap(group, batch, longest),
                    covering(std::min(tokens - 1 + batch, longest), block_size) + 1);
          ASSERT_EQ(ChunkedLocal::admission_cap(group, batch, longest),
                    covering(std::min(tokens + batch, longest), block_size));
        }
      }
    }
  }
}

std::vector<std::size_t> kept(const CacheMask& mask, std::size_t num_prompt_tokens) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < 20; ++i) {
    if (mask.keeps(i, mask.replay_end(num_prompt_tokens))) places.push_back(i);
  }
  return places;
}

// Covers: CACHE-08, CACHE-09
TEST(HostSlidingWindow, CachesTheEndsOfSegments) {
  using Places = std::vector<std::size_t>;
  CacheMask mask{.keeps_all = false, .run = 2, .segment = 8, .scheduler_blocks = 8, .scheduler_tokens = 32};
  EXPECT_EQ(kept(mask, 100), (Places{6, 7, 14, 15}));
  mask.shift = 1;
  EXPECT_EQ(kept(mask, 100), (Places{7, 8, 15, 16}));
  mask.keeps_replay = true;
  mask.segment = 16;
  EXPECT_EQ(kept(mask, 64), (Places{7, 8, 15, 16}));
  EXPECT_EQ(kept(mask, 65), (Places{15, 16}));
  mask.segment = 0;
  EXPECT_EQ(kept(mask, 33), (Places{7, 8}));
  EXPECT_EQ(kept(mask, 32), (Places{0}));
}

}  // namespace
}  // namespace kvspec::host
