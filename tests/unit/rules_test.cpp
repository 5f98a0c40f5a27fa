// Single rules that the seed has no test for, on the model and on the implementation.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "fuzz/host_engine.hpp"
#include "model/oracle/model_engine.hpp"
#include "spec/commands.hpp"

namespace kvspec {
namespace {

using S = Growing;

class Rules : public testing::TestWithParam<const char*> {
 protected:
  void make(const Config<S>& config) {
    const bool model = GetParam() == std::string_view("model");
    auto created = (model ? oracle::model_engine() : fuzz::host_engine())(config);
    ASSERT_TRUE(created.ok());
    system_ = std::move(created.value());
  }
  void add(Count num_tokens) {
    AddRequest<S> request{};
    request.req = "r";
    for (Count i = 0; i < num_tokens; ++i) request.tokens.push_back(i);
    ASSERT_TRUE(system_->step(request).ok());
  }
  template <class C>
  typename C::Observation step(const C& command) {
    const auto result = system_->step(command);
    EXPECT_TRUE(result.ok());
    return result.ok() ? std::get<typename C::Observation>(result.value()) : typename C::Observation{};
  }
  View<S> view() const { return system_->view(); }

  static AllocateSlots<S> new_tokens(Count count) {
    AllocateSlots<S> command{};
    command.req = "r";
    command.num_new_tokens = count;
    return command;
  }

 private:
  std::unique_ptr<oracle::Engine> system_;
};

INSTANTIATE_TEST_SUITE_P(Systems, Rules, testing::Values("model", "host"),
                         [](const auto& parameter) { return std::string(parameter.param); });

// A request passes the gate of a pool that just holds it, but not with a hit: the state that it resumes from has a
// block beside the new one. Covers: ALLOC-19, I28, MAMBA-04
TEST_P(Rules, AHitOfAStateCanNeedTheOneBlockThatIsNotThere) {
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 4);
  GroupSpec states{};
  states.kind = GroupKind::mamba;
  states.block_size = 4;
  states.mamba_cache_mode = MambaCacheMode::align;
  config.groups.push_back(states);
  make(config);
  add(4);
  ASSERT_TRUE(step(new_tokens(4)).result);
  Free<S> free{};
  free.req = "r";
  free.drop = true;
  step(free);
  step(NewStepStarts<S>{});

  add(8);
  GetComputedBlocks<S> look_up{};
  look_up.req = "r";
  ASSERT_EQ(step(look_up).num_computed_tokens, 4U);
  AllocateSlots<S> command = new_tokens(4);
  command.new_computed_blocks = PassedHit::computed;
  command.num_new_computed_tokens = 4;
  command.full_sequence_must_fit = true;
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(step(command).result);
    EXPECT_EQ(view().state.num_free, 3U);
    step(NewStepStarts<S>{});
  }
  AllocateSlots<S> without = new_tokens(8);
  without.full_sequence_must_fit = true;
  EXPECT_TRUE(step(without).result);
  EXPECT_EQ(view().state.num_free, 0U);
}

// Covers: ALLOC-11, ALLOC-12
TEST_P(Rules, ExternalTokensGetTheirBlocksFirstAndAreNotPartOfTheAnswer) {
  make(single_group_config<S>(GroupKind::full, 4, 11));
  add(14);
  AllocateSlots<S> command = new_tokens(5);
  command.num_external_computed_tokens = 9;
  const auto allocated = step(command).result;
  ASSERT_TRUE(allocated);
  EXPECT_EQ(*allocated, (BlockTables<S>{{4}}));
  EXPECT_EQ(step(GetBlockIds<S>{"r"}).result, (BlockTables<S>{{1, 2, 3, 4}}));
}

// Covers: ALLOC-14
TEST_P(Rules, ContextParallelismWidensABlock) {
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 11);
  config.dcp_world_size = 2;
  config.pcp_world_size = 3;
  config.hash_block_size = config.scheduler_block_size = 24;
  make(config);
  add(49);
  const auto allocated = step(new_tokens(49)).result;
  ASSERT_TRUE(allocated);
  EXPECT_EQ(*allocated, (BlockTables<S>{{1, 2, 3}}));
}

// Covers: CACHE-06, HASH-12
TEST_P(Rules, CachingDoesNothingWhenItIsOff) {
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 11);
  config.enable_caching = false;
  make(config);
  add(8);
  step(new_tokens(8));
  const auto before = view();
  step(CacheBlocks<S>{"r", 8});
  EXPECT_TRUE(view() == before);
  EXPECT_TRUE(before.requests[0].block_hashes.empty());
}

// Covers: FREE-02, FREE-03, FREE-04
TEST_P(Rules, FreeingOrSkippingWithoutBlocksChangesNothing) {
  make(single_group_config<S>(GroupKind::full, 4, 11));
  add(8);
  const auto before = view();
  EXPECT_EQ(step(RemoveSkippedBlocks<S>{"r", 8}).num_free, 10u);
  EXPECT_EQ(step(Free<S>{"r", false}).num_free, 10u);
  EXPECT_TRUE(view() == before);
  step(new_tokens(8));
  const auto held = view();
  EXPECT_EQ(step(RemoveSkippedBlocks<S>{"r", 8}).num_free, 8u);
  EXPECT_TRUE(view() == held);
}

}  // namespace
}  // namespace kvspec
