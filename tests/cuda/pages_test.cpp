// The page store alone: slots, what is written and moved, and that each kind of fault shows in the data.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "fuzz/random.hpp"
#include "impl/cuda/pages/page_store.hpp"
#include "tests/cuda/places.hpp"

namespace kvspec::cuda {
namespace {

using fuzz::Random;

// Group 0: 4 tokens a block; group 1: 8 tokens; group 2: states of 4 tokens.
PageLayout layout_of(std::uint32_t num_blocks, std::uint32_t entry_bytes = 64) {
  Config<Growing> config{};
  config.num_blocks = num_blocks;
  config.dcp_world_size = config.pcp_world_size = 1;
  for (const std::int64_t size : {4, 8, 4}) {
    GroupSpec group{};
    group.kind = config.groups.size() == 2 ? GroupKind::mamba : GroupKind::full;
    group.block_size = size;
    config.groups.push_back(group);
  }
  return PageLayout::of(config, entry_bytes);
}

// Request r's positions from 0 on; no two requests share any.
std::vector<Identity> identities_of(std::uint32_t request, std::uint32_t count) {
  std::vector<Identity> identities;
  for (std::uint32_t i = 0; i < count; ++i) identities.push_back({request * 1000 + i + 1, ~std::uint64_t{request}});
  return identities;
}

class Pages : public InPlace {
 protected:
  struct Table {
    std::uint32_t request;
    std::vector<BlockId> blocks;
  };
  void set_tables(PageStore& pages, const std::vector<Table>& tables) {
    std::vector<TableRow> rows;
    std::vector<BlockId> blocks;
    for (const Table& table : tables) {
      rows.push_back({blocks.size(), static_cast<std::uint32_t>(table.blocks.size()), table.request});
      blocks.insert(blocks.end(), table.blocks.begin(), table.blocks.end());
    }
    pages.set_tables(rows, blocks);
  }
  // Positions [from, to) of a row whose request is `request`.
  void write(PageStore& pages, std::uint32_t row, std::uint32_t group, std::uint32_t request, std::uint32_t from,
             std::uint32_t to) {
    const TokenRange range{row, group, from, to - from, from};
    pages.write({&range, 1}, identities_of(request, to));
  }
  std::vector<PageFault> verify(PageStore& pages, std::uint32_t row, std::uint32_t group, std::uint32_t request,
                                std::uint32_t from, std::uint32_t to) {
    const TokenRange range{row, group, from, to - from, from};
    pages.verify({&range, 1}, identities_of(request, to));
    return pages.take_faults();
  }
};
KVSPEC_IN_PLACES(Pages);

TEST_P(Pages, EveryGroupCutsThePageIntoItsEntries) {
  const PageLayout layout = layout_of(3, 96);
  EXPECT_EQ(layout.page_bytes, 8U * 96);
  EXPECT_EQ(layout.groups[0].entry_bytes, 2U * 96);
  EXPECT_EQ(layout.groups[1].entry_bytes, 96U);
  EXPECT_EQ(layout.groups[2].entry_bytes, 8U * 96);
  EXPECT_EQ(layout.groups[2].entries, 1U);
}

TEST_P(Pages, SlotsFollowTheTables) {
  PageStore pages(stream, layout_of(64));
  set_tables(pages, {{0, {5, null_block, 7}}, {1, {9}}});
  const std::vector<TokenRange> ranges = {{0, 0, 2, 12, 0}, {1, 1, 5, 4, 0}, {0, 2, 0, 5, 0}};
  const std::int64_t no = no_slot;
  const std::vector<std::int64_t> expected = {22, 23, no, no, no, no, 28, 29, 30, 31, no, no,  // behind the table too
                                              77, 78, 79, no,                                  // 8 tokens a block
                                              5,  5,  5,  5,  no,                              // states
                                              no, no, no};                                     // padding
  EXPECT_EQ(pages.slots(ranges, 24), expected);
  EXPECT_EQ(pages.slots({}, 2), (std::vector<std::int64_t>{no, no}));
}

TEST_P(Pages, SlotsOfLongRangesEqualThoseReckonedOneByOne) {
  Random random(5);
  for (int i = 0; i < 20; ++i) {
    PageStore pages(stream, layout_of(1000, 32));
    std::vector<Table> tables(3);
    std::vector<TokenRange> ranges;
    std::vector<std::int64_t> expected;
    for (std::uint32_t row = 0; row < tables.size(); ++row) {
      tables[row].blocks.resize(random.below(800));
      for (BlockId& b : tables[row].blocks) b = random.chance(1, 5) ? null_block : random.below(1000);
      const std::uint32_t group = random.below(2);
      const std::uint32_t size = group == 0 ? 4 : 8;
      const TokenRange range{row, group, random.below(500), random.below(3000), 0};
      ranges.push_back(range);
      for (std::uint32_t p = range.position; p < range.position + range.count; ++p) {
        const BlockId b = p / size < tables[row].blocks.size() ? tables[row].blocks[p / size] : null_block;
        expected.push_back(b == null_block ? no_slot : std::int64_t{b} * size + p % size);
      }
    }
    set_tables(pages, tables);
    ASSERT_EQ(pages.slots(ranges), expected);
  }
}

TEST_P(Pages, WhatIsWrittenIsReadBack) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{3, {2, 4, 6}}, {4, {null_block, 8}}});
  write(pages, 0, 0, 3, 0, 11);
  write(pages, 1, 1, 4, 0, 12);  // the first eight have no block
  EXPECT_TRUE(verify(pages, 0, 0, 3, 0, 11).empty());
  EXPECT_TRUE(verify(pages, 1, 1, 4, 8, 12).empty());

  const TokenRange range{0, 0, 3, 2, 0};
  const std::vector<std::uint8_t> entries = pages.gather({&range, 1});
  ASSERT_EQ(entries.size(), 2U * pages.layout().groups[0].entry_bytes);
  Context context;
  std::memcpy(&context, entries.data() + pages.layout().groups[0].entry_bytes, sizeof(context));
  const Context expected{identities_of(3, 5)[4], 3, 4, 0, 0};
  EXPECT_EQ(context, expected);
}

TEST_P(Pages, CopiedPagesHoldTheSameAndZeroedOnesNothing) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{3, {2, 4}}, {3, {10, 11}}});
  write(pages, 0, 0, 3, 0, 8);
  pages.copy(std::vector<BlockPair>{{2, 10}, {4, 11}});
  EXPECT_TRUE(verify(pages, 1, 0, 3, 0, 8).empty());
  pages.zero(std::vector<BlockId>{11});
  EXPECT_TRUE(verify(pages, 0, 0, 3, 0, 8).empty());
  const std::vector<PageFault> faults = verify(pages, 1, 0, 3, 0, 8);
  ASSERT_EQ(faults.size(), 4U);
  EXPECT_EQ(faults[0].kind, PageFaultKind::unwritten);
  EXPECT_EQ(faults[0].position, 4U);
  EXPECT_EQ(faults[0].block, 11U);
}

TEST_P(Pages, AStateIsThatAfterTheLastTokenOfItsBlock) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{1, {3, 5}}});
  write(pages, 0, 2, 1, 0, 6);
  // The state after position 3, and the one after 5; reading it as that after 4 finds a later one, which is allowed.
  EXPECT_TRUE(verify(pages, 0, 2, 1, 3, 4).empty());
  EXPECT_TRUE(verify(pages, 0, 2, 1, 5, 6).empty());
  EXPECT_TRUE(verify(pages, 0, 2, 1, 4, 6).empty());
  EXPECT_EQ(verify(pages, 0, 2, 1, 4, 5).size(), 1U);  // it must be no later than the range
  EXPECT_EQ(verify(pages, 0, 2, 1, 6, 8).size(), 1U);
}

// ---- Every kind of fault, with both contexts ------------------------------------------------------------------------

TEST_P(Pages, APositionWithoutABlockIsAFault) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{7, {2, null_block}}});
  write(pages, 0, 0, 7, 0, 4);
  const std::vector<PageFault> faults = verify(pages, 0, 0, 7, 3, 9);
  ASSERT_EQ(faults.size(), 5U);
  for (const PageFault& fault : faults) EXPECT_EQ(fault.kind, PageFaultKind::no_block);
  EXPECT_EQ(faults[0].position, 4U);
  EXPECT_EQ(faults[0].request, 7U);
  EXPECT_EQ(to_text(faults[0]).substr(0, 58), "no_block: request 7 reads position 4 of group 0 in block 0");
}

// Covers: ALLOC-15
TEST_P(Pages, ABlockThatIsNotZeroedIsAFault) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{7, {2, 3}}});
  write(pages, 0, 0, 7, 0, 6);
  const std::vector<BlockId> taken = {2, 3, 4};
  pages.hand_out(taken);
  pages.zero(std::vector<BlockId>{2, 4});  // block 3 was left out of the list of new blocks
  pages.verify_zeroed(0, taken);
  const std::vector<PageFault> faults = pages.take_faults();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].kind, PageFaultKind::unzeroed);
  EXPECT_EQ(faults[0].block, 3U);
  EXPECT_EQ(faults[0].actual.identity, identities_of(7, 6)[4]);
  EXPECT_EQ(faults[0].expected.generation, 1U);
  EXPECT_EQ(faults[0].actual.generation, 0U);
}

TEST_P(Pages, WhatWasThereBeforeTheBlockWasHandedOutIsStale) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{7, {2}}, {8, {2}}});
  write(pages, 0, 0, 7, 0, 4);
  pages.hand_out(std::vector<BlockId>{2});
  write(pages, 1, 0, 8, 0, 2);
  const std::vector<PageFault> faults = verify(pages, 1, 0, 8, 0, 4);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].kind, PageFaultKind::stale);
  EXPECT_EQ(faults[0].position, 2U);
  EXPECT_EQ(faults[0].actual.request, 7U);
  EXPECT_EQ(faults[0].expected.identity, identities_of(8, 3)[2]);
}

// What a window that is freed on optimistic counts leads to: the first request's step is still in flight and reads
// positions 0 to 3 through the table it started with, when their block already belongs to another request.
TEST_P(Pages, ABlockFreedWhileAStepReadsItIsDoubleOwned) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{1, {5, 6}}});
  pages.hand_out(std::vector<BlockId>{5, 6});
  write(pages, 0, 0, 1, 0, 8);
  EXPECT_TRUE(verify(pages, 0, 0, 1, 0, 8).empty());

  pages.hand_out(std::vector<BlockId>{5});  // block 5 is freed too early and given to request 2
  set_tables(pages, {{1, {5, 6}}, {2, {5}}});
  write(pages, 1, 0, 2, 0, 4);
  const std::vector<PageFault> faults = verify(pages, 0, 0, 1, 0, 8);
  ASSERT_EQ(faults.size(), 4U);
  EXPECT_EQ(faults[0].kind, PageFaultKind::double_owned);
  EXPECT_EQ(faults[0].block, 5U);
  EXPECT_EQ(faults[0].expected.request, 1U);
  EXPECT_EQ(faults[0].actual.request, 2U);
}

TEST_P(Pages, ABlockInTwoGroupsIsDoubleOwned) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{1, {5}}, {1, {5}}});
  write(pages, 0, 0, 1, 0, 4);
  write(pages, 1, 1, 1, 0, 1);
  const std::vector<PageFault> faults = verify(pages, 0, 0, 1, 0, 4);
  ASSERT_FALSE(faults.empty());
  EXPECT_EQ(faults[0].kind, PageFaultKind::double_owned);
  EXPECT_EQ(faults[0].expected.group, 0U);
  EXPECT_EQ(faults[0].actual.group, 1U);
}

TEST_P(Pages, ABlockInTheWrongPlaceIsWrong) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{1, {5, 6}}, {1, {6, 5}}});
  write(pages, 0, 0, 1, 0, 8);
  const std::vector<PageFault> faults = verify(pages, 1, 0, 1, 0, 8);
  ASSERT_EQ(faults.size(), 8U);
  EXPECT_EQ(faults[0].kind, PageFaultKind::wrong);
  EXPECT_EQ(faults[0].expected.position, 0U);
  EXPECT_EQ(faults[0].actual.position, 4U);
}

// Half a page of one context and half of another: the context alone would not show it.
TEST_P(Pages, DataThatDoesNotFollowFromItsContextIsWrong) {
  const PageLayout layout = layout_of(16, 64);
  PageStore pages(stream, layout);
  set_tables(pages, {{1, {5}}, {1, {5}}});
  write(pages, 1, 0, 1, 0, 4);
  write(pages, 0, 1, 1, 1, 2);  // the second half of the first entry of group 0
  const std::vector<PageFault> faults = verify(pages, 0, 0, 1, 0, 4);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].kind, PageFaultKind::wrong);
  EXPECT_EQ(faults[0].position, 0U);
  EXPECT_GE(faults[0].lane, 2U);
  EXPECT_EQ(faults[0].actual.identity, faults[0].expected.identity);
}

TEST_P(Pages, WhoeverVouchesIsBelievedUntilTheBlockIsHandedOut) {
  PageStore pages(stream, layout_of(16));
  set_tables(pages, {{1, {5}}});
  const std::vector<BlockId> block = {5};
  EXPECT_EQ(verify(pages, 0, 0, 1, 0, 4).size(), 4U);
  pages.vouch(block);
  EXPECT_TRUE(verify(pages, 0, 0, 1, 0, 4).empty());
  pages.hand_out(block);
  EXPECT_EQ(verify(pages, 0, 0, 1, 0, 4).size(), 4U);
}

}  // namespace
}  // namespace kvspec::cuda
