// The pages of a pool of blocks, as all groups see them.
//
// Every block has a page of the same size. A group cuts it into entries, one per token of a block, or a single one
// where a block is a state:
//
//   page of a block       | entry of token 0 | token 1 | ... | token block_size - 1 | unused |
//   entry                 | context, 32 bytes | data: what a KV entry is |
//
// The context says what the entry was written from, and the data follows from it, so that a page that lies where it
// should not, or only in part, shows by what it holds. Nothing but zeroes: nothing was written since it was zeroed.
//
// A slot is an entry's number in the pages of a group: block * entries + offset. Positions whose block is the null
// block, or that no table has a place for, have none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda {

// Stands for everything that an entry depends on; the caller makes it. Both words 0 is nothing.
struct Identity {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  bool operator==(const Identity&) const = default;
};

struct alignas(16) Context {
  Identity identity{};
  std::uint32_t request = 0;   // a number of the caller's: who wrote it
  std::uint32_t position = 0;  // of the token
  std::uint32_t group = 0;
  std::uint32_t generation = 0;  // how often the block had been handed out

  bool operator==(const Context&) const = default;
};
static_assert(sizeof(Context) == 32);

inline constexpr std::int64_t no_slot = -1;

struct GroupPages {
  std::uint32_t block_size = 1;   // tokens
  std::uint32_t entries = 1;      // per page
  std::uint32_t entry_bytes = 0;  // a multiple of 32
  bool is_state = false;          // one entry: the state after the last token written
};

struct PageLayout {
  std::uint32_t num_blocks = 0;  // the null block included
  std::uint32_t page_bytes = 0;  // a multiple of 32
  std::vector<GroupPages> groups{};

  // Pages in which the group with the most tokens per block has entries of this size, a multiple of 32 bytes.
  static PageLayout of(const Config<Growing>& config, std::uint32_t entry_bytes = sizeof(Context)) {
    PageLayout layout{.num_blocks = static_cast<std::uint32_t>(config.num_blocks)};
    std::uint32_t most_entries = 1;
    for (const GroupSpec& spec : config.groups) {
      GroupPages group{};
      group.block_size = static_cast<std::uint32_t>(config.effective_block_size(spec));
      group.is_state = spec.kind == GroupKind::mamba;
      group.entries = group.is_state ? 1 : group.block_size;
      most_entries = std::max(most_entries, group.entries);
      layout.groups.push_back(group);
    }
    layout.page_bytes = most_entries * entry_bytes;
    for (GroupPages& group : layout.groups) group.entry_bytes = layout.page_bytes / group.entries / 32 * 32;
    return layout;
  }
};

}  // namespace kvspec::cuda
