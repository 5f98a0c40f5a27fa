// The keys a state-space group has cached in a step, against a set of the standard library.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "impl/host/key_set.hpp"

namespace kvspec::host {
namespace {

using Words = std::vector<std::uint64_t>;

std::vector<Hash256> key_of(const Words& words) {
  std::vector<Hash256> key(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) key[i].words = {1, 2, words[i] / 8, words[i] % 8};
  return key;
}

// Covers: MAMBA-02
TEST(HostKeySet, BehavesAsASet) {
  std::mt19937 random(7);
  for (const std::size_t digests_per_key : {std::size_t{1}, std::size_t{3}}) {
    KeySet keys(digests_per_key);
    std::set<Words> expected;
    for (int round = 0; round < 3000; ++round) {
      Words words(digests_per_key);
      for (std::uint64_t& word : words) word = random() % 60;  // few of them, with a few hash values
      const std::vector<Hash256> key = key_of(words);
      ASSERT_EQ(keys.contains(key), expected.contains(words));
      if (random() % 3 != 0) {
        keys.insert(key);
        expected.insert(words);
      }
      ASSERT_EQ(keys.size(), expected.size());
      if (random() % 400 == 0) {
        keys.clear();
        expected.clear();
      }
    }
  }
}

// Covers: MAMBA-02
TEST(HostKeySet, KeysComeInTheOrderTheyWereEntered) {
  KeySet keys(2);
  EXPECT_FALSE(keys.contains(key_of({1, 2})));
  keys.insert(key_of({3, 4}));
  keys.insert(key_of({1, 2}));
  keys.insert(key_of({3, 4}));
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_TRUE(std::ranges::equal(keys[0], key_of({3, 4})));
  EXPECT_TRUE(std::ranges::equal(keys[1], key_of({1, 2})));
}

// Sets as small as a step makes them, of which each is asked for what it has not.
// Covers: MAMBA-02
TEST(HostKeySet, SmallSetsEndEverySearch) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 3000; ++round) {
    KeySet keys(1);
    std::vector<Hash256> entered(random() % 9);
    for (Hash256& key : entered) {
      key.words = {random(), random(), random(), random()};
      keys.insert(std::span(&key, 1));
    }
    for (Hash256& key : entered) ASSERT_TRUE(keys.contains(std::span(&key, 1)));
    for (int i = 0; i < 8; ++i) {
      Hash256 other{};
      other.words[3] = random();
      ASSERT_FALSE(keys.contains(std::span(&other, 1)));
    }
  }
}

}  // namespace
}  // namespace kvspec::host
