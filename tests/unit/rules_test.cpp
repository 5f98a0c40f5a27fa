// Single rules that the seed has no test for, on the model and on the implementation.
#include <gtest/gtest.h>

#include "impl/host/manager.hpp"
#include "model/manager.hpp"
#include "spec/commands.hpp"

namespace kvspec {
namespace {

using S = Growing;

template <class System>
class Rules : public testing::Test {
 protected:
  static System make(Config<S> config) { return std::move(System::create(config).value()); }
  static void add(System& system, Count num_tokens) {
    AddRequest<S> request{};
    request.req = "r";
    for (Count i = 0; i < num_tokens; ++i) request.tokens.push_back(i);
    ASSERT_TRUE(system.step(request).ok());
  }
  static AllocateSlots<S> new_tokens(Count count) {
    AllocateSlots<S> command{};
    command.req = "r";
    command.num_new_tokens = count;
    return command;
  }
};

using Systems = testing::Types<model::HostModel, host::Manager>;
TYPED_TEST_SUITE(Rules, Systems);

// Covers: ALLOC-11, ALLOC-12
TYPED_TEST(Rules, ExternalTokensGetTheirBlocksFirstAndAreNotPartOfTheAnswer) {
  auto system = this->make(single_group_config<S>(GroupKind::full, 4, 11));
  this->add(system, 14);
  AllocateSlots<S> command = this->new_tokens(5);
  command.num_external_computed_tokens = 9;
  const auto seen = system.step(command);
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(*seen.value().result, (BlockTables<S>{{4}}));
  EXPECT_EQ(system.step(GetBlockIds<S>{"r"}).value().result, (BlockTables<S>{{1, 2, 3, 4}}));
}

// Covers: ALLOC-14
TYPED_TEST(Rules, ContextParallelismWidensABlock) {
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 11);
  config.dcp_world_size = 2;
  config.pcp_world_size = 3;
  config.hash_block_size = config.scheduler_block_size = 24;
  auto system = this->make(config);
  this->add(system, 49);
  EXPECT_EQ(*system.step(this->new_tokens(49)).value().result, (BlockTables<S>{{1, 2, 3}}));
}

// Covers: CACHE-06, HASH-12
TYPED_TEST(Rules, CachingDoesNothingWhenItIsOff) {
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 11);
  config.enable_caching = false;
  auto system = this->make(config);
  this->add(system, 8);
  ASSERT_TRUE(system.step(this->new_tokens(8)).ok());
  const auto before = system.view();
  EXPECT_TRUE(system.step(CacheBlocks<S>{"r", 8}).ok());
  EXPECT_EQ(system.view(), before);
  EXPECT_TRUE(before.requests[0].block_hashes.empty());
}

// Covers: FREE-02, FREE-03, FREE-04
TYPED_TEST(Rules, FreeingOrSkippingWithoutBlocksChangesNothing) {
  auto system = this->make(single_group_config<S>(GroupKind::full, 4, 11));
  this->add(system, 8);
  const auto before = system.view();
  EXPECT_EQ(system.step(RemoveSkippedBlocks<S>{"r", 8}).value().num_free, 10u);
  EXPECT_EQ(system.step(Free<S>{"r", false}).value().num_free, 10u);
  EXPECT_EQ(system.view(), before);
  ASSERT_TRUE(system.step(this->new_tokens(8)).ok());
  const auto held = system.view();
  EXPECT_EQ(system.step(RemoveSkippedBlocks<S>{"r", 8}).value().num_free, 8u);
  EXPECT_EQ(system.view(), held);
}

}  // namespace
}  // namespace kvspec
