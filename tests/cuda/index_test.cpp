// The device's prefix index follows the host's through random changes.
#include <gtest/gtest.h>

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
        const GroupId group = random.chance(1, 20) ? 7 : random.below(3);  // 7: a group that there is not
        std::vector<Hash256> key(group == 7 ? 1 : group + 1);
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

}  // namespace
}  // namespace kvspec::cuda
