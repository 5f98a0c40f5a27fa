// The bodies of the device's prefix index: which block is the first of a key. [HASH-11, POOL-09]
//
//   entries   buckets of four, 32 bytes, which is what memory reads at once. An entry is 24 bits of block, 8 bits of
//             tag and 32 bits of group; 0 is vacant. A key wants its home bucket and, where that has no vacant entry,
//             the next ones. At most half of the entries are in use, so nine keys in ten are in their home.
//   digests   the k digests of each block's key, once. An entry names a block, and the block's digests are the key to
//             compare with, so that finding a key takes two reads from anywhere: a bucket and a digest.
//   groups    per block: one more than the group of its entry, which can be any number of 32 bits; 0: it has none.
//
// An entry that is erased leaves a tombstone if its bucket has no vacant entry: then a key may have gone past it. In
// any other bucket nothing has, and it becomes vacant. So a search ends at the first vacant entry, and which buckets
// have one never changes but by an insertion. Tombstones are used again by insertions, and cleared away when there are
// many. No walk goes round more than once: memory that was damaged is to give a wrong answer, not a kernel without end.
//
// Erasing and inserting are kernels of their own; within one, no block is twice, so that threads never want the same
// thing but a place to insert.
#pragma once

#include <cstdint>

#include "impl/cuda/atomics.hpp"
#include "impl/cuda/hashing/chains.hpp"
#include "impl/cuda/launch.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda {

inline constexpr std::uint32_t entries_of_bucket = 4;

struct alignas(32) IndexBucket {
  std::uint64_t entries[entries_of_bucket];
};

struct IndexArrays {
  IndexBucket* buckets = nullptr;
  DigestWords* digests = nullptr;  // `stride` per block
  std::uint64_t* groups = nullptr;
  const std::uint32_t* digests_of = nullptr;  // per group
  std::uint32_t bucket_mask = 0;              // number of buckets, a power of two, less 1
  std::uint32_t stride = 1;
  std::uint32_t num_groups = 0;

  static constexpr std::uint64_t vacant = 0;
  static constexpr std::uint64_t tombstone = std::uint64_t{1} << 24;  // of no block
  static constexpr std::uint32_t block_mask = (std::uint32_t{1} << 24) - 1;

  static KVSPEC_EXEC BlockId block_of(std::uint64_t entry) { return static_cast<std::uint32_t>(entry) & block_mask; }

  KVSPEC_EXEC std::uint64_t num_buckets() const { return std::uint64_t{bucket_mask} + 1; }
  // Precondition: groups[b] != 0.
  KVSPEC_EXEC GroupId group_of(BlockId b) const { return static_cast<GroupId>(groups[b] - 1); }
  // Groups that the configuration does not have have one digest.
  KVSPEC_EXEC std::uint32_t num_digests(GroupId group) const { return group < num_groups ? digests_of[group] : 1; }

  // The last eight bytes are the ones that a truncated digest keeps. [HASH-13]
  static KVSPEC_EXEC std::uint64_t hash_of(GroupId group, const DigestWords* key, std::uint32_t count) {
    std::uint64_t hash = (std::uint64_t{group} + 1) * 0xc2b2ae3d27d4eb4fU;
    for (std::uint32_t i = 0; i < count; ++i) {
      hash += std::uint64_t{key[i].words[6]} << 32 | key[i].words[7];
      hash = (hash ^ hash >> 31) * 0xbf58476d1ce4e5b9U;
    }
    return hash ^ hash >> 29;
  }
  KVSPEC_EXEC std::uint32_t home(std::uint64_t hash) const { return static_cast<std::uint32_t>(hash) & bucket_mask; }
  static KVSPEC_EXEC std::uint64_t entry_of(std::uint64_t hash, GroupId group, BlockId b) {
    const std::uint32_t tag = static_cast<std::uint32_t>(hash >> 56);
    return std::uint64_t{group} << 32 | tag << 24 | b;
  }
};

// Takes blocks out; those that have no entry are passed over.
struct EraseEntries {
  IndexArrays index;
  const BlockId* blocks;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const BlockId b = blocks[i];
    if (index.groups[b] == 0) return;
    const GroupId group = index.group_of(b);
    index.groups[b] = 0;
    const DigestWords* const key = index.digests + std::uint64_t{b} * index.stride;
    const std::uint64_t hash = IndexArrays::hash_of(group, key, index.num_digests(group));
    const std::uint64_t wanted = IndexArrays::entry_of(hash, group, b);
    std::uint32_t at = index.home(hash);
    for (std::uint64_t walked = 0; walked < index.num_buckets(); ++walked, at = (at + 1) & index.bucket_mask) {
      IndexBucket& bucket = index.buckets[at];
      bool has_vacant = false;
      std::uint32_t place = entries_of_bucket;
      for (std::uint32_t j = 0; j < entries_of_bucket; ++j) {
        has_vacant = has_vacant || bucket.entries[j] == IndexArrays::vacant;
        if (bucket.entries[j] == wanted) place = j;
      }
      if (place == entries_of_bucket) continue;
      bucket.entries[place] = has_vacant ? IndexArrays::vacant : IndexArrays::tombstone;
      return;
    }
  }
};

// Enters a block under the key that its digests and its group make.
struct InsertEntry {
  IndexArrays index;

  KVSPEC_EXEC void insert(BlockId b) const {
    const GroupId group = index.group_of(b);
    const DigestWords* const key = index.digests + std::uint64_t{b} * index.stride;
    const std::uint64_t hash = IndexArrays::hash_of(group, key, index.num_digests(group));
    const std::uint64_t entry = IndexArrays::entry_of(hash, group, b);
    std::uint32_t at = index.home(hash);
    for (std::uint64_t walked = 0; walked < index.num_buckets(); ++walked, at = (at + 1) & index.bucket_mask) {
      for (std::uint32_t j = 0; j < entries_of_bucket; ++j) {
        std::uint64_t* const place = &index.buckets[at].entries[j];
        const std::uint64_t seen = *place;
        if (IndexArrays::block_of(seen) != 0) continue;
        if (compare_and_swap(place, seen, entry) == seen) return;
      }
    }
  }
};

// Blocks that become the first of their keys, none of which holds another; their digests lie behind one another.
struct NewEntry {
  BlockId block = 0;
  GroupId group = 0;
  std::uint64_t first_digest = 0;
};
struct InsertEntries {
  InsertEntry into;
  const NewEntry* entries;
  const DigestWords* digests;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const NewEntry entry = entries[i];
    const IndexArrays& index = into.index;
    DigestWords* const key = index.digests + std::uint64_t{entry.block} * index.stride;
    for (std::uint32_t j = 0; j < index.num_digests(entry.group); ++j) key[j] = digests[entry.first_digest + j];
    index.groups[entry.block] = std::uint64_t{entry.group} + 1;
    into.insert(entry.block);
  }
};
// Enters every block that has a group, in an index without entries.
struct InsertAll {
  InsertEntry into;

  KVSPEC_EXEC void operator()(std::uint64_t b) const {
    if (into.index.groups[b] != 0) into.insert(static_cast<BlockId>(b));
  }
};

// ---- Keys to blocks -------------------------------------------------------------------------------------------------

inline constexpr std::uint32_t keys_of_tile = 16;

// Consecutive keys of one request in one group: at most keys_of_tile.
struct KeyTile {
  std::uint64_t first_digest = 0;  // of the keys, as many each as the group has per block
  std::uint64_t first_found = 0;   // where the answers go
  GroupId group = 0;
  std::uint32_t count = 0;
};

// found[tile.first_found + j] is the first block of key j of the tile, the null block if it has none. One turn per
// place of a tile, whether it has so many keys or not.
struct FindKeys {
  IndexArrays index;
  const DigestWords* digests;
  const KeyTile* tiles;
  BlockId* found;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const KeyTile tile = tiles[i / keys_of_tile];
    const std::uint32_t j = static_cast<std::uint32_t>(i % keys_of_tile);
    if (j >= tile.count) return;
    const std::uint32_t count = index.num_digests(tile.group);
    found[tile.first_found + j] = find(digests + tile.first_digest + std::uint64_t{j} * count, count, tile.group);
  }

  KVSPEC_EXEC BlockId find(const DigestWords* key, std::uint32_t count, GroupId group) const {
    const std::uint64_t hash = IndexArrays::hash_of(group, key, count);
    const std::uint64_t like = IndexArrays::entry_of(hash, group, 0);
    std::uint32_t at = index.home(hash);
    for (std::uint64_t walked = 0; walked < index.num_buckets(); ++walked, at = (at + 1) & index.bucket_mask) {
      const IndexBucket bucket = index.buckets[at];
      bool has_vacant = false;
      KVSPEC_UNROLL
      for (std::uint32_t j = 0; j < entries_of_bucket; ++j) {
        const BlockId b = IndexArrays::block_of(bucket.entries[j]);
        has_vacant = has_vacant || bucket.entries[j] == IndexArrays::vacant;
        if (b != 0 && bucket.entries[j] - b == like && has_digests(b, key, count)) return b;
      }
      if (has_vacant) return null_block;
    }
    return null_block;
  }

 private:
  KVSPEC_EXEC bool has_digests(BlockId b, const DigestWords* key, std::uint32_t count) const {
    const DigestWords* const mine = index.digests + std::uint64_t{b} * index.stride;
    for (std::uint32_t i = 0; i < count; ++i) {
      const DigestWords one = mine[i];
      const DigestWords other = key[i];
      std::uint32_t differing = 0;
      KVSPEC_UNROLL
      for (unsigned w = 0; w < 8; ++w) differing |= one.words[w] ^ other.words[w];
      if (differing != 0) return false;
    }
    return true;
  }
};

}  // namespace kvspec::cuda
