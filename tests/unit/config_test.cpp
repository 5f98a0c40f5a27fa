// What makes a configuration valid: each rejection by its clause and the number that breaks it, the same on the model
// and on the implementation, and beside each the nearest configuration that is accepted.
#include "spec/config.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "impl/host/manager.hpp"
#include "model/manager.hpp"

namespace kvspec {
namespace {

using S = Growing;
using Change = std::function<void(Config<S>&)>;

GroupSpec group(GroupKind kind, std::int64_t block_size) {
  GroupSpec spec{};
  spec.kind = kind;
  spec.block_size = block_size;
  if (is_sliding_window(kind)) spec.sliding_window = 8;
  if (kind == GroupKind::chunked) spec.attention_chunk_size = 8;
  if (kind == GroupKind::mamba) spec.mamba_cache_mode = MambaCacheMode::all;
  return spec;
}

Config<S> config_of(std::vector<GroupSpec> groups, std::int64_t hash_block_size = 4,
                    std::int64_t scheduler_block_size = 8) {
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 16);
  config.groups = std::move(groups);
  config.hash_block_size = hash_block_size;
  config.scheduler_block_size = scheduler_block_size;
  return config;
}
Config<S> single(GroupKind kind) { return config_of({group(kind, 4)}, 4, 4); }
Config<S> hybrid(GroupKind second, std::int64_t block_size = 8) {
  return config_of({group(GroupKind::full, 4), group(second, block_size)});
}
Config<S> without_caching(Config<S> config) {
  config.enable_caching = false;
  return config;
}

struct Rejection {
  const char* what;
  Config<S> accepted;
  Change change;  // makes it one that is rejected
  Clause clause;
  std::int64_t offending;
};

std::vector<Rejection> rejections() {
  const Config<S> full = single(GroupKind::full);
  const auto window = hybrid(GroupKind::swa);
  return {
      {"no blocks", full, [](auto& c) { c.num_blocks = 0; }, Clause::conf_01, 0},
      {"too many blocks", full, [](auto& c) { c.num_blocks = (1 << 24) + 1; }, Clause::conf_01, (1 << 24) + 1},
      {"an empty block", full, [](auto& c) { c.groups[0].block_size = 0; }, Clause::conf_02, 0},
      {"an empty hash block", full, [](auto& c) { c.hash_block_size = 0; }, Clause::conf_02, 0},
      {"wide blocks", without_caching(full), [](auto& c) { c.dcp_world_size = c.pcp_world_size = 1024; },
       Clause::conf_02, 4},
      {"one group, another hash block size", full, [](auto& c) { c.groups[0].block_size = c.scheduler_block_size = 8; },
       Clause::conf_03, 8},
      {"one group and context parallelism", full, [](auto& c) { c.dcp_world_size = 2; }, Clause::conf_03, 8},
      {"a block that is no multiple of the hash block",
       config_of({group(GroupKind::full, 8), group(GroupKind::swa, 8)}, 4, 24),
       [](auto& c) { c.groups[1].block_size = 6; }, Clause::conf_04, 6},
      {"keys that no memory holds", window,
       [](auto& c) {
         c.num_blocks = std::int64_t{1} << 24;
         c.hash_block_size = 1;
         c.groups[1].block_size = c.scheduler_block_size = std::int64_t{1} << 16;
       },
       Clause::conf_04, std::int64_t{1} << 16},
      {"a scheduler block that is no multiple of a group's", window, [](auto& c) { c.groups[1].block_size = 16; },
       Clause::conf_05, 16},
      {"a scheduler block that is no multiple of the hash block", full, [](auto& c) { c.scheduler_block_size = 6; },
       Clause::conf_05, 6},
      {"no group with caching", full, [](auto& c) { c.groups.clear(); }, Clause::conf_06, 0},
      {"several groups of one spec", window,
       [](auto& c) {
         c.groups[1] = c.groups[0];
         c.groups[1].is_eagle_group = true;
       },
       Clause::conf_06, 2},
      {"a negative retention interval", window, [](auto& c) { c.retention_interval = -8; }, Clause::conf_07, -8},
      {"a retention interval between scheduler blocks", window, [](auto& c) { c.retention_interval = 12; },
       Clause::conf_07, 12},
      {"a retention interval without a window", full, [](auto& c) { c.retention_interval = 4; }, Clause::conf_07, 4},
      {"no model length", full, [](auto& c) { c.max_model_len = 0; }, Clause::conf_08, 0},
      {"no batched tokens", full, [](auto& c) { c.max_num_batched_tokens = 0; }, Clause::conf_08, 0},
      {"a world of none", full, [](auto& c) { c.dcp_world_size = 0; }, Clause::conf_09, 0},
      {"a world too large", full, [](auto& c) { c.pcp_world_size = 1025; }, Clause::conf_09, 1025},
      {"context parallelism in a window", single(GroupKind::swa),
       [](auto& c) {
         c.dcp_world_size = 2;
         c.hash_block_size = c.scheduler_block_size = 8;
       },
       Clause::conf_09, 2},
      {"context parallelism of several groups", window, [](auto& c) { c.pcp_world_size = 2; }, Clause::conf_09, 2},
      {"a window of another kind", full, [](auto& c) { c.groups[0].sliding_window = 4; }, Clause::conf_10, 0},
      {"no window", window, [](auto& c) { c.groups[1].sliding_window.reset(); }, Clause::conf_10, 2},
      {"an empty window", window, [](auto& c) { c.groups[1].sliding_window = 0; }, Clause::conf_10, 2},
      {"no cache mode", hybrid(GroupKind::mamba), [](auto& c) { c.groups[1].mamba_cache_mode.reset(); },
       Clause::conf_10, 5},
      {"fewer than no speculative blocks", hybrid(GroupKind::mamba),
       [](auto& c) { c.groups[1].num_speculative_blocks = -1; }, Clause::conf_10, 5},
      {"a short none hash", full, [](auto& c) { c.none_hash = Digest{.bytes = {}, .size = 8}; }, Clause::conf_11, 8},
      {"no hash bits", full, [](auto& c) { c.hash_bits = 0; }, Clause::conf_12, 0},
      {"cross attention with caching", hybrid(GroupKind::swa),
       [](auto& c) { c.groups[1] = group(GroupKind::cross, 8); }, Clause::conf_13, 8},
      {"chunks under EAGLE", hybrid(GroupKind::chunked), [](auto& c) { c.use_eagle = true; }, Clause::conf_13, 8},
      {"chunks of another block size", hybrid(GroupKind::chunked), [](auto& c) { c.groups[1].block_size = 4; },
       Clause::conf_13, 4},
  };
}

template <class System>
class Configurations : public testing::Test {};
using Systems = testing::Types<model::HostModel, host::Manager>;
TYPED_TEST_SUITE(Configurations, Systems);

// Covers: CONF-01, CONF-02, CONF-03, CONF-04, CONF-05, CONF-06, CONF-07, CONF-08, CONF-09, CONF-10, CONF-11, CONF-12,
// CONF-13
TYPED_TEST(Configurations, AreRejectedByTheClauseTheyBreak) {
  for (const Rejection& rejection : rejections()) {
    EXPECT_TRUE(TypeParam::create(rejection.accepted).ok()) << rejection.what;
    Config<S> config = rejection.accepted;
    rejection.change(config);
    const auto created = TypeParam::create(config);
    ASSERT_FALSE(created.ok()) << rejection.what;
    EXPECT_EQ(created.error(), (Error{rejection.clause, rejection.offending}))
        << rejection.what << ": " << describe(created.error().clause).id << ", " << created.error().offending;
  }
}

// What only a prefix cache makes impossible. Covers: CONF-03, CONF-06, CONF-09, CONF-13
TYPED_TEST(Configurations, AreFreerWithoutAPrefixCache) {
  Config<S> config = config_of({group(GroupKind::cross, 8), group(GroupKind::chunked, 4), group(GroupKind::mamba, 8)});
  config.use_eagle = true;
  EXPECT_FALSE(TypeParam::create(config).ok());
  EXPECT_TRUE(TypeParam::create(without_caching(config)).ok());
  EXPECT_TRUE(TypeParam::create(without_caching(config_of({}))).ok());
  config = config_of({group(GroupKind::full, 8), group(GroupKind::mla, 4)});
  config.dcp_world_size = 2;
  EXPECT_FALSE(TypeParam::create(config).ok());
  EXPECT_TRUE(TypeParam::create(without_caching(config)).ok());
  EXPECT_TRUE(TypeParam::create(without_caching(config_of({group(GroupKind::full, 8)}))).ok());
}

}  // namespace
}  // namespace kvspec
