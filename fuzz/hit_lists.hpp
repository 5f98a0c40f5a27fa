// What is looked for in the blocks of a hit.
#pragma once

#include <algorithm>

#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::fuzz {

// Null blocks stand for what is not kept, as often as they like.
inline bool lists_a_block_twice(const BlockTables<Growing>& hit) {
  for (const BlockList<Growing>& blocks : hit) {
    for (auto block = blocks.begin(); block != blocks.end(); ++block) {
      if (*block != null_block && std::find(blocks.begin(), block, *block) != block) return true;
    }
  }
  return false;
}

}  // namespace kvspec::fuzz
