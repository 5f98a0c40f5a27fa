// The pool of up to sixteen blocks. The free queue is a word, the reference counts are a word, and the index is the
// blocks that have a hash, in the order in which they were given it: of several blocks under one key the first in that
// order is the one that is found.
#pragma once

#include <cstdint>

#include "impl/cuda/small/bits.hpp"
#include "impl/cuda/small/block_word.hpp"
#include "impl/cuda/small/prefix.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda::small {

inline constexpr std::uint32_t most_blocks = word_places;

class Pool {
 public:
  // [POOL-01, POOL-02]
  KVSPEC_EXEC constexpr void create(std::uint32_t num_blocks) {
    num_blocks_ = num_blocks;
    for (BlockId b = 1; b < num_blocks; ++b) queue_.push_back(b);
  }

  KVSPEC_EXEC constexpr std::uint32_t num_blocks() const { return num_blocks_; }
  KVSPEC_EXEC constexpr std::uint32_t num_free() const { return queue_.size(); }
  KVSPEC_EXEC constexpr const BlockWord& queue() const { return queue_; }
  KVSPEC_EXEC constexpr std::uint32_t references(BlockId b) const {
    return static_cast<std::uint32_t>(references_ >> (4 * b)) & 15U;
  }

  // The blocks with a hash, oldest hash first, and what each of them is findable under.
  KVSPEC_EXEC constexpr const BlockWord& hashed() const { return hashed_; }
  KVSPEC_EXEC constexpr bool has_hash(BlockId b) const { return (is_hashed_ >> b & 1U) != 0; }
  KVSPEC_EXEC constexpr Prefix hash(BlockId b) const { return hash_[b]; }
  KVSPEC_EXEC constexpr GroupId group(BlockId b) const { return group_[b]; }
  KVSPEC_EXEC constexpr std::uint32_t num_keys() const { return num_keys_; }
  // Whether the key of b holds several blocks, or has since it was entered. [POOL-09]
  KVSPEC_EXEC constexpr bool had_twin(BlockId b) const { return (had_twin_ >> b & 1U) != 0; }

  // Whether no other block was given the hash and group of b before it. Precondition: b has a hash.
  KVSPEC_EXEC constexpr bool is_first_of_key(BlockId b) const {
    if (!had_twin(b)) return true;
    for (std::uint32_t i = 0; hashed_[i] != b; ++i) {
      if (same_key(hashed_[i], b)) return false;
    }
    return true;
  }
  KVSPEC_EXEC constexpr bool same_key(BlockId a, BlockId b) const {
    return hash_[a] == hash_[b] && group_[a] == group_[b];
  }

  // Precondition: count <= num_free(). [POOL-03]
  KVSPEC_EXEC constexpr BlockWord take(std::uint32_t count) {
    BlockWord taken = queue_;
    taken.truncate(count);
    if (count > 0) queue_.drop_front(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      evict(taken[i]);
      references_ |= std::uint64_t{1} << (4 * taken[i]);
    }
    return taken;
  }

  // [POOL-05]
  KVSPEC_EXEC constexpr void touch(BlockId b) {
    if (b == null_block) return;
    if (references(b) == 0) queue_.erase_at(queue_.find(b));
    references_ += std::uint64_t{1} << (4 * b);
  }

  // [POOL-06, POOL-07]
  KVSPEC_EXEC constexpr void free(const BlockWord& blocks, bool to_head = false) {
    for (std::uint32_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i] != null_block) references_ -= std::uint64_t{1} << (4 * blocks[i]);
    }
    BlockWord freed{};
    std::uint32_t seen = 1U << null_block;
    for (std::uint32_t i = 0; i < blocks.size(); ++i) {
      const BlockId b = blocks[i];
      if ((seen >> b & 1U) != 0 || references(b) > 0) continue;
      seen |= 1U << b;
      freed.push_back(b);
    }
    to_head ? queue_.prepend(freed) : queue_.append(freed);
  }

  // The cached ones of the blocks go to the tail, the others to the head: they are the first to be given out again.
  // [FREE-07, FREE-08]
  KVSPEC_EXEC constexpr void free_by_hash(const BlockWord& blocks) {
    BlockWord cached{};
    BlockWord uncached{};
    for (std::uint32_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i] == null_block) continue;
      has_hash(blocks[i]) ? cached.push_back(blocks[i]) : uncached.push_back(blocks[i]);
    }
    free(cached);
    free(uncached, true);
  }

  // Precondition: b has no hash and is not the null block. [CACHE-01, POOL-09]
  KVSPEC_EXEC constexpr void cache(BlockId b, Prefix hash, GroupId group) {
    hash_[b] = hash;
    group_[b] = static_cast<std::uint8_t>(group);
    std::uint32_t twins = 0;
    for (std::uint32_t i = 0; i < hashed_.size(); ++i) {
      if (same_key(hashed_[i], b)) twins |= 1U << hashed_[i];
    }
    if (twins != 0) {
      had_twin_ |= twins | 1U << b;
    } else {
      ++num_keys_;
    }
    hashed_.push_back(b);
    is_hashed_ |= 1U << b;
  }

  // [POOL-10]
  KVSPEC_EXEC constexpr void evict(BlockId b) {
    if (!has_hash(b)) return;
    hashed_.erase_at(hashed_.find(b));
    is_hashed_ &= ~(1U << b);
    bool key_is_left = false;
    if (had_twin(b)) {
      for (std::uint32_t i = 0; i < hashed_.size(); ++i) key_is_left = key_is_left || same_key(hashed_[i], b);
    }
    if (!key_is_left) --num_keys_;
    had_twin_ &= ~(1U << b);
  }

  // [POOL-13]
  KVSPEC_EXEC constexpr bool reset() {
    if (num_free() + 1 != num_blocks_) return false;
    hashed_ = BlockWord{};
    is_hashed_ = 0;
    had_twin_ = 0;
    num_keys_ = 0;
    return true;
  }

 private:
  BlockWord queue_{};
  BlockWord hashed_{};
  // Four bits per block: four requests of three groups refer to a block at most 12 times.
  std::uint64_t references_ = 0;
  std::uint32_t is_hashed_ = 0;  // a bit per block
  std::uint32_t had_twin_ = 0;
  std::uint32_t num_blocks_ = 0;
  std::uint32_t num_keys_ = 0;
  Prefix hash_[most_blocks]{};
  std::uint8_t group_[most_blocks]{};
};

}  // namespace kvspec::cuda::small
