// The page store: the KV pages of a pool of blocks, where a device keeps them, and what a step does with them - slots
// of positions, new tokens' entries, zeroed, copied and gathered pages - and the check that every position that a step
// reads holds what was written from its own context. A block that is handed out twice, freed too early, or counted as
// computed without having been written is seen in what its page holds, whatever the manager's books say.
//
// What it does not do: decide which block a request gets. It is told tables, and knows nothing of why.
//
// Blocks of a call are in the pool, groups in the layout, and rows in the last set_tables(); nothing of that is
// checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impl/cuda/device.hpp"
#include "impl/cuda/pages/kernels.hpp"
#include "impl/cuda/pages/layout.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda {

std::string_view to_text(PageFaultKind kind);
// "double_owned: request 3 reads position 16 of group 0 in block 5: expected ..., actual ..."
std::string to_text(const PageFault& fault);

// Kernels over arrays that lie in the stream's place; the page store's own calls go through these. Lengths are of the
// arrays; `lanes_per_page` is page_bytes / 16.
void zero_pages(Stream& stream, Lane* lanes, std::uint32_t lanes_per_page, const BlockId* blocks, std::size_t count);
void copy_pages(Stream& stream, Lane* lanes, std::uint32_t lanes_per_page, const BlockPair* pairs, std::size_t count);
void map_slots(Stream& stream, const PageArrays& pages, const TokenRange* ranges, std::size_t num_ranges,
               std::int64_t* slots);

// Ranges of at most tokens_of_tile positions each, with an even `first`, as map_slots wants them; the slots of the
// ranges lie behind one another, each from the next even place on. Returns the number of slots.
std::size_t cut_into_tiles(std::span<const TokenRange> ranges, std::vector<TokenRange>& tiles);

class PageStore {
 public:
  // All pages zeroed. The stream lives as long as this, and has failed if its place has not enough memory. [DEVICE-04]
  PageStore(Stream& stream, const PageLayout& layout);

  const PageLayout& layout() const { return layout_; }

  // ---- What changes pages; in the order of the calls ----

  // The pool gave these blocks away, none of them twice: what they hold is from before.
  void hand_out(std::span<const BlockId> blocks);
  // Fills their pages with zeroes.
  void zero(std::span<const BlockId> blocks);
  // None of the targets is a source, or twice a target.
  void copy(std::span<const BlockPair> pairs);
  // Somebody vouches for the blocks until they are handed out again: whatever they hold is right.
  void vouch(std::span<const BlockId> blocks);
  // Tables for the calls that follow; `blocks` are those of all rows.
  void set_tables(std::span<const TableRow> rows, std::span<const BlockId> blocks);
  // Writes the entries of positions, one identity each; those without a block are left out. Entries are written in any
  // order: no two ranges share an entry, and of a group of states none is of the block of another. [ALLOC-12]
  void write(std::span<const TokenRange> ranges, std::span<const Identity> identities);

  // ---- What is read ----

  // Slots of the positions, in the order of the ranges, and then no_slot until there are `padded_to`. Waits.
  std::vector<std::int64_t> slots(std::span<const TokenRange> ranges, std::size_t padded_to = 0);
  // The entries of positions, all of one group, in the order of the ranges, entry_bytes each. Waits.
  std::vector<std::uint8_t> gather(std::span<const TokenRange> ranges);
  // Checks what a step that reads these positions finds; ranges of a group of states as in VerifyEntries.
  void verify(std::span<const TokenRange> ranges, std::span<const Identity> identities);
  // Checks that the pages are all zeroes.
  void verify_zeroed(GroupId group, std::span<const BlockId> blocks);
  // The number of calls of the two above so far.
  std::uint32_t num_verifications() const { return verifications_; }

  // What verifications have found since the last call, the earliest first, at most 256; waits.
  std::vector<PageFault> take_faults();

 private:
  PageArrays arrays();
  FaultList fault_list();
  // The ranges with all their positions counted, on their way to the stream's place.
  RangeArrays work_on(std::span<const TokenRange> ranges, std::span<const Identity> identities,
                      std::uint64_t& num_positions);
  const BlockId* list_of(std::span<const BlockId> blocks);

  static constexpr std::uint32_t fault_room = 256;

  Stream& stream_;
  PageLayout layout_;
  Buffer<Lane> pages_{};
  Buffer<std::uint32_t> owners_{};
  Buffer<GroupPages> groups_{};
  Buffer<TableRow> rows_{};
  Buffer<BlockId> table_blocks_{};
  Buffer<BlockId> list_{};
  Buffer<BlockPair> pairs_{};
  Buffer<TokenRange> ranges_{};
  Buffer<std::uint64_t> ends_{};
  Buffer<Identity> identities_{};
  Buffer<std::int64_t> slots_{};
  Buffer<PageFault> faults_{};
  Buffer<std::uint32_t> num_faults_{};
  std::uint32_t verifications_ = 0;
};

}  // namespace kvspec::cuda
