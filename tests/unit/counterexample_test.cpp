// The clause that a difference names before it is shrunk, where the path to it does not say enough.
#include "fuzz/counterexample.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace kvspec::fuzz {
namespace {

using S = Growing;

Clause clause_of(EventList<S> expected, EventList<S> actual) {
  TakeEvents<S>::Observation left{};
  left.events = std::move(expected);
  TakeEvents<S>::Observation right{};
  right.events = std::move(actual);
  return differing_results(0, TakeEvents<S>{}, Observation<S>(left), Observation<S>(right)).clause;
}

BlockRemoved<S> removed(GroupId group) {
  BlockRemoved<S> event{};
  event.group_idx = group;
  return event;
}

// Covers: EVENT-01, EVENT-04, EVENT-05
TEST(Counterexample, AMissingEventIsAMatterOfItsKind) {
  const BlockStored<S> stored{};
  const AllBlocksCleared<S> cleared{};
  EXPECT_EQ(clause_of({stored}, {}), Clause::event_01);
  EXPECT_EQ(clause_of({removed(0)}, {}), Clause::event_04);
  EXPECT_EQ(clause_of({cleared}, {}), Clause::event_05);
  EXPECT_EQ(clause_of({stored}, {stored, cleared}), Clause::event_05) << "one too many";
  EXPECT_EQ(clause_of({removed(0), stored}, {stored, removed(0)}), Clause::event_04) << "another order";
  EXPECT_EQ(clause_of({removed(0), removed(1)}, {removed(1)}), Clause::event_04) << "the first of two alike";
}

// Covers: EVENT-02
TEST(Counterexample, APartOfAnEventIsAMatterOfThePart) {
  BlockStored<S> stored{};
  BlockStored<S> other{};
  other.token_ids.push_back(1);
  EXPECT_EQ(clause_of({stored}, {other}), Clause::event_02);
}

}  // namespace
}  // namespace kvspec::fuzz
