// The prefix cache: which block holds the KV entries of a given hash in a given group. [HASH-11, POOL-09, POOL-10]
//
// A key is k digests and a group. A block is under at most one key; a key may hold several blocks, of which a look-up
// answers the one inserted first.
//
//   buckets_   one cache line each, with room for two entries per block over all; see bucket.hpp. The home of a key is
//              a fraction of the table's length, so that the length need not be a power of two; the 8-bit tag rejects
//              nearly every other key of a bucket without looking at its block.
//   digests_   the k digests of each block, once. They are the only copy: an entry names a block, and the block's
//              digests are the key to compare with. Groups whose blocks span more hash blocks have a larger k; all
//              blocks get the room of the largest. [HASH-10]
//   records_   per block: the 30 bits of the key's hash that home and tag come from, so that evicting need not read
//              the digests; whether it is cached, and whether it is chained; the group.
//   chain_     per block: next and previous block of the same key, a circle in insertion order that starts at the
//              block of the key's entry. Touched only for keys that hold, or once held, several blocks; all blocks of
//              such a key are flagged `chained`, and the flag goes when the key is empty.
//
// All of it is zero in the beginning. One block costs 8.6 + 32k + 8 bytes, and 8 more once its key has duplicates.
//
// Batches (find_run, insert_run, remove_each) work in stages a few keys apart: ask for the bucket, then with the
// bucket's answer for the block, then compare. The stages overlap the cache misses of neighbouring keys, which dominate
// at scale.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "impl/host/bucket.hpp"
#include "impl/host/hash256.hpp"
#include "impl/host/zeroed_array.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

class HashIndex {
 public:
  // The digests of the key and its group; digests.size() is the group's number of digests per block.
  struct Key {
    std::span<const Hash256> digests;
    GroupId group = 0;
  };

  HashIndex() = default;
  // An empty index for blocks 0 .. num_blocks - 1, num_blocks <= 2^24. digests_of_group gives k for each group from 0
  // on; other groups have k = 1.
  explicit HashIndex(std::size_t num_blocks, std::vector<std::uint32_t> digests_of_group = {});

  // The number of keys that hold a block. [POOL-10]
  std::size_t num_keys() const { return num_keys_; }

  bool has_hash(BlockId b) const { return (records_[b].bits & cached) != 0; }
  // The last two only if has_hash(b).
  GroupId group(BlockId b) const { return records_[b].group; }
  std::span<const Hash256> digests(BlockId b) const { return {digests_.data() + b * stride_, digests_in(group(b))}; }

  // The block of the key that was inserted first.
  std::optional<BlockId> first(const Key& key) const;
  // Whether the block is cached under the key.
  bool holds(const Key& key, BlockId b) const { return has_hash(b) && confirms(key, b); }
  // Enters a block that has no hash, behind the blocks its key already holds.
  void insert(const Key& key, BlockId b) { insert_at(key, bits_of(key), b); }
  // Takes a block out of its key; nothing if it has no hash.
  void remove(BlockId b);
  // Takes the block out if it is under the key; whether it was.
  bool pop(const Key& key, BlockId b);
  // Empties the index. [POOL-13]
  void clear();

  // Whether the block is the one that a look-up of its key answers.
  bool is_first(BlockId b) const { return has_hash(b) && find_entry(b).has_value(); }

  // For a copy of the index elsewhere: from follow() on, which blocks may have become, or ceased to be, the first of a
  // key, some of them twice. Taking them forgets them.
  struct Changes {
    bool cleared = false;  // the index was emptied before those blocks changed
    std::vector<BlockId> blocks{};
  };
  void follow() { is_followed_ = true; }
  Changes take_changes() { return std::exchange(changes_, {}); }

  // The same for keys as the specification writes them: at most 32k bytes, shorter ones count as filled with zeroes.
  std::optional<BlockId> first(const BlockKey<Growing>& key) const;
  void insert(const BlockKey<Growing>& key, BlockId b);
  bool pop(const BlockKey<Growing>& key, BlockId b);

  // Looks up `count` consecutive keys, k digests each from `digests` on, until one misses; writes the block of each to
  // out and returns how many were found.
  std::size_t find_run(const Hash256* digests, std::size_t count, GroupId group, BlockId* out) const;
  // Enters blocks[i] under the i-th of consecutive keys; null blocks are passed over. [CACHE-05]
  void insert_run(const Hash256* digests, std::span<const BlockId> blocks, GroupId group);
  // Calls removed(b) for each cached block of the list, in order, and takes it out; its digests are still there.
  template <class F>
  void remove_each(std::span<const BlockId> blocks, F&& removed) {
    if (num_keys_ == 0) return;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (i + bucket_distance < blocks.size()) prefetch_home(records_[blocks[i + bucket_distance]].bits);
      if (!has_hash(blocks[i])) continue;
      removed(blocks[i]);
      remove(blocks[i]);
    }
  }
  void prefetch_record(BlockId b) const { prefetch_to_write(&records_[b]); }

  // f(digests, group, block, first_of_key) for every cached block, key by key.
  template <class F>
  void walk(F&& f) const {
    walk_keys([&](BlockId head) {
      BlockId b = head;
      do {
        f(digests(b), group(b), b, b == head);
        b = is_chained(b) ? chain_[b].next : head;
      } while (b != head);
    });
  }
  // f(blocks in insertion order) for every key that holds, or since it was entered has held, several blocks.
  template <class F>
  void walk_duplicates(F&& f) const {
    std::vector<BlockId> blocks;
    walk_keys([&](BlockId head) {
      if (!is_chained(head)) return;
      blocks.clear();
      BlockId b = head;
      do {
        blocks.push_back(b);
        b = chain_[b].next;
      } while (b != head);
      f(blocks);
    });
  }

 private:
  struct Record {
    std::uint32_t bits;
    GroupId group;
  };
  struct Chain {
    BlockId next;
    BlockId prev;
  };

  static constexpr std::uint32_t cached = 1;                     // of Record::bits
  static constexpr std::uint32_t chained = 2;                    // of Record::bits
  static constexpr std::uint32_t hash_mask = ~std::uint32_t{3};  // of Record::bits
  static constexpr std::size_t entries_per_block = 2;
  static constexpr std::size_t bucket_distance = 12;  // keys between asking for a bucket and reading it
  static constexpr std::size_t block_distance = 6;    // keys between asking for a block's digests and comparing

  static std::uint32_t bits_of(const Key& key);
  // Of the 30 bits the upper ones decide the home, the lower ones the tag.
  std::size_t home(std::uint32_t bits) const {
    return static_cast<std::size_t>((std::uint64_t{bits & hash_mask} * buckets_.size()) >> 32);
  }
  static std::uint32_t tag(std::uint32_t bits) {
    const std::uint32_t byte = bits >> 2 & 0xff;
    return byte + (byte == 0 ? 1 : 0);
  }
  static std::uint32_t entry(std::uint32_t bits, BlockId b) { return tag(bits) << Bucket::tag_shift | b; }
  std::size_t after(std::size_t position) const { return position + 1 == buckets_.size() ? 0 : position + 1; }
  void prefetch_home(std::uint32_t bits) const { prefetch_to_write(&buckets_[home(bits)]); }

  std::size_t digests_in(GroupId group) const {
    return group < digests_of_group_.size() ? digests_of_group_[group] : 1;
  }
  bool is_chained(BlockId b) const { return (records_[b].bits & chained) != 0; }
  bool has_digests(BlockId b, const Key& key) const;
  // Whether a cached block is one of the key's. The record is not read as long as only one group has keys.
  bool confirms(const Key& key, BlockId b) const {
    return has_digests(b, key) && (one_group_ ? the_group_ : records_[b].group) == key.group;
  }
  Key owned(const BlockKey<Growing>& key, std::vector<Hash256>& storage) const;

  // Where a block's entry is.
  struct Place {
    std::size_t bucket = 0;
    std::uint32_t index = 0;
  };
  // The place of the key's entry.
  std::optional<Place> find(const Key& key, std::uint32_t bits) const;
  // The place of the entry that names the block; only the first block of a key has one.
  std::optional<Place> find_entry(BlockId b) const;
  void insert_at(const Key& key, std::uint32_t bits, BlockId b);
  void add_entry(std::uint32_t bits, BlockId b);
  void erase(const Place& place, std::uint32_t bits);
  void append_to_chain(BlockId head, BlockId b);

  template <class F>
  void walk_keys(F&& f) const {
    for (const Bucket& bucket : buckets_.view()) {
      for (const std::uint32_t entry : bucket.entries) {
        if (entry != 0) f(entry & Bucket::block_mask);
      }
    }
  }

  ZeroedArray<Bucket> buckets_{};
  ZeroedArray<Hash256> digests_{};
  ZeroedArray<Record> records_{};
  ZeroedArray<Chain> chain_{};
  std::vector<std::uint32_t> digests_of_group_{};
  std::size_t stride_ = 1;  // digests per block in digests_
  std::size_t num_keys_ = 0;
  bool is_followed_ = false;
  Changes changes_{};
  bool one_group_ = true;  // every key is of the_group_
  GroupId the_group_ = 0;
};

}  // namespace kvspec::host
