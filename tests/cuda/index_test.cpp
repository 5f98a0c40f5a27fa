// The device's prefix index follows the host's through random changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "fuzz/random.hpp"
#include "impl/cuda/index/prefix_index.hpp"
#include "tests/cuda/places.hpp"

namespace kvspec::cuda {
namespace {

using fuzz::Random;
using host::Hash256;
using host::HashIndex;

constexpr std::uint32_t num_blocks = 200;

// Groups of 1, 2 and 3 digests per block.
Config<Growing> three_groups() {
  Config<Growing> config = single_group_config<Growing>(GroupKind::full, 4, num_blocks);
  config.hash_block_size = 4;
  config.scheduler_block_size = 24;
  for (const std::int64_t size : {8, 12}) {
    GroupSpec group = config.groups[0];
    group.block_size = size;
    config.groups.push_back(group);
  }
  return config;
}

// From few values, so that keys repeat; and equal in most bytes, so that whoever compares less than all of them errs.
Hash256 random_digest(Random& random) {
  Hash256 digest{};
  digest.words[random.below(4)] = std::uint64_t{random.below(6)} << 56;
  return digest;
}

std::vector<PrefixIndex::Held> expected(const HashIndex& index) {
  std::vector<PrefixIndex::Held> held;
  for (BlockId b = 1; b < num_blocks; ++b) {
    if (!index.is_first(b)) continue;
    const std::span<const Hash256> digests = index.digests(b);
    held.push_back({b, index.group(b), {digests.begin(), digests.end()}});
  }
  return held;
}

class Index : public InPlace {};
KVSPEC_IN_PLACES(Index);

// Covers: HASH-10, HASH-11, POOL-09, POOL-10, POOL-13
TEST_P(Index, HoldsTheFirstBlockOfEachKeyWhateverChanges) {
  Random random(11);
  HashIndex host(num_blocks, {1, 2, 3});
  host.follow();
  PrefixIndex device(stream, three_groups());
  std::size_t most = 0;
  for (int round = 0; round < 300; ++round) {
    const bool fills = random.chance(3, 5);
    for (std::uint32_t i = random.below(60); i > 0; --i) {
      const BlockId b = 1 + random.below(num_blocks - 1);
      if (host.has_hash(b) && (!fills || random.chance(1, 2))) {
        host.remove(b);
      } else if (!host.has_hash(b)) {
        const bool is_absent = random.chance(1, 10);  // a group that there is not: pool-level callers name any
        const GroupId group = !is_absent ? random.below(3) : random.chance(1, 2) ? 7 : ~GroupId{0};
        std::vector<Hash256> key(is_absent ? 1 : group + 1);
        for (Hash256& digest : key) digest = random_digest(random);
        host.insert({key, group}, b);
      }
    }
    if (random.chance(1, 50)) host.clear();
    device.update(host, host.take_changes());
    const std::vector<PrefixIndex::Held> held = expected(host);
    most = std::max(most, held.size());
    ASSERT_EQ(device.read(), held) << "round " << round;
  }
  EXPECT_GT(most, 40U);
}

// Covers: LOOK-03, LOOK-15
TEST_P(Index, FindsThePrefixOfEachRequestOfABatch) {
  Random random(3);
  const Config<Growing> config = single_group_config<Growing>(GroupKind::full, 4, num_blocks);
  HashIndex host(num_blocks, {1});
  host.follow();
  PrefixIndex device(stream, config);
  std::vector<std::vector<Hash256>> chains(40);
  BlockId next = 1;
  for (std::vector<Hash256>& chain : chains) {
    chain.resize(random.below(60));
    for (Hash256& digest : chain) {
      for (std::uint64_t& word : digest.words) word = random.next();
    }
    for (std::size_t i = 0; i < chain.size() && next < num_blocks; ++i) {
      if (random.chance(9, 10)) host.insert({{&chain[i], 1}, 0}, next++);
    }
  }
  device.update(host, host.take_changes());
  std::vector<PrefixIndex::Request> requests;
  std::vector<PrefixIndex::Hit> hits;
  for (const std::vector<Hash256>& chain : chains) {
    const std::uint32_t num_tokens = static_cast<std::uint32_t>(chain.size()) * 4 + 1 + random.below(3);
    requests.push_back({chain, num_tokens});
    PrefixIndex::Hit& hit = hits.emplace_back();
    hit.blocks.emplace_back();
    for (const Hash256& digest : chain) {
      const auto found = host.first({{&digest, 1}, 0});
      if (!found) break;
      hit.blocks[0].push_back(*found);
    }
    hit.num_tokens = static_cast<std::uint32_t>(hit.blocks[0].size()) * 4;
  }
  EXPECT_EQ(device.look_up(requests), hits);
  EXPECT_TRUE(device.look_up({}).empty());
}

// Each request of a batch gets the answer that it gets alone, in groups of every kind that is looked up in its own way.
// Covers: LOOK-07, LOOK-10, LOOK-12, LOOK-13
TEST_P(Index, AnswersABatchOverSeveralGroupsAsOneByOne) {
  Config<Growing> config = three_groups();
  GroupSpec window = config.groups[0];
  window.kind = GroupKind::swa;
  window.sliding_window = 9;
  GroupSpec state = config.groups[1];
  state.kind = GroupKind::mamba;
  state.mamba_cache_mode = MambaCacheMode::all;
  config.groups.push_back(window);
  config.groups.push_back(state);
  constexpr std::uint32_t many = 6000;  // blocks: a chain of 40 digests takes 133
  config.num_blocks = many;
  ASSERT_TRUE(validate(config).ok());
  const std::vector<std::uint32_t> spans{1, 2, 3, 1, 2};  // digests per block

  Random random(17);
  HashIndex host(many, spans);
  host.follow();
  PrefixIndex device(stream, config);
  std::vector<std::vector<Hash256>> chains(40);
  std::vector<PrefixIndex::Request> requests;
  BlockId next = 1;
  for (std::vector<Hash256>& chain : chains) {
    chain.resize(random.below(40));
    for (Hash256& digest : chain) {
      for (std::uint64_t& word : digest.words) word = random.next();
    }
    const bool is_whole = random.chance(1, 2);
    for (GroupId g = 0; g < spans.size(); ++g) {
      for (std::size_t i = 0; i + spans[g] <= chain.size(); i += spans[g]) {
        if (is_whole || random.chance(19, 20)) host.insert({{&chain[i], spans[g]}, g}, next++);
      }
    }
    requests.push_back({chain, static_cast<std::uint32_t>(chain.size()) * 4 + 1 + random.below(3)});
  }
  ASSERT_LE(next, many);
  device.update(host, host.take_changes());
  const std::vector<PrefixIndex::Hit> together = device.look_up(requests);
  ASSERT_EQ(together.size(), requests.size());
  std::vector<std::uint32_t> lengths;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    EXPECT_EQ(together[r], device.look_up(std::span(&requests[r], 1))[0]) << "request " << r;
    ASSERT_EQ(together[r].blocks.size(), spans.size());
    lengths.push_back(together[r].num_tokens);
    // The last block of full attention is that of the last digests of the hit.
    const std::uint32_t blocks = together[r].num_tokens / 4;
    if (blocks == 0) continue;
    const Hash256& last = chains[r][blocks - 1];
    ASSERT_EQ(together[r].blocks[0].size(), blocks);
    EXPECT_EQ(std::optional(together[r].blocks[0].back()), host.first({{&last, 1}, 0}));
  }
  std::ranges::sort(lengths);
  EXPECT_GE(std::ranges::unique(lengths).begin() - lengths.begin(), 4);
}

// What is damaged gives a wrong answer, but the walk ends: no bucket has a vacant entry.
TEST(DamagedIndex, IsWalkedOnce) {
  std::vector<IndexBucket> buckets(8);
  for (IndexBucket& bucket : buckets) std::ranges::fill(bucket.entries, IndexArrays::tombstone);
  std::vector<DigestWords> digests(2);
  std::vector<std::uint64_t> groups{0, 1};
  const std::uint32_t one = 1;
  IndexArrays index{};
  index.buckets = buckets.data();
  index.digests = digests.data();
  index.groups = groups.data();
  index.digests_of = &one;
  index.bucket_mask = 7;
  index.num_groups = 1;
  const BlockId block = 1;
  EXPECT_EQ((FindKeys{index, nullptr, nullptr, nullptr}.find(digests.data(), 1, 0)), null_block);
  EraseEntries{index, &block}(0);
  EXPECT_EQ(groups[1], 0U);
}

}  // namespace
}  // namespace kvspec::cuda
