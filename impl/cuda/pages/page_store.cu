#include <algorithm>
#include <tuple>

#include "impl/cuda/launch.hpp"
#include "impl/cuda/pages/page_store.hpp"

namespace kvspec::cuda {
namespace {

std::uint32_t threads_of_page(std::uint32_t lanes_per_page) {
  return (lanes_per_page + lanes_of_thread - 1) / lanes_of_thread;
}

std::string to_text(const Context& context) {
  if (context.identity == Identity{}) return "nothing";
  return "position " + std::to_string(context.position) + " of request " + std::to_string(context.request) +
         " in group " + std::to_string(context.group) + ", generation " + std::to_string(context.generation) +
         ", identity " + std::to_string(context.identity.high) + ":" + std::to_string(context.identity.low);
}

}  // namespace

std::string_view to_text(PageFaultKind kind) {
  switch (kind) {
    case PageFaultKind::no_block:
      return "no_block";
    case PageFaultKind::unwritten:
      return "unwritten";
    case PageFaultKind::stale:
      return "stale";
    case PageFaultKind::double_owned:
      return "double_owned";
    case PageFaultKind::wrong:
      return "wrong";
    case PageFaultKind::unzeroed:
      return "unzeroed";
  }
  return "";
}

std::string to_text(const PageFault& fault) {
  return std::string(to_text(fault.kind)) + ": request " + std::to_string(fault.request) + " reads position " +
         std::to_string(fault.position) + " of group " + std::to_string(fault.group) + " in block " +
         std::to_string(fault.block) + ": expected " + to_text(fault.expected) + ", actual " + to_text(fault.actual);
}

void zero_pages(Stream& stream, Lane* lanes, std::uint32_t lanes_per_page, const BlockId* blocks, std::size_t count) {
  const std::uint32_t threads = threads_of_page(lanes_per_page);
  launch(stream, count * threads, ZeroPages{lanes, blocks, lanes_per_page, threads});
}

void copy_pages(Stream& stream, Lane* lanes, std::uint32_t lanes_per_page, const BlockPair* pairs, std::size_t count) {
  const std::uint32_t threads = threads_of_page(lanes_per_page);
  launch(stream, count * threads, CopyPages{lanes, pairs, lanes_per_page, threads});
}

void map_slots(Stream& stream, const PageArrays& pages, const TokenRange* ranges, std::size_t num_ranges,
               std::int64_t* slots) {
  launch(stream, num_ranges * MapSlots::threads_of_tile, MapSlots{pages, ranges, slots});
}

std::size_t cut_into_tiles(std::span<const TokenRange> ranges, std::vector<TokenRange>& tiles) {
  tiles.clear();
  std::uint64_t first = 0;
  for (TokenRange rest : ranges) {
    while (rest.count > 0) {
      TokenRange tile = rest;
      tile.count = std::min(rest.count, tokens_of_tile);
      tile.first = first;
      tiles.push_back(tile);
      first += tile.count;
      rest.position += tile.count;
      rest.count -= tile.count;
    }
    first += first % 2;
  }
  return first;
}

PageStore::PageStore(Stream& stream, const PageLayout& layout) : stream_(stream), layout_(layout) {
  const std::size_t lanes = std::size_t{layout.num_blocks} * (layout.page_bytes / sizeof(Lane));
  pages_ = Buffer<Lane>(stream, lanes);
  owners_ = Buffer<std::uint32_t>(stream, layout.num_blocks);
  groups_.assign(stream, layout.groups);
  faults_ = Buffer<PageFault>(stream, fault_room);
  num_faults_ = Buffer<std::uint32_t>(stream, 1);
  stream.fill(pages_.data(), 0, lanes * sizeof(Lane));
  stream.fill(owners_.data(), 0, layout.num_blocks * sizeof(std::uint32_t));
  stream.fill(num_faults_.data(), 0, sizeof(std::uint32_t));
}

PageArrays PageStore::arrays() {
  PageArrays arrays{};
  arrays.lanes = pages_.data();
  arrays.owners = owners_.data();
  arrays.groups = groups_.data();
  arrays.rows = rows_.data();
  arrays.blocks = table_blocks_.data();
  arrays.lanes_per_page = layout_.page_bytes / static_cast<std::uint32_t>(sizeof(Lane));
  arrays.num_blocks = layout_.num_blocks;
  return arrays;
}

FaultList PageStore::fault_list() { return {faults_.data(), num_faults_.data(), fault_room, ++verifications_}; }

const BlockId* PageStore::list_of(std::span<const BlockId> blocks) {
  list_.assign(stream_, blocks);
  return list_.data();
}

void PageStore::hand_out(std::span<const BlockId> blocks) {
  const BlockId* const list = list_of(blocks);
  launch(stream_, blocks.size(), HandOut{owners_.data(), list});
}

void PageStore::zero(std::span<const BlockId> blocks) {
  const BlockId* const list = list_of(blocks);
  zero_pages(stream_, pages_.data(), arrays().lanes_per_page, list, blocks.size());
}

void PageStore::copy(std::span<const BlockPair> pairs) {
  pairs_.assign(stream_, pairs);
  copy_pages(stream_, pages_.data(), arrays().lanes_per_page, pairs_.data(), pairs.size());
}

void PageStore::vouch(std::span<const BlockId> blocks) {
  const BlockId* const list = list_of(blocks);
  launch(stream_, blocks.size(), Vouch{owners_.data(), list});
}

void PageStore::set_tables(std::span<const TableRow> rows, std::span<const BlockId> blocks) {
  rows_.assign(stream_, rows);
  table_blocks_.assign(stream_, blocks);
}

RangeArrays PageStore::work_on(std::span<const TokenRange> ranges, std::span<const Identity> identities,
                               std::uint64_t& num_positions) {
  std::vector<std::uint64_t> ends;
  num_positions = 0;
  for (const TokenRange& range : ranges) ends.push_back(num_positions += range.count);
  ranges_.assign(stream_, ranges);
  ends_.assign(stream_, ends);
  identities_.assign(stream_, identities);
  return {ranges_.data(), ends_.data(), identities_.data(), static_cast<std::uint32_t>(ranges.size())};
}

void PageStore::write(std::span<const TokenRange> ranges, std::span<const Identity> identities) {
  std::uint64_t count = 0;
  const RangeArrays work = work_on(ranges, identities, count);
  launch(stream_, count * threads_of_entry, WriteEntries{arrays(), work});
}

std::vector<std::int64_t> PageStore::slots(std::span<const TokenRange> ranges, std::size_t padded_to) {
  std::vector<TokenRange> tiles;
  const std::size_t room = cut_into_tiles(ranges, tiles);
  slots_.reserve(stream_, room);
  ranges_.assign(stream_, tiles);
  stream_.fill(slots_.data(), 0xff, room * sizeof(std::int64_t));  // no_slot in the gaps
  map_slots(stream_, arrays(), ranges_.data(), tiles.size(), slots_.data());
  const std::vector<std::int64_t> with_gaps = slots_.read(stream_, room);
  std::vector<std::int64_t> result;
  for (const TokenRange& tile : tiles) {
    const auto begin = with_gaps.begin() + static_cast<std::ptrdiff_t>(tile.first);
    result.insert(result.end(), begin, begin + tile.count);
  }
  result.resize(std::max(result.size(), padded_to), no_slot);
  return result;
}

std::vector<std::uint8_t> PageStore::gather(std::span<const TokenRange> ranges) {
  std::vector<TokenRange> placed(ranges.begin(), ranges.end());
  std::uint64_t first = 0;
  for (TokenRange& range : placed) {
    range.first = first;
    first += range.count;
  }
  std::uint64_t count = 0;
  const RangeArrays work = work_on(placed, {}, count);
  const std::size_t bytes = ranges.empty() ? 0 : count * layout_.groups[ranges[0].group].entry_bytes;
  Buffer<Lane> out(stream_, bytes / sizeof(Lane));
  launch(stream_, count * threads_of_entry, GatherEntries{arrays(), work, out.data()});
  std::vector<std::uint8_t> result(bytes);
  if (stream_.ok()) stream_.copy_out(result.data(), out.data(), bytes);
  return result;
}

void PageStore::verify(std::span<const TokenRange> ranges, std::span<const Identity> identities) {
  std::uint64_t count = 0;
  const RangeArrays work = work_on(ranges, identities, count);
  launch(stream_, count * threads_of_entry, VerifyEntries{arrays(), work, fault_list()});
}

void PageStore::verify_zeroed(GroupId group, std::span<const BlockId> blocks) {
  const BlockId* const list = list_of(blocks);
  launch(stream_, blocks.size(), VerifyZeroes{arrays(), list, group, fault_list()});
}

std::vector<PageFault> PageStore::take_faults() {
  const std::uint32_t count = num_faults_.read(stream_, 1)[0];
  if (count == 0) return {};
  std::vector<PageFault> faults = faults_.read(stream_, std::min(count, fault_room));
  stream_.fill(num_faults_.data(), 0, sizeof(std::uint32_t));
  // Threads add in any order, and several may have found the same: then the first lane of it is told.
  const auto key = [](const PageFault& fault) {
    return std::tuple(fault.verification, fault.range, fault.group, fault.position, fault.block, fault.request);
  };
  std::ranges::sort(faults, {},
                    [&](const PageFault& fault) { return std::tuple_cat(key(fault), std::tuple(fault.lane)); });
  const auto repeated = std::ranges::unique(faults, {}, key);
  faults.erase(repeated.begin(), repeated.end());
  return faults;
}

}  // namespace kvspec::cuda
