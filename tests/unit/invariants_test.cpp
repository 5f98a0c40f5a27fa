// Each invariant finds what it is for: a small state that satisfies all of them is broken in one way at a time.
#include "spec/invariants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "tests/unit/plain_state.hpp"

namespace kvspec {
namespace {

using S = Growing;

TEST(Invariants, HoldOnTheStateThatTheOthersBreak) {
  Invariants<S> invariants;
  const Finding found = invariants.check(PlainState{});
  EXPECT_FALSE(found) << found->what;
}

class Invariant : public testing::TestWithParam<Break> {};

// Covers: I1, I2, I3, I4, I5, I6, I7, I16, I17, I19, I21
TEST_P(Invariant, FindsWhatBreaksIt) {
  PlainState state;
  GetParam().apply(state);
  Invariants<S> invariants;
  const Finding found = invariants.check(state);
  ASSERT_TRUE(found) << GetParam().how;
  EXPECT_EQ(describe(found->clause).id, GetParam().id) << found->what;
  EXPECT_FALSE(found->what.empty());
}

// Covers: I4
TEST(Invariants, NameBothGroupsOfABlock) {
  PlainState state;
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
  PlainState state;
  twice->apply(state);
  Config<S> config{};
  EXPECT_TRUE(Invariants<S>(config).check(state));
  config.hash_bits = 2;
  EXPECT_FALSE(Invariants<S>(config).check(state));
}

// Covers: I19
TEST(Invariants, LetNullBlocksStandForWhatIsSkipped) {
  Invariants<S> invariants;
  PlainState state;
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
  PlainState state;
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
