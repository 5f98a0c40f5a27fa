// How bad a difference is: other blocks are another order, unless somebody else uses them.
#include "fuzz/check/severity.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/engines/observations.hpp"

namespace kvspec::fuzz {
namespace {

using engines::given_out;
using engines::S;
using engines::table;

StateDump<S> in_use(std::vector<BlockId> blocks) {
  StateDump<S> state{};
  for (const BlockId b : blocks) state.ref_cnt.push_back({b, 1});
  return state;
}

TEST(Severity, OfOtherFreeBlocksIsTheirOrder) {
  const StateDump<S> after = in_use({1, 2, 3});
  EXPECT_EQ(severity_of(given_out({{1, 2}}), given_out({{2, 1}}), &after), Severity::order);
  EXPECT_EQ(severity_of(given_out({{1}, {2}}), given_out({{5}, {4}}), &after), Severity::order);
  EXPECT_EQ(severity_of(table({{1, 2}}), table({{5, 4}}), &after), Severity::order);
  EXPECT_EQ(severity_of(table({{0, 0, 1}}), table({{0, 0, 4}}), &after), Severity::order) << "null is no block";
}

TEST(Severity, OfABlockInTwoPlacesIsWrongData) {
  EXPECT_EQ(severity_of(given_out({{1, 2}}), given_out({{4, 4}})), Severity::wrong_data);
  EXPECT_EQ(severity_of(given_out({{1}, {2}}), given_out({{1}, {1}})), Severity::wrong_data);
  EXPECT_EQ(severity_of(table({{1, 2}}), table({{4, 4}})), Severity::wrong_data);
}

TEST(Severity, OfABlockThatIsInUseIsWrongData) {
  const StateDump<S> after = in_use({1, 2, 3});
  EXPECT_EQ(severity_of(given_out({{1, 2}}), given_out({{1, 3}}), &after), Severity::wrong_data);
  EXPECT_EQ(severity_of(table({{1, 2}}), table({{1, 3}}), &after), Severity::wrong_data);
}

TEST(Severity, OfAnAnswerToAnotherQuestionIsNoAnswer) {
  EXPECT_EQ(severity_of(given_out({{1}}), table({{1}})), Severity::protocol);
}

}  // namespace
}  // namespace kvspec::fuzz
