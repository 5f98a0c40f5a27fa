// A glance says that the invariants hold only where they do; where they do and a state is small, it nearly always says
// so, because a farm that had to ask twice would be slow without anybody noticing.
#include "fuzz/farm/glance.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "fuzz/farm/lane.hpp"
#include "fuzz/farm/replay.hpp"
#include "fuzz/farm/systems.hpp"
#include "spec/invariants.hpp"
#include "tests/unit/plain_state.hpp"

namespace kvspec::fuzz::farm {
namespace {

constexpr std::uint64_t seed = 20260604;
constexpr std::uint64_t settings = 96;

// No block is held at pool level, which a glance leaves to the invariants.
PlainState unheld() {
  PlainState state;
  state.holds[5] = 0;
  state.tables[0].push_back({"s", {5}, {}});
  return state;
}

TEST(Glance, SeesThatAllIsWell) {
  ASSERT_FALSE(Invariants<Growing>().check(unheld()));
  EXPECT_TRUE(invariants_hold_at_a_glance(unheld()));
  for (const GroupSpec& spec : {window(), aligned_states()}) {
    PlainState state = unheld();
    state.group_spec = spec;
    state.tables[0][0] = {"r",
                          spec.kind == GroupKind::mamba ? std::vector<BlockId>{1, null_block, 2, 5}
                                                        : std::vector<BlockId>{null_block, 1, 2},
                          {}};
    if (spec.kind == GroupKind::mamba) state.tables[0].pop_back();
    ASSERT_FALSE(Invariants<Growing>().check(state));
    EXPECT_TRUE(invariants_hold_at_a_glance(state));
  }
}

TEST(Glance, LeavesWhatItDoesNotSeeToTheInvariants) {
  EXPECT_FALSE(invariants_hold_at_a_glance(PlainState{}));  // a block is held
  PlainState large = unheld();
  for (BlockId b = 6; b < 20; ++b) {
    large.counts.push_back(0);
    large.holds.push_back(0);
    large.hashes.emplace_back();
    large.free.push_back(b);
    large.backwards.insert(large.backwards.begin(), b);
    ++large.num_free_blocks;
  }
  ASSERT_FALSE(Invariants<Growing>().check(large));
  EXPECT_FALSE(invariants_hold_at_a_glance(large));
}

class Broken : public testing::TestWithParam<Break> {};

TEST_P(Broken, IsNotOverlooked) {
  PlainState state;
  GetParam().apply(state);
  EXPECT_FALSE(invariants_hold_at_a_glance(state)) << GetParam().how;
  // Nor is it if nothing else keeps a glance from saying that all is well.
  state = unheld();
  GetParam().apply(state);
  if (!Invariants<Growing>().check(state)) GTEST_SKIP() << "needs a block that is held";
  EXPECT_FALSE(invariants_hold_at_a_glance(state)) << GetParam().how;
}

INSTANTIATE_TEST_SUITE_P(Glance, Broken, testing::ValuesIn(breaks));

// What a lane finds that asks at a glance first, as on a device, is what one finds that asks the invariants alone.
TEST(Glance, FindsWhatTheInvariantsFind) {
  std::size_t num_found = 0;
  for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
    for (std::uint64_t run = 0; run < settings * runs_per_setting; run += runs_per_setting) {
      Rules rules{.seed = seed, .beats = 128, .view_period = 1U << 30};
      const Repeated asked = repeat(rules, semantics, run);
      const Repeated glanced = repeat(rules, semantics, run, cuda::Place::device);
      ASSERT_EQ(asked.difference, glanced.difference) << "run " << run;
      num_found += asked.difference && asked.difference->kind == Disagreement::invariant ? 1U : 0U;
    }
  }
  EXPECT_GT(num_found, 20U);
}

}  // namespace
}  // namespace kvspec::fuzz::farm
