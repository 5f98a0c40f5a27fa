// The prefix-cache index: which blocks are findable under which key. [POOL-09, POOL-10]
#pragma once

#include <cstddef>
#include <optional>

#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

// A key and the blocks under it, in insertion order. `several` is set once the key has held several blocks and stays
// set until it holds none.
template <class S>
struct IndexEntry {
  BlockKey<S> key{};
  typename S::template list<BlockId, Bound::duplicates> blocks{};
  bool several = false;

  bool operator==(const IndexEntry&) const = default;
};

template <class S>
struct HashIndex {
  typename S::template list<IndexEntry<S>, Bound::blocks> entries{};

  bool operator==(const HashIndex&) const = default;

  // The entry of a key, or the number of entries if the key is absent.
  KVSPEC_EXEC constexpr std::size_t position(const BlockKey<S>& key) const {
    std::size_t i = 0;
    while (i < entries.size() && !(entries[i].key == key)) ++i;
    return i;
  }

  // The first block inserted under the key that is still there. [POOL-09]
  KVSPEC_EXEC constexpr std::optional<BlockId> first(const BlockKey<S>& key) const {
    const std::size_t i = position(key);
    if (i == entries.size()) return {};
    return entries[i].blocks.front();
  }

  // Appends a block to those of the key. Precondition: the block is not under the key yet. [POOL-09]
  KVSPEC_EXEC constexpr void insert(const BlockKey<S>& key, BlockId block) {
    const std::size_t i = position(key);
    if (i == entries.size()) {
      IndexEntry<S> entry{};
      entry.key = key;
      entries.push_back(entry);
    }
    entries[i].blocks.push_back(block);
    entries[i].several = entries[i].blocks.size() > 1 || entries[i].several;
  }

  // Removes one block from the key, and the key with its last block. False if the block is not there. [POOL-10]
  KVSPEC_EXEC constexpr bool pop(const BlockKey<S>& key, BlockId block) {
    const std::size_t i = position(key);
    if (i == entries.size()) return false;
    auto& blocks = entries[i].blocks;
    for (auto it = blocks.begin(); it != blocks.end(); ++it) {
      if (*it != block) continue;
      blocks.erase(it);
      if (blocks.empty()) entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }
};

}  // namespace kvspec::model
