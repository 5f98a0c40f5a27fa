// Each invariant finds what it is for: a small state that satisfies all of them is broken in one way at a time.
#include "spec/invariants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvspec {
namespace {

using S = Growing;

// Anything that can be inspected: here plain data, so that a test can write down any state, reachable or not.
struct Inspected {
  struct Table {
    std::string req;
    std::vector<BlockId> blocks;
    std::optional<Count> cached;
  };
  struct Entry {
    std::vector<std::uint8_t> hash;
    GroupId group;
    std::vector<BlockId> blocks;
  };
  std::vector<BlockId> free{3, 4}, backwards{4, 3};
  Count num_free_blocks = 2;
  std::vector<Count> counts{0, 1, 1, 0, 0, 1}, holds{0, 0, 0, 0, 0, 1};
  std::vector<std::vector<std::uint8_t>> hashes{{}, {1}, {}, {7}, {}, {}};
  std::vector<std::vector<Table>> tables{{{"r", {1, 2}, 1}}};
  std::vector<Entry> index{{{1}, 0, {1}}, {{7}, 0, {3}}};
  std::size_t keys = 2;
  Count num_hashes = 1;
  GroupSpec group_spec{};  // of every group

  Count num_blocks() const { return static_cast<Count>(counts.size()); }
  Count num_free() const { return num_free_blocks; }
  Count ref_cnt(BlockId b) const { return counts[b]; }
  Count held(BlockId b) const { return holds[b]; }
  bool has_hash(BlockId b) const { return !hashes[b].empty(); }
  const std::vector<std::uint8_t>& hash(BlockId b) const { return hashes[b]; }
  GroupId group(BlockId) const { return 0; }
  std::size_t num_keys() const { return keys; }
  GroupId num_groups() const { return static_cast<GroupId>(tables.size()); }
  const GroupSpec& spec(GroupId) const { return group_spec; }
  std::int64_t block_size(GroupId) const { return 4; }
  std::int64_t max_model_len() const { return 12; }
  std::int64_t hash_block_size() const { return 4; }
  bool caching() const { return true; }
  template <class F>
  void walk_free(F f) const {
    for (BlockId b : free) f(b);
  }
  template <class F>
  void walk_free_backwards(F f) const {
    for (BlockId b : backwards) f(b);
  }
  template <class F>
  void walk_index(F f) const {
    for (const Entry& entry : index) {
      for (std::size_t i = 0; i < entry.blocks.size(); ++i) f(entry.hash, entry.group, entry.blocks[i], i == 0);
    }
  }
  template <class F>
  void walk_tables(GroupId g, F f) const {
    for (const Table& table : tables[g]) f(std::string_view(table.req), table.blocks, table.cached, Count{7});
  }
  template <class F>
  void walk_requests(F f) const {
    f(std::string_view("r"), Count{7}, num_hashes);
  }
};

GroupSpec window() {
  GroupSpec spec{};
  spec.kind = GroupKind::swa;
  spec.sliding_window = 4;
  return spec;
}
GroupSpec aligned_states() {
  GroupSpec spec{};
  spec.kind = GroupKind::mamba;
  spec.mamba_cache_mode = MambaCacheMode::align;
  spec.num_speculative_blocks = 1;
  return spec;
}

TEST(Invariants, HoldOnTheStateThatTheOthersBreak) {
  Invariants<S> invariants;
  const Finding found = invariants.check(Inspected{});
  EXPECT_FALSE(found) << found->what;
}

struct Break {
  const char* id;
  const char* how;
  std::function<void(Inspected&)> apply;
};

class Invariant : public testing::TestWithParam<Break> {};

// Covers: I1, I2, I3, I4, I5, I6, I7, I16, I17, I19, I21
TEST_P(Invariant, FindsWhatBreaksIt) {
  Inspected state;
  GetParam().apply(state);
  Invariants<S> invariants;
  const Finding found = invariants.check(state);
  ASSERT_TRUE(found) << GetParam().how;
  EXPECT_EQ(describe(found->clause).id, GetParam().id) << found->what;
  EXPECT_FALSE(found->what.empty());
}

const Break breaks[] = {
    {"I1", "outside the pool", [](Inspected& s) { s.free[1] = 9; }},
    {"I1", "queued twice", [](Inspected& s) { s.free[1] = 3; }},
    {"I1", "the ways differ", [](Inspected& s) { s.backwards = {3, 4}; }},
    {"I1", "the way back is shorter", [](Inspected& s) { s.backwards = {4}; }},
    {"I1", "miscounted", [](Inspected& s) { s.num_free_blocks = 3; }},
    {"I2", "referenced and queued", [](Inspected& s) { s.counts[3] = 1; }},
    {"I2", "neither", [](Inspected& s) { s.free = {3}, s.backwards = {3}, s.num_free_blocks = 1; }},
    {"I3", "a reference too many", [](Inspected& s) { s.counts[1] = 2; }},
    {"I3", "held without a reference", [](Inspected& s) { s.holds[5] = 2; }},
    {"I3", "no block of the pool", [](Inspected& s) { s.tables[0][0].blocks[1] = 9; }},
    {"I4", "twice in a table",
     [](Inspected& s) { s.tables[0][0].blocks = {1, 1}, s.counts[1] = 2, s.counts[2] = 1, s.holds[2] = 1; }},
    {"I4", "in two groups", [](Inspected& s) { s.tables.push_back({{"r", {1}, {}}}), s.counts[1] = 2; }},
    {"I5", "the null block has a hash", [](Inspected& s) { s.hashes[0] = {5}; }},
    {"I5", "the null block is queued",
     [](Inspected& s) { s.free = {0, 3, 4}, s.backwards = {4, 3, 0}, s.num_free_blocks = 3; }},
    {"I6", "under another key", [](Inspected& s) { s.index[0].hash = {2}; }},
    {"I6", "in the index twice", [](Inspected& s) { s.index.push_back({{7}, 0, {3}}), s.keys = 3; }},
    {"I6", "not in the index", [](Inspected& s) { s.index.pop_back(), s.keys = 1; }},
    {"I6", "miscounted", [](Inspected& s) { s.keys = 1; }},
    {"I7", "a hash too many", [](Inspected& s) { s.num_hashes = 2; }},
    {"I6", "no block of the pool", [](Inspected& s) { s.index[1].blocks = {9}; }},
    {"I16", "more cached than blocks", [](Inspected& s) { s.tables[0][0].cached = 3; }},
    {"I17", "more cached than tokens", [](Inspected& s) { s.tables[0][0].cached = 2; }},
    {"I19", "a null block", [](Inspected& s) { s.tables[0][0].blocks.push_back(null_block); }},
    {"I19", "a null block inside of a window",
     [](Inspected& s) {
       s.group_spec = window();
       s.tables[0][0].blocks = {null_block, 1, 2, null_block};
     }},
    {"I19", "a null block where the last state is",
     [](Inspected& s) {
       s.group_spec = aligned_states();
       s.tables[0][0].blocks = {1, null_block, 2};
     }},
    {"I21", "longer than a sequence", [](Inspected& s) {
       s.tables[0][0].blocks = {1, 2, 5, 3}, s.counts[5] = 2, s.counts[3] = 1;
       s.free = {4}, s.backwards = {4}, s.num_free_blocks = 1;
     }}};

// Covers: I4
TEST(Invariants, NameBothGroupsOfABlock) {
  Inspected state;
  state.tables = {{{"r", {}, {}}, {"s", {1}, {}}}, {}, {{"t", {2}, {}}, {"r", {1}, {}}}};
  state.counts[1] = 2;
  const Finding found = Invariants<S>().check(state);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->clause, Clause::i4);
  EXPECT_EQ(found->block, 1U);
  EXPECT_EQ(found->request, "r");
  EXPECT_EQ(found->actual, 2);    // the group it is found in
  EXPECT_EQ(found->expected, 0);  // the group that has it already
  // One group further: the first table of the last group but one.
  state.tables = {{{"r", {}, {}}}, {{"s", {1}, {}}}, {{"t", {1}, {}}, {"u", {2}, {}}}};
  EXPECT_EQ(Invariants<S>().check(state)->expected, 1);
}

// Two blocks of one request with the same digest are one block to a look-up. Covers: I4, HASH-13
TEST(Invariants, LetATableListABlockTwiceWhereDigestsCollide) {
  const auto twice = std::ranges::find(breaks, std::string_view("twice in a table"), &Break::how);
  ASSERT_NE(twice, std::end(breaks));
  Inspected state;
  twice->apply(state);
  Config<S> config{};
  EXPECT_TRUE(Invariants<S>(config).check(state));
  config.hash_bits = 2;
  EXPECT_FALSE(Invariants<S>(config).check(state));
}

// Covers: I19
TEST(Invariants, LetNullBlocksStandForWhatIsSkipped) {
  Invariants<S> invariants;
  Inspected state;
  state.group_spec = window();
  state.tables[0][0].blocks = {null_block, 1, 2};
  EXPECT_FALSE(invariants.check(state));
  state.group_spec = aligned_states();
  state.tables[0][0].blocks = {1, null_block, 2, 5};
  state.counts[5] = 2;
  EXPECT_FALSE(invariants.check(state));
}

// I2 and I3 imply it, so it is asked alone.
// Covers: I18
TEST(Invariants, HeldBlocksAreNotFree) {
  Invariants<S> invariants;
  Inspected state;
  invariants.survey(state);
  EXPECT_FALSE(invariants.held_blocks_are_not_free(state));
  state.holds[3] = 1;
  invariants.survey(state);
  const Finding found = invariants.held_blocks_are_not_free(state);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->clause, Clause::i18);
  EXPECT_EQ(found->block, 3U);
}

INSTANTIATE_TEST_SUITE_P(Broken, Invariant, testing::ValuesIn(breaks));

}  // namespace
}  // namespace kvspec
