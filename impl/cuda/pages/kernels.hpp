// The bodies of the page store's kernels.
//
// What is moved are lanes of 16 bytes. A page is moved by threads that take every n-th lane of it, an entry by eight
// threads side by side, so that the lanes that are moved at the same time are neighbours.
#pragma once

#include <cstdint>

#include "impl/cuda/atomics.hpp"
#include "impl/cuda/launch.hpp"
#include "impl/cuda/pages/layout.hpp"
#include "spec/execution.hpp"

namespace kvspec::cuda {

struct alignas(16) Lane {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  bool operator==(const Lane&) const = default;
};
inline constexpr std::uint32_t lanes_of_context = sizeof(Context) / sizeof(Lane);
inline constexpr std::uint32_t threads_of_entry = 8;
inline constexpr std::uint32_t lanes_of_thread = 4;  // of a page: loads of a thread that are under way together

// The table of one request in one group.
struct TableRow {
  std::uint64_t first = 0;  // its first block in the array of blocks
  std::uint32_t num_blocks = 0;
  std::uint32_t request = 0;  // a number of the caller's
};

// Consecutive positions of one table.
struct TokenRange {
  std::uint32_t row = 0;
  std::uint32_t group = 0;
  std::uint32_t position = 0;  // the first
  std::uint32_t count = 0;
  std::uint64_t first = 0;  // of their identities, entries or slots, whatever the kernel has one per position of
};

// What is wrong with a page that is read.
enum class PageFaultKind : std::uint32_t {
  no_block,      // the position has the null block, or no place in the table
  unwritten,     // nothing was written there since the block was zeroed
  stale,         // what lies there is from before the block was handed out the last time
  double_owned,  // another request, or another group, wrote there since then
  wrong,         // the request itself wrote something else there
  unzeroed,      // a block that was handed out and zeroed is not all zeroes
};

struct PageFault {
  PageFaultKind kind{};
  std::uint32_t request = 0;  // who reads
  std::uint32_t group = 0;
  std::uint32_t position = 0;
  BlockId block = 0;
  std::uint32_t verification = 0;  // number of the call that found it, from 1
  std::uint32_t range = 0;         // number of the range in that call, from 0
  std::uint32_t lane = 0;          // of the entry, 16 bytes each: the first that one thread found wrong; 0: the context
  Context expected{};
  Context actual{};
};

// The pages and tables as kernels see them.
struct PageArrays {
  Lane* lanes = nullptr;            // num_blocks pages
  std::uint32_t* owners = nullptr;  // per block: its generation, and the bit below
  const GroupPages* groups = nullptr;
  const TableRow* rows = nullptr;
  const BlockId* blocks = nullptr;  // of the rows
  std::uint32_t lanes_per_page = 0;
  std::uint32_t num_blocks = 0;

  static constexpr std::uint32_t vouched = std::uint32_t{1} << 31;  // of an owner: any content is right

  KVSPEC_EXEC BlockId block_at(const TableRow& row, std::uint32_t place) const {
    return place < row.num_blocks ? blocks[row.first + place] : null_block;
  }
  KVSPEC_EXEC Lane* entry(BlockId b, const GroupPages& group, std::uint32_t position) const {
    const std::uint32_t offset = group.is_state ? 0 : position % group.block_size;
    return lanes + std::uint64_t{b} * lanes_per_page + std::uint64_t{offset} * (group.entry_bytes / sizeof(Lane));
  }
};

// Lane i of the data that belongs to a context, i >= lanes_of_context.
KVSPEC_EXEC inline Lane data_lane(const Identity& identity, std::uint32_t i) {
  const std::uint64_t low = (identity.low ^ i) * 0x9e3779b97f4a7c15U;
  return {low ^ low >> 29, (identity.high + i) * 0xc2b2ae3d27d4eb4fU};
}

// ---- Positions to slots ---------------------------------------------------------------------------------------------

inline constexpr std::uint32_t tokens_of_tile = 1024;
inline constexpr std::uint32_t pairs_of_thread = 4;

struct alignas(16) TwoSlots {
  std::int64_t slots[2];
};

// slots[range.first + k] is the slot of position range.position + k. A range has at most tokens_of_tile positions, and
// its `first` is even. One turn per pairs_of_thread pairs of positions of a tile, whether the range has them or not;
// the pairs of a turn lie as far apart as there are turns, so that neighbouring threads write side by side.
struct MapSlots {
  PageArrays pages;
  const TokenRange* ranges;
  std::int64_t* slots;

  static constexpr std::uint32_t threads_of_tile = tokens_of_tile / 2 / pairs_of_thread;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const TokenRange range = ranges[i / threads_of_tile];
    const TableRow row = pages.rows[range.row];
    const GroupPages group = pages.groups[range.group];
    const std::uint32_t thread = static_cast<std::uint32_t>(i % threads_of_tile);
    KVSPEC_UNROLL
    for (std::uint32_t pair = 0; pair < pairs_of_thread; ++pair) {
      const std::uint32_t first = 2 * (thread + pair * threads_of_tile);
      if (first >= range.count) return;
      const std::uint32_t position = range.position + first;
      const std::uint32_t place = position / group.block_size;
      const std::uint32_t offset = position - place * group.block_size;
      const bool crosses = offset + 1 == group.block_size;
      const BlockId b = pages.block_at(row, place);
      const BlockId next = crosses ? pages.block_at(row, place + 1) : b;
      const TwoSlots found = {{slot(group, b, offset), slot(group, next, crosses ? 0 : offset + 1)}};
      std::int64_t* const out = slots + range.first + first;
      if (first + 1 < range.count) {
        *reinterpret_cast<TwoSlots*>(out) = found;
      } else {
        *out = found.slots[0];
      }
    }
  }

 private:
  static KVSPEC_EXEC std::int64_t slot(const GroupPages& group, BlockId b, std::uint32_t offset) {
    if (b == null_block) return no_slot;
    return std::int64_t{b} * group.entries + (group.is_state ? 0 : offset);
  }
};

// ---- Whole pages ----------------------------------------------------------------------------------------------------

// One turn per lanes_of_thread lanes of each page of the list.
struct ZeroPages {
  Lane* lanes;
  const BlockId* blocks;
  std::uint32_t lanes_per_page;
  std::uint32_t threads_of_page;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    Lane* const page = lanes + std::uint64_t{blocks[i / threads_of_page]} * lanes_per_page;
    const std::uint32_t first = static_cast<std::uint32_t>(i % threads_of_page);
    KVSPEC_UNROLL
    for (std::uint32_t k = 0; k < lanes_of_thread; ++k) {
      const std::uint32_t lane = first + k * threads_of_page;
      if (lane < lanes_per_page) page[lane] = Lane{};
    }
  }
};

struct BlockPair {
  BlockId from = 0;
  BlockId to = 0;
};

struct CopyPages {
  Lane* lanes;
  const BlockPair* pairs;
  std::uint32_t lanes_per_page;
  std::uint32_t threads_of_page;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const BlockPair pair = pairs[i / threads_of_page];
    const Lane* const from = lanes + std::uint64_t{pair.from} * lanes_per_page;
    Lane* const to = lanes + std::uint64_t{pair.to} * lanes_per_page;
    const std::uint32_t first = static_cast<std::uint32_t>(i % threads_of_page);
    Lane moved[lanes_of_thread];
    KVSPEC_UNROLL
    for (std::uint32_t k = 0; k < lanes_of_thread; ++k) {
      const std::uint32_t lane = first + k * threads_of_page;
      if (lane < lanes_per_page) moved[k] = from[lane];
    }
    KVSPEC_UNROLL
    for (std::uint32_t k = 0; k < lanes_of_thread; ++k) {
      const std::uint32_t lane = first + k * threads_of_page;
      if (lane < lanes_per_page) to[lane] = moved[k];
    }
  }
};

// The next generation of each block of the list; none twice.
struct HandOut {
  std::uint32_t* owners;
  const BlockId* blocks;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    std::uint32_t& owner = owners[blocks[i]];
    owner = ((owner & ~PageArrays::vouched) + 1) & ~PageArrays::vouched;
  }
};
struct Vouch {
  std::uint32_t* owners;
  const BlockId* blocks;

  KVSPEC_EXEC void operator()(std::uint64_t i) const { owners[blocks[i]] |= PageArrays::vouched; }
};

// ---- Entries --------------------------------------------------------------------------------------------------------

struct RangeArrays {
  const TokenRange* ranges = nullptr;
  const std::uint64_t* ends = nullptr;  // how many positions there are up to the end of each range
  const Identity* identities = nullptr;
  std::uint32_t num_ranges = 0;
};

// One of the eight turns of a position. The positions of all ranges lie behind one another.
struct EntryTurn {
  TokenRange range{};
  GroupPages group{};
  TableRow row{};
  std::uint32_t number = 0;  // of the range
  std::uint32_t offset = 0;  // of the position in the range
  std::uint32_t position = 0;
  std::uint32_t thread = 0;  // of the eight
  BlockId block = null_block;

  static KVSPEC_EXEC EntryTurn of(std::uint64_t i, const PageArrays& pages, const RangeArrays& work) {
    const std::uint64_t place = i / threads_of_entry;
    EntryTurn turn{};
    for (std::uint32_t high = work.num_ranges; turn.number + 1 < high;) {
      const std::uint32_t middle = (turn.number + high) / 2;
      (place >= work.ends[middle - 1] ? turn.number : high) = middle;
    }
    turn.range = work.ranges[turn.number];
    turn.group = pages.groups[turn.range.group];
    turn.row = pages.rows[turn.range.row];
    turn.offset = static_cast<std::uint32_t>(place - (turn.number == 0 ? 0 : work.ends[turn.number - 1]));
    turn.position = turn.range.position + turn.offset;
    turn.thread = static_cast<std::uint32_t>(i % threads_of_entry);
    turn.block = pages.block_at(turn.row, turn.position / turn.group.block_size);
    return turn;
  }
};

// Writes the entry of each position. A state is written once per block: the one after the last position of it.
struct WriteEntries {
  PageArrays pages;
  RangeArrays work;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const EntryTurn turn = EntryTurn::of(i, pages, work);
    const bool ends_block = (turn.position + 1) % turn.group.block_size == 0;
    if (turn.group.is_state && turn.offset + 1 < turn.range.count && !ends_block) return;
    if (turn.block == null_block) return;
    Context context{};
    context.identity = work.identities[turn.range.first + turn.offset];
    context.request = turn.row.request;
    context.position = turn.position;
    context.group = turn.range.group;
    context.generation = pages.owners[turn.block] & ~PageArrays::vouched;
    Lane* const entry = pages.entry(turn.block, turn.group, turn.position);
    if (turn.thread == 0) *reinterpret_cast<Context*>(entry) = context;
    for (std::uint32_t lane = lanes_of_context + turn.thread; lane < turn.group.entry_bytes / sizeof(Lane);
         lane += threads_of_entry) {
      entry[lane] = data_lane(context.identity, lane);
    }
  }
};

// Copies the entry of each position to out, one behind another; zeroes for those that have no block. All ranges are of
// one group.
struct GatherEntries {
  PageArrays pages;
  RangeArrays work;
  Lane* out;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const EntryTurn turn = EntryTurn::of(i, pages, work);
    const std::uint32_t lanes = turn.group.entry_bytes / static_cast<std::uint32_t>(sizeof(Lane));
    const Lane* const entry = pages.entry(turn.block, turn.group, turn.position);
    Lane* const to = out + (turn.range.first + turn.offset) * lanes;
    for (std::uint32_t lane = turn.thread; lane < lanes; lane += threads_of_entry) {
      to[lane] = turn.block == null_block ? Lane{} : entry[lane];
    }
  }
};

// ---- What a step would read -----------------------------------------------------------------------------------------

struct FaultList {
  PageFault* faults = nullptr;
  std::uint32_t* count = nullptr;  // of all, also of those there is no room for
  std::uint32_t room = 0;
  std::uint32_t verification = 0;

  KVSPEC_EXEC void add(PageFault fault) const {
    const std::uint32_t i = fetch_and_add(count, 1);
    fault.verification = verification;
    if (i < room) faults[i] = fault;
  }
};

// Reports each position whose entry is not what was written from its context. In a group of states a range is one
// reading: of the state after its first position, or after a later one of the same block, up to the end of the range.
struct VerifyEntries {
  PageArrays pages;
  RangeArrays work;
  FaultList found;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const EntryTurn turn = EntryTurn::of(i, pages, work);
    if (turn.group.is_state && turn.offset > 0) return;
    PageFault fault{};
    fault.range = turn.number;
    fault.request = turn.row.request;
    fault.group = turn.range.group;
    fault.position = turn.position;
    fault.block = turn.block;
    fault.expected.identity = work.identities[turn.range.first + turn.offset];
    fault.expected.request = turn.row.request;
    fault.expected.position = turn.position;
    fault.expected.group = turn.range.group;
    if (turn.block == null_block) {
      if (turn.thread == 0) found.add(fault);
      return;
    }
    const std::uint32_t owner = pages.owners[turn.block];
    if ((owner & PageArrays::vouched) != 0) return;
    fault.expected.generation = owner;
    const Lane* const entry = pages.entry(turn.block, turn.group, turn.position);
    fault.actual = *reinterpret_cast<const Context*>(entry);
    if (!is_right(fault, turn.range, turn.group)) {
      fault.kind = kind_of(fault);
      if (turn.thread == 0) found.add(fault);
      return;
    }
    for (std::uint32_t lane = lanes_of_context + turn.thread; lane < turn.group.entry_bytes / sizeof(Lane);
         lane += threads_of_entry) {
      if (entry[lane] == data_lane(fault.actual.identity, lane)) continue;
      fault.kind = PageFaultKind::wrong;
      fault.lane = lane;
      return found.add(fault);
    }
  }

 private:
  KVSPEC_EXEC bool is_right(const PageFault& fault, const TokenRange& range, const GroupPages& group) const {
    const Context& actual = fault.actual;
    if (actual.group != range.group) return false;
    if (!group.is_state) return actual.identity == fault.expected.identity;
    const std::uint32_t beyond = actual.position - range.position;
    const bool same_block = actual.position / group.block_size == range.position / group.block_size;
    if (actual.position < range.position || beyond >= range.count || !same_block) return false;
    return actual.identity == work.identities[range.first + beyond];
  }
  static KVSPEC_EXEC PageFaultKind kind_of(const PageFault& fault) {
    const Context& actual = fault.actual;
    if (actual.identity == Identity{}) return PageFaultKind::unwritten;
    if (actual.generation != fault.expected.generation) return PageFaultKind::stale;
    if (actual.group != fault.group || actual.request != fault.request) return PageFaultKind::double_owned;
    return PageFaultKind::wrong;
  }
};

// Reports each block of the list whose page is not all zeroes. One turn per block.
struct VerifyZeroes {
  PageArrays pages;
  const BlockId* list;
  std::uint32_t group;
  FaultList found;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const BlockId b = list[i];
    const GroupPages& pages_of_group = pages.groups[group];
    const Lane* const page = pages.lanes + std::uint64_t{b} * pages.lanes_per_page;
    const std::uint32_t lanes_of_entry = pages_of_group.entry_bytes / static_cast<std::uint32_t>(sizeof(Lane));
    for (std::uint32_t lane = 0; lane < pages.lanes_per_page; ++lane) {
      if (page[lane] == Lane{}) continue;
      const std::uint32_t entry = lane / lanes_of_entry;
      PageFault fault{};
      fault.kind = PageFaultKind::unzeroed;
      fault.group = group;
      fault.position = entry;
      fault.block = b;
      fault.expected.generation = pages.owners[b] & ~PageArrays::vouched;
      if (entry < pages_of_group.entries) {
        fault.actual = *reinterpret_cast<const Context*>(page + std::uint64_t{entry} * lanes_of_entry);
      }
      return found.add(fault);
    }
  }
};

}  // namespace kvspec::cuda
