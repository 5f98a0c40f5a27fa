// The seed's cases about the map from a key to its blocks, run on the index alone (World::Index: insert, pop, first).
//
// The seed's keys are the bytes "hash0", "hash1", "hash2" and its pop gives the block or None. Here a key is a hash and
// a group, so the same bytes are padded to a digest of group 0, and pop says whether the block was there.
#pragma once

#include <optional>
#include <string_view>

#include "spec/vocabulary.hpp"
#include "tests/seed/driver.hpp"

namespace kvspec::seed {

template <class S>
constexpr BlockKey<S> key_of(std::string_view bytes) {
  Digest padded{};
  for (std::size_t i = 0; i < bytes.size(); ++i) padded.bytes[i] = static_cast<std::uint8_t>(bytes[i]);
  return block_key<S>(padded, 0);
}

// Covers: POOL-09, POOL-10
template <class W>
constexpr Verdict test_block_lookup_cache_single_block_per_key() {
  using S = StorageOf<W>;
  typename W::Index cache{};
  const BlockKey<S> key0 = key_of<S>("hash0"), key1 = key_of<S>("hash1"), key2 = key_of<S>("hash2");
  const BlockId block0 = 0, block1 = 1;

  SEED_CHECK(!cache.first(key0));
  SEED_CHECK(!cache.first(key1));
  SEED_CHECK(!cache.first(key2));

  // key0 inserted
  cache.insert(key0, block0);
  SEED_CHECK(cache.first(key0) == block0);
  SEED_CHECK(!cache.first(key1));
  SEED_CHECK(!cache.first(key2));

  // key1 inserted
  cache.insert(key1, block1);
  SEED_CHECK(cache.first(key0) == block0);
  SEED_CHECK(cache.first(key1) == block1);
  SEED_CHECK(!cache.first(key2));

  // No block popped: another block id.
  SEED_CHECK(!cache.pop(key0, 100));
  SEED_CHECK(cache.first(key0) == block0);
  SEED_CHECK(cache.first(key1) == block1);
  SEED_CHECK(!cache.first(key2));

  // Block popped with (key0, block 0).
  SEED_CHECK(cache.pop(key0, 0));
  SEED_CHECK(!cache.first(key0));
  SEED_CHECK(cache.first(key1) == block1);
  SEED_CHECK(!cache.first(key2));

  // No block popped: another block id.
  SEED_CHECK(!cache.pop(key0, 1));
  SEED_CHECK(!cache.first(key0));
  SEED_CHECK(cache.first(key1) == block1);
  SEED_CHECK(!cache.first(key2));

  // Block popped with (key1, block 1).
  SEED_CHECK(cache.pop(key1, 1));
  SEED_CHECK(!cache.first(key0));
  SEED_CHECK(!cache.first(key1));
  SEED_CHECK(!cache.first(key2));
  return {};
}

// Covers: POOL-09, POOL-10
template <class W>
constexpr Verdict test_block_lookup_cache_multi_blocks_per_key() {
  using S = StorageOf<W>;
  typename W::Index cache{};
  const BlockKey<S> key0 = key_of<S>("hash0"), key1 = key_of<S>("hash1");
  const BlockId block00 = 0, block01 = 1, block10 = 10, block11 = 11;

  SEED_CHECK(!cache.first(key0));
  SEED_CHECK(!cache.first(key1));

  cache.insert(key0, block00);
  cache.insert(key0, block01);
  cache.insert(key1, block10);
  cache.insert(key1, block11);

  SEED_CHECK(cache.first(key0) == block00);
  SEED_CHECK(cache.pop(key0, 0));
  SEED_CHECK(cache.first(key0) == block01);
  SEED_CHECK(cache.pop(key0, 1));
  SEED_CHECK(!cache.first(key0));
  SEED_CHECK(!cache.pop(key0, 2));

  SEED_CHECK(cache.first(key1) == block10);
  SEED_CHECK(cache.pop(key1, 10));
  SEED_CHECK(cache.first(key1) == block11);
  SEED_CHECK(cache.pop(key1, 11));
  SEED_CHECK(!cache.first(key1));
  SEED_CHECK(!cache.pop(key1, 12));
  return {};
}

}  // namespace kvspec::seed
