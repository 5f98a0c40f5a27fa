// A difference says where, what was expected and what there is.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "fuzz/arbitrary.hpp"
#include "spec/trace/diff.hpp"

namespace kvspec {
namespace {

StateDump<Growing> some_state() {
  StateDump<Growing> state{};
  state.free_queue = {5, 4, 3, 2};
  state.ref_cnt = {{1, 1}, {7, 2}};
  Duplicates<Growing>& shared = state.dups.emplace_back();
  shared.key.hash = {0xAB};
  shared.key.group = 1;
  shared.blocks = {1, 7};
  state.managers.resize(2);
  state.managers[0].req_blocks = {{"r0", {1}}, {"r1", {7, 1, 7}}};
  return state;
}

template <class T>
std::vector<std::string> texts(const T& expected, const T& actual) {
  std::vector<std::string> out;
  for (const Difference& difference : differences(expected, actual)) out.push_back(to_text(difference));
  return out;
}
using Texts = std::vector<std::string>;

TEST(TraceDiff, EqualValuesDoNotDiffer) {
  EXPECT_TRUE(differences(some_state(), some_state()).empty());
  EXPECT_FALSE(first_difference(some_state(), some_state()));
}

TEST(TraceDiff, ListsDifferByElementAndSize) {
  StateDump<Growing> actual = some_state();
  actual.free_queue[3] = 9;
  EXPECT_EQ(texts(some_state(), actual), Texts{"free_queue[3]: expected 2, actual 9"});
  actual.free_queue = {5, 4, 3};
  EXPECT_EQ(texts(some_state(), actual), Texts{"free_queue.size(): expected 4, actual 3"});
  actual.free_queue.clear();
  actual.managers.pop_back();
  EXPECT_EQ(texts(some_state(), actual),
            (Texts{"free_queue.size(): expected 4, actual 0", "managers.size(): expected 2, actual 1"}));
}

TEST(TraceDiff, EntriesAreMatchedByKey) {
  StateDump<Growing> actual = some_state();
  actual.ref_cnt = {{2, 1}, {7, 3}};
  actual.managers[0].req_blocks[1].value[2] = 8;
  actual.managers[0].req_blocks.insert(actual.managers[0].req_blocks.begin(), {"a", {}});
  actual.dups[0].blocks = {7, 1};
  EXPECT_EQ(texts(some_state(), actual),
            (Texts{"ref_cnt[1]: expected 1, actual absent", "ref_cnt[2]: expected absent, actual 1",
                   "ref_cnt[7]: expected 2, actual 3", "dups[\"0xab of group 1\"][0]: expected 1, actual 7",
                   "dups[\"0xab of group 1\"][1]: expected 7, actual 1",
                   "managers[0].req_blocks[\"a\"]: expected absent, actual []",
                   "managers[0].req_blocks[\"r1\"][2]: expected 7, actual 8"}));
}

// Lists out of their canonical order still differ.
TEST(TraceDiff, OrderMatters) {
  StateDump<Growing> actual = some_state();
  std::swap(actual.ref_cnt[0], actual.ref_cnt[1]);
  EXPECT_EQ(texts(some_state(), actual),
            (Texts{"ref_cnt[0]: expected 1: 1, actual 7: 2", "ref_cnt[1]: expected 7: 2, actual 1: 1"}));
}

TEST(TraceDiff, ViewsAndRequests) {
  View<Growing> expected{};
  expected.requests = {{"r0", 3, {}, {}}};
  View<Growing> actual = expected;
  actual.requests[0].hit = BlockTables<Growing>{{1}};
  actual.stats.hits = 2;
  actual.events.emplace_back(AllBlocksCleared<Growing>{});
  EXPECT_EQ(texts(expected, actual), (Texts{"events.size(): expected 0, actual 1", "stats.hits: expected 0, actual 2",
                                            "requests[\"r0\"].hit: expected none, actual [[1]]"}));
}

TEST(TraceDiff, EventsAndObservations) {
  TakeEvents<Growing>::Observation one{};
  BlockStored<Growing> stored{};
  stored.block_hashes.resize(2);
  one.events.emplace_back(stored);
  TakeEvents<Growing>::Observation other = one;
  std::get<BlockStored<Growing>>(other.events[0]).block_hashes.resize(1);
  EXPECT_EQ(texts(Observation<Growing>(one), Observation<Growing>(other)),
            Texts{"events[0].block_hashes.size(): expected 2, actual 1"});
  other.events[0] = AllBlocksCleared<Growing>{};
  const auto difference = first_difference(Observation<Growing>(one), Observation<Growing>(other));
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->path, "events[0]");
  EXPECT_TRUE(difference->expected.starts_with("BlockStored(block_hashes=[0, 0], ")) << difference->expected;
  EXPECT_EQ(difference->actual, "AllBlocksCleared()");
  EXPECT_EQ(texts(Observation<Growing>(Done{}), Observation<Growing>(Free<Growing>::Observation{3})),
            Texts{"expected done, actual (num_free=3)"});
}

TEST(TraceDiff, CommandsAndConfigurations) {
  EXPECT_EQ(texts(Command<Growing>(Free<Growing>{"r0", false}), Command<Growing>(Free<Growing>{"r0", true})),
            Texts{"drop: expected false, actual true"});
  EXPECT_EQ(texts(Command<Growing>(Free<Growing>{"r0", false}), Command<Growing>(NewStepStarts<Growing>{})),
            Texts{"expected free(req=\"r0\", drop=false), actual new_step_starts()"});
  EXPECT_EQ(
      texts(single_group_config<Growing>(GroupKind::full, 2, 8), single_group_config<Growing>(GroupKind::mla, 2, 9)),
      (Texts{"groups[0].kind: expected full, actual mla", "num_blocks: expected 8, actual 9"}));
}

TEST(TraceDiff, InformativeValuesNeverDiffer) {
  StateDump<Growing> expected{};
  expected.null_block_ref_cnt_unmaintained = Informative{1};
  StateDump<Growing> actual{};
  actual.null_block_ref_cnt_unmaintained = Informative{-5};
  EXPECT_TRUE(differences(expected, actual).empty());
}

TEST(TraceDiff, IsBounded) {
  StateDump<Growing> expected{};
  expected.free_queue.assign(1000, 1);
  StateDump<Growing> actual{};
  actual.free_queue.assign(1000, 2);
  EXPECT_EQ(differences(expected, actual).size(), default_max_differences);
  EXPECT_EQ(differences(expected, actual, 3).size(), 3U);
  EXPECT_EQ(first_difference(expected, actual)->path, "free_queue[0]");
}

// There is a difference if and only if the values differ.
RC_GTEST_PROP(TraceDiff, FindsADifferenceExactlyWhenThereIsOne, ()) {
  const auto a = *fuzz::any_state();
  const auto b = *fuzz::any_state();
  RC_ASSERT(!first_difference(a, a));
  RC_ASSERT(first_difference(a, b).has_value() == !(a == b));
  RC_ASSERT(first_difference(b, a).has_value() == !(a == b));
}
RC_GTEST_PROP(TraceDiff, FindsADifferenceOfCommandsExactlyWhenThereIsOne, ()) {
  const auto a = *fuzz::any_command();
  const auto b = *fuzz::any_command();
  RC_ASSERT(!first_difference(a, a));
  RC_ASSERT(first_difference(a, b).has_value() == !(a == b));
}

}  // namespace
}  // namespace kvspec
