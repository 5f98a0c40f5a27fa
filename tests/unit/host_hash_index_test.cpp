// The prefix-cache index of the host implementation against a map of lists.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "impl/host/hash_index.hpp"

namespace kvspec::host {
namespace {

Hash256 digest_of(std::uint64_t last, std::uint64_t first = 0) {
  Hash256 digest;
  digest.words = {first, 0, 0, last};
  return digest;
}

// The oracle: key -> blocks in insertion order, and whether it ever held several.
using OracleKey = std::pair<std::vector<std::uint64_t>, GroupId>;
struct OracleEntry {
  std::vector<BlockId> blocks;
  bool several = false;
};
using Oracle = std::map<OracleKey, OracleEntry>;

OracleKey key_of(std::span<const Hash256> digests, GroupId group) {
  OracleKey key{{}, group};
  for (const Hash256& digest : digests) key.first.insert(key.first.end(), digest.words.begin(), digest.words.end());
  return key;
}

void expect_equal(const HashIndex& index, const Oracle& oracle) {
  ASSERT_EQ(index.num_keys(), oracle.size());
  Oracle walked;
  OracleKey current;
  index.walk([&](std::span<const Hash256> digests, GroupId group, BlockId b, bool first_of_key) {
    const OracleKey key = key_of(digests, group);
    if (first_of_key) {
      ASSERT_FALSE(walked.contains(key));
      current = key;
    }
    ASSERT_EQ(key, current);
    ASSERT_TRUE(index.has_hash(b));
    walked[key].blocks.push_back(b);
  });
  index.walk_duplicates([&](const std::vector<BlockId>& blocks) {
    walked[key_of(index.digests(blocks.front()), index.group(blocks.front()))].several = true;
  });
  ASSERT_EQ(walked.size(), oracle.size());
  for (const auto& [key, entry] : oracle) {
    ASSERT_TRUE(walked.contains(key));
    ASSERT_EQ(walked[key].blocks, entry.blocks);
    ASSERT_EQ(walked[key].several, entry.several);
  }
}

// How the digests of a run of the property are made.
struct Shape {
  const char* name;
  std::uint64_t distinct;  // digests
  unsigned shift;          // of a digest within its last word; with few distinct ones, all share their home
  std::vector<std::uint32_t> digests_of_group;
  std::vector<GroupId> groups;
};

// Covers: POOL-09, POOL-10, HASH-10, HASH-11, HASH-13, I6
TEST(HostHashIndex, BehavesAsAMapOfLists) {
  const std::vector<Shape> shapes = {
      {"spread", 1000000, 0, {}, {0}},
      {"duplicates", 12, 0, {}, {0}},
      {"truncated to 2 bits", 4, 56, {}, {0, 1}},
      {"groups beyond the slot's byte", 6, 3, {}, {0, 254, 255, 256, 4294967295U}},
      {"concatenations", 3, 0, {1, 3, 2}, {0, 1, 2, 7}},
  };
  std::mt19937_64 random(7);
  for (const Shape& shape : shapes) {
    SCOPED_TRACE(shape.name);
    constexpr std::size_t num_blocks = 60;
    HashIndex index(num_blocks, shape.digests_of_group);
    Oracle oracle;
    const auto random_group = [&] { return shape.groups[random() % shape.groups.size()]; };
    const auto random_digests = [&](GroupId group) {
      const std::size_t k = group < shape.digests_of_group.size() ? shape.digests_of_group[group] : 1;
      std::vector<Hash256> digests;
      for (std::size_t i = 0; i < k; ++i) digests.push_back(digest_of((random() % shape.distinct) << shape.shift));
      return digests;
    };
    for (int i = 0; i < 4000; ++i) {
      const BlockId b = static_cast<BlockId>(random() % num_blocks);
      const GroupId group = random_group();
      const std::vector<Hash256> digests = random_digests(group);
      const HashIndex::Key key{digests, group};
      const OracleKey oracle_key = key_of(digests, group);
      const bool fill = (i / 500) % 2 == 0;  // phases in which the table grows and in which it empties
      if (!index.has_hash(b) && (fill || random() % 4 == 0)) {
        index.insert(key, b);
        OracleEntry& entry = oracle[oracle_key];
        entry.blocks.push_back(b);
        entry.several = entry.several || entry.blocks.size() > 1;
      } else if (index.has_hash(b) && (!fill || random() % 4 == 0)) {
        const OracleKey own = key_of(index.digests(b), index.group(b));
        index.remove(b);
        std::erase(oracle[own].blocks, b);
        if (oracle[own].blocks.empty()) oracle.erase(own);
        ASSERT_FALSE(index.has_hash(b));
      }
      const auto entry = oracle.find(oracle_key);
      const std::optional<BlockId> first = index.first(key);
      ASSERT_EQ(first.has_value(), entry != oracle.end());
      if (first) {
        ASSERT_EQ(*first, entry->second.blocks.front());
      }
      ASSERT_EQ(index.holds(key, b), entry != oracle.end() && std::ranges::count(entry->second.blocks, b) == 1);
      if (i % 20 == 0) expect_equal(index, oracle);
    }
    index.clear();
    expect_equal(index, {});
  }
}

// Covers: LOOK-03, CACHE-05, POOL-09
TEST(HostHashIndex, RunsStopAtTheFirstMissAndPassOverNullBlocks) {
  constexpr std::size_t num_blocks = 300;
  HashIndex index(num_blocks);
  std::vector<Hash256> digests;
  std::vector<BlockId> blocks;
  for (std::uint64_t i = 0; i < 100; ++i) {
    digests.push_back(digest_of(i * 0x9e3779b97f4a7c15));
    blocks.push_back(static_cast<BlockId>(i + 1));
  }
  std::vector<BlockId> found(digests.size());
  EXPECT_EQ(index.find_run(digests.data(), digests.size(), 0, found.data()), 0U);

  for (std::size_t hole = 0; hole <= 100; hole += 7) {
    index.clear();
    std::vector<BlockId> holed = blocks;
    if (hole < holed.size()) holed[hole] = null_block;
    index.insert_run(digests.data(), holed, 0);
    std::vector<BlockId> again;
    for (const BlockId b : holed) again.push_back(b == null_block ? null_block : b + 100);
    index.insert_run(digests.data(), again, 0);
    ASSERT_EQ(index.find_run(digests.data(), digests.size(), 0, found.data()), hole);
    ASSERT_TRUE(std::equal(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(hole), holed.begin()));
    ASSERT_EQ(index.find_run(digests.data(), digests.size(), 1, found.data()), 0U);
    ASSERT_EQ(index.find_run(digests.data(), hole / 2, 0, found.data()), hole / 2);
  }
}

// Digests that agree in every bit the slot keeps are told apart by the block's own copy.
// Covers: POOL-09, LOOK-03
TEST(HostHashIndex, KeysThatShareTheirHashBitsAreTwoKeys) {
  HashIndex index(8);
  const std::vector<Hash256> a = {digest_of(5, 1)};
  const std::vector<Hash256> b = {digest_of(5, 2)};
  index.insert({a, 0}, 1);
  EXPECT_EQ(index.first({b, 0}), std::nullopt);
  index.insert({b, 0}, 2);
  EXPECT_EQ(index.first({a, 0}), 1U);
  EXPECT_EQ(index.first({b, 0}), 2U);
  EXPECT_EQ(index.num_keys(), 2U);
  const std::vector<Hash256> both = {a[0], b[0]};
  std::vector<BlockId> found(2);
  EXPECT_EQ(index.find_run(both.data(), 2, 0, found.data()), 2U);
  EXPECT_EQ(found, (std::vector<BlockId>{1, 2}));
  index.remove(1);
  EXPECT_EQ(index.first({a, 0}), std::nullopt);
  EXPECT_EQ(index.first({b, 0}), 2U);
}

// Covers: POOL-09, POOL-10
TEST(HostHashIndex, PopTakesOnlyTheBlockOfTheKey) {
  HashIndex index(16);
  const auto key = [](const char* text) {
    BlockKey<Growing> result{};
    const std::string_view bytes(text);
    result.hash.assign(bytes.begin(), bytes.end());
    return result;
  };
  index.insert(key("hash0"), 0);
  index.insert(key("hash0"), 3);
  index.insert(key("hash1"), 1);
  EXPECT_FALSE(index.pop(key("hash0"), 100));
  EXPECT_FALSE(index.pop(key("hash0"), 1));
  EXPECT_FALSE(index.pop(key("hash2"), 2));
  EXPECT_EQ(index.first(key("hash0")), 0U);
  EXPECT_TRUE(index.pop(key("hash0"), 0));
  EXPECT_EQ(index.first(key("hash0")), 3U);
  EXPECT_EQ(index.first(key("hash1")), 1U);
  EXPECT_TRUE(index.pop(key("hash0"), 3));
  EXPECT_EQ(index.first(key("hash0")), std::nullopt);
  EXPECT_EQ(index.num_keys(), 1U);
}

// Covers: POOL-10
TEST(HostHashIndex, RemovingMidChainKeepsTheOrder) {
  HashIndex index(8);
  const std::vector<Hash256> digests = {digest_of(9)};
  const HashIndex::Key key{digests, 0};
  for (const BlockId b : {4U, 2U, 6U, 1U}) index.insert(key, b);
  std::vector<BlockId> removed;
  const std::vector<BlockId> list = {3, 6, 4};
  index.remove_each(list, [&](BlockId b) { removed.push_back(b); });
  EXPECT_EQ(removed, (std::vector<BlockId>{6, 4}));
  std::vector<std::vector<BlockId>> chains;
  index.walk_duplicates([&](const std::vector<BlockId>& blocks) { chains.push_back(blocks); });
  EXPECT_EQ(chains, (std::vector<std::vector<BlockId>>{{2, 1}}));
  index.remove(2);
  chains.clear();
  index.walk_duplicates([&](const std::vector<BlockId>& blocks) { chains.push_back(blocks); });
  EXPECT_EQ(chains, (std::vector<std::vector<BlockId>>{{1}}));  // it once held several
  index.remove(1);
  index.insert(key, 5);
  chains.clear();
  index.walk_duplicates([&](const std::vector<BlockId>& blocks) { chains.push_back(blocks); });
  EXPECT_TRUE(chains.empty());  // the key was empty in between
}

// Covers: POOL-09
TEST(HostHashIndex, ABucketFindsWhatItHasWhereverItIs) {
  for (std::size_t i = 0; i < Bucket::size; ++i) {
    Bucket bucket{};
    bucket.passed = 0x05000007;
    bucket.entries[i] = 0x05000007;
    EXPECT_EQ(bucket.with_tag(5), 1U << i);
    EXPECT_EQ(bucket.with_entry(0x05000007), 1U << i);
    EXPECT_EQ(bucket.with_entry(0), (1U << Bucket::size) - 1 - (1U << i));
    EXPECT_EQ(bucket.with_tag(6), 0U);
  }
}

// Buckets overflow into the next, the last into the first, and what passed them is forgotten with what it passed: a
// search for a key that is not there comes to an end, however often the index was filled.
// Covers: POOL-09, POOL-10
TEST(HostHashIndex, CanBeFilledAgainAndAgain) {
  std::mt19937_64 random(3);
  for (const std::size_t num_blocks : {31U, 150U}) {
    HashIndex index(num_blocks);
    std::vector<Hash256> digests(num_blocks);
    for (int round = 0; round < 1500; ++round) {
      for (std::size_t b = 0; b < num_blocks; ++b) {
        digests[b] = digest_of(random());
        index.insert({std::span(digests).subspan(b, 1), 0}, static_cast<BlockId>(b));
      }
      for (std::size_t b = 0; b < num_blocks; ++b) {
        ASSERT_EQ(index.first({std::span(digests).subspan(b, 1), 0}), b);
      }
      for (std::size_t b = 0; b < num_blocks; ++b) index.remove(static_cast<BlockId>(b));
      index.remove(static_cast<BlockId>(round % 16));  // it is in no key any more
      ASSERT_EQ(index.num_keys(), 0U);
      for (std::size_t b = 0; b < num_blocks; ++b) {
        ASSERT_EQ(index.first({std::span(digests).subspan(b, 1), 0}), std::nullopt);
      }
    }
  }
}

// A copy of what a look-up answers, kept by what the index says has changed.
// Covers: POOL-09
TEST(HostHashIndex, CanBeFollowed) {
  constexpr std::size_t num_blocks = 12;
  std::mt19937_64 random(5);
  HashIndex index(num_blocks);
  std::vector<Hash256> digests;
  for (std::uint64_t i = 0; i < 5; ++i) digests.push_back(digest_of(i));
  for (const BlockId b : {1U, 2U, 3U}) index.insert({std::span(digests).first(1), 0}, b);
  index.remove(1);
  EXPECT_TRUE(index.take_changes().blocks.empty());
  index.clear();
  EXPECT_FALSE(index.take_changes().cleared);
  index.follow();
  index.clear();
  EXPECT_FALSE(index.take_changes().cleared);  // there was nothing in it
  std::set<BlockId> copy;                      // the first blocks of keys
  std::size_t cleared = 0;
  for (int round = 0; round < 4000; ++round) {
    const BlockId b = static_cast<BlockId>(random() % num_blocks);
    if (random() % 100 == 0) {
      index.clear();
    } else if (index.has_hash(b)) {
      index.remove(b);
    } else {
      index.insert({std::span(digests).subspan(random() % digests.size(), 1), 0}, b);
    }
    if (random() % 3 != 0) continue;
    const HashIndex::Changes changes = index.take_changes();
    if (changes.cleared) copy.clear();
    cleared += changes.cleared ? 1 : 0;
    for (const BlockId changed : changes.blocks) {
      copy.erase(changed);
      if (index.is_first(changed)) copy.insert(changed);
    }
    for (BlockId i = 0; i < num_blocks; ++i) ASSERT_EQ(copy.contains(i), index.is_first(i)) << round;
    ASSERT_EQ(copy.size(), index.num_keys());
  }
  EXPECT_GT(cleared, 10U);
}

// What comes from elsewhere may be shorter than a digest, and a block may be one that does not exist.
// Covers: HASH-10, HASH-11
TEST(HostHashIndex, KeysAreFilledWithZeroes) {
  HashIndex index(4, {2});
  BlockKey<Growing> key{};
  key.hash.assign(64, 1);
  index.insert(key, 1);
  BlockKey<Growing> shorter = key;
  shorter.hash.resize(20);
  EXPECT_EQ(index.first(shorter), std::nullopt);
  index.insert(shorter, 2);
  shorter.hash.resize(64, 0);
  EXPECT_EQ(index.first(shorter), 2U);
  EXPECT_EQ(index.first(key), 1U);
  EXPECT_FALSE(index.pop(shorter, 4));
}

// A run of keys, whose digests end with it.
// Covers: LOOK-03
TEST(HostHashIndex, LongRunsAreFound) {
  for (const std::size_t count : {1U, 2U, 6U, 7U, 12U, 13U, 17U, 1000U}) {
    HashIndex index(count + 1);
    std::vector<Hash256> digests;
    std::vector<BlockId> blocks;
    for (std::size_t i = 0; i < count; ++i) {
      digests.push_back(digest_of(i * 0x9e3779b97f4a7c15));
      blocks.push_back(static_cast<BlockId>(i + 1));
    }
    digests.shrink_to_fit();
    index.insert_run(digests.data(), blocks, 0);
    std::vector<BlockId> found(count);
    ASSERT_EQ(index.find_run(digests.data(), count, 0, found.data()), count);
    ASSERT_EQ(found, blocks);
  }
}

}  // namespace
}  // namespace kvspec::host
