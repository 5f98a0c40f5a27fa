// The page store's kernels: pages of 64 KiB zeroed and copied, positions mapped to slots.
#include <vector>

#include "impl/bench/cuda/measure.hpp"
#include "impl/cuda/launch.hpp"
#include "impl/cuda/pages/page_store.hpp"

namespace kvspec::cuda::bench {
namespace {

constexpr std::uint32_t page_bytes = std::uint32_t{64} << 10;
constexpr std::uint32_t lanes_per_page = page_bytes / sizeof(Lane);
constexpr std::uint32_t num_pages = 200000;  // 13 GB
constexpr std::uint32_t tokens_of_request = 2048;
constexpr std::uint32_t block_size = 16;
constexpr std::uint32_t blocks_of_request = tokens_of_request / block_size;

// Every block once, in an order in which neighbours lie far apart: 77773 has no factor in common with num_pages.
struct MakeList {
  BlockId* blocks;
  KVSPEC_EXEC void operator()(std::uint64_t i) const { blocks[i] = static_cast<BlockId>(i * 77773 % num_pages); }
};
struct MakePairs {
  BlockPair* pairs;
  const BlockId* blocks;
  std::uint64_t count;
  KVSPEC_EXEC void operator()(std::uint64_t i) const { pairs[i] = {blocks[i], blocks[count + i]}; }
};

void measure_moving(Stream& stream, const Ceilings& ceilings) {
  Buffer<Lane> lanes(stream, std::uint64_t{num_pages} * lanes_per_page);
  Buffer<BlockId> blocks(stream, num_pages);
  Buffer<BlockPair> pairs(stream, num_pages / 2);
  stream.fill(lanes.data(), 0x5a, std::uint64_t{num_pages} * page_bytes);
  launch(stream, num_pages, MakeList{blocks.data()});
  for (const std::uint64_t n : {100U, 1000U, 10000U, 100000U}) {
    launch(stream, n, MakePairs{pairs.data(), blocks.data(), n});
    const Times copying = measure(stream, [&] { copy_pages(stream, lanes.data(), lanes_per_page, pairs.data(), n); });
    print_line("copy pages of 64 KiB", n, copying, 2.0 * static_cast<double>(n) * page_bytes, "bytes/s",
               ceilings.copied);
    const Times zeroing = measure(stream, [&] { zero_pages(stream, lanes.data(), lanes_per_page, blocks.data(), n); });
    print_line("zero pages of 64 KiB", n, zeroing, static_cast<double>(n) * page_bytes, "bytes/s", ceilings.filled);
  }
}

void measure_slots(Stream& stream, const Ceilings& ceilings) {
  GroupPages group{};
  group.block_size = group.entries = block_size;
  Buffer<GroupPages> groups;
  groups.assign(stream, std::vector<GroupPages>{group});
  for (const std::uint64_t n : {40U, 400U, 4000U, 40000U, 160000U}) {
    std::vector<TableRow> rows;
    std::vector<TokenRange> ranges;
    for (std::uint32_t r = 0; r < n; ++r) {
      rows.push_back({std::uint64_t{r} * blocks_of_request, blocks_of_request, r});
      ranges.push_back({r, 0, 0, tokens_of_request, 0});
    }
    std::vector<TokenRange> tiles;
    const std::size_t num_slots = cut_into_tiles(ranges, tiles);
    Buffer<TableRow> row_buffer;
    Buffer<TokenRange> tile_buffer;
    row_buffer.assign(stream, rows);
    tile_buffer.assign(stream, tiles);
    Buffer<BlockId> blocks(stream, n * blocks_of_request);
    launch(stream, n * blocks_of_request, MakeList{blocks.data()});
    Buffer<std::int64_t> slots(stream, num_slots);
    PageArrays pages{};
    pages.groups = groups.data();
    pages.rows = row_buffer.data();
    pages.blocks = blocks.data();
    const Times times =
        measure(stream, [&] { map_slots(stream, pages, tile_buffer.data(), tiles.size(), slots.data()); });
    const double bytes = static_cast<double>(num_slots) * sizeof(std::int64_t) +
                         static_cast<double>(n) * blocks_of_request * sizeof(BlockId) +
                         static_cast<double>(tiles.size()) * sizeof(TokenRange);
    print_line("slot mapping, tokens", num_slots, times, bytes, "bytes/s", ceilings.copied);
  }
}

}  // namespace

void measure_pages(Stream& stream, const Ceilings& ceilings) {
  measure_moving(stream, ceilings);
  measure_slots(stream, ceilings);
}

}  // namespace kvspec::cuda::bench
