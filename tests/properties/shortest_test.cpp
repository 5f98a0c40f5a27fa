// The search for the shortest counterexample: it finds what taking away cannot, and says when there is nothing.
#include "fuzz/shortest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "model/oracle/model_engine.hpp"
#include "tests/properties/watched.hpp"

namespace kvspec::watched {
namespace {

using fuzz::Disagreement;
using fuzz::Failure;
using fuzz::Side;

PoolGetNewBlocks<S> take(Count num_blocks) { return {num_blocks}; }

Counterexample failing_at(std::size_t step, Side side = Side::right) {
  Counterexample found{};
  found.step = step;
  found.kind = Disagreement::invariant;
  found.clause = Clause::i1;
  found.side = side;
  return found;
}

Failure failure_of(Commands commands, Side side = Side::right) {
  const std::size_t last = commands.size() - 1;
  return {.config = config_of({full()}, 8), .commands = std::move(commands), .counterexample = failing_at(last, side)};
}

// Fails at the last of `commands`, in this order, wherever they stand.
fuzz::Oracle fails_at(Commands commands, Side side = Side::right) {
  return [=](const Config<S>&, const Commands& tried) -> std::optional<Counterexample> {
    std::size_t met = 0;
    for (std::size_t i = 0; i < tried.size(); ++i) {
      if (tried[i] == commands[met] && ++met == commands.size()) return failing_at(i, side);
    }
    return {};
  };
}

TEST(Shortest, FindsAnotherOrder) {
  const Commands swapped{take(2), take(1)};
  const auto either = [&](const Config<S>& config, const Commands& tried) {
    const auto longer = fails_at({take(1), take(1), take(2)})(config, tried);
    return longer ? longer : fails_at(swapped)(config, tried);
  };
  // No part of this has the other order.
  const Failure found = fuzz::shortest(failure_of({take(1), take(1), take(2)}), either, oracle::model_engine());
  EXPECT_EQ(found.commands, swapped) << found.commands.size();
  EXPECT_EQ(found.counterexample.step, 1U);
  ASSERT_TRUE(found.search);
  EXPECT_TRUE(found.search->complete);
}

// An oracle that has no time left takes nothing back.
TEST(Shortest, KeepsWhatItFoundWhenTheOracleFallsSilent) {
  const Commands swapped{take(2), take(1)};
  bool is_silent = false;
  const auto once = [&](const Config<S>& config, const Commands& tried) -> std::optional<Counterexample> {
    if (is_silent) return {};
    const auto found = fails_at(swapped)(config, tried);
    is_silent = found.has_value();
    return found;
  };
  const Failure found = fuzz::shortest(failure_of({take(1), take(1), take(2)}), once, oracle::model_engine());
  EXPECT_EQ(found.commands, swapped) << found.commands.size();
  EXPECT_EQ(found.counterexample.clause, Clause::i1);
  EXPECT_EQ(found.counterexample.step, 1U);
}

TEST(Shortest, FindsSimplerCommands) {
  const Failure found =
      fuzz::shortest(failure_of({take(2), take(2), take(2)}), fails_at({take(1)}), oracle::model_engine());
  EXPECT_EQ(found.commands, Commands{take(1)});
}

TEST(Shortest, SaysThatThereIsNothing) {
  const Commands commands{take(1), ResetPrefixCache<S>{}, take(2)};
  for (const Side side : {Side::right, Side::both}) {
    const Failure found = fuzz::shortest(failure_of(commands, side), fails_at(commands, side), oracle::model_engine());
    EXPECT_EQ(found.commands, commands);
    ASSERT_TRUE(found.search);
    EXPECT_TRUE(found.search->complete);
    EXPECT_GT(found.search->alphabet, 3U);
    EXPECT_NE(to_text(*found.search), "");
  }
}

TEST(Shortest, SaysNothingIfItDidNotEnd) {
  const Commands commands{take(1), ResetPrefixCache<S>{}, take(2)};
  const Failure found =
      fuzz::shortest(failure_of(commands), fails_at(commands), oracle::model_engine(), [] { return true; }, 5);
  ASSERT_TRUE(found.search);
  EXPECT_FALSE(found.search->complete);
  EXPECT_EQ(found.search->sequences, 5U);
  EXPECT_EQ(to_text(*found.search), "");
}

TEST(Shortest, StopsWhenItMayNotGoOn) {
  const Commands commands{take(1), ResetPrefixCache<S>{}, take(2)};
  int turns = 3;
  const Failure found =
      fuzz::shortest(failure_of(commands), fails_at(commands), oracle::model_engine(), [&] { return turns-- > 0; });
  ASSERT_TRUE(found.search);
  EXPECT_FALSE(found.search->complete);
  EXPECT_EQ(found.search->sequences, 3U);
}

// Another cause on the way is not taken for the one that is looked for.
TEST(Shortest, KeepsTheCause) {
  const Commands commands{take(1), take(2), take(3)};
  const auto oracle = [&](const Config<S>& config, const Commands& tried) {
    auto found = fails_at(commands)(config, tried);
    if (!found && tried.back() == Command<S>(take(3))) {
      found = failing_at(tried.size() - 1);
      found->clause = Clause::i2;
    }
    return found;
  };
  EXPECT_EQ(fuzz::shortest(failure_of(commands), oracle, oracle::model_engine()).commands, commands);
}

}  // namespace
}  // namespace kvspec::watched
