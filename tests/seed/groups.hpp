// Configurations of several groups, as the seed builds them. The seed's specs also have heads, sizes and types of
// numbers, which no rule reads.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <numeric>

#include "spec/config.hpp"

namespace kvspec::seed {

constexpr GroupSpec group_of(GroupKind kind, std::int64_t block_size) {
  GroupSpec group{};
  group.kind = kind;
  group.block_size = block_size;
  return group;
}

constexpr GroupSpec full_group(std::int64_t block_size) { return group_of(GroupKind::full, block_size); }
constexpr GroupSpec mla_group(std::int64_t block_size) { return group_of(GroupKind::mla, block_size); }

constexpr GroupSpec window_group(std::int64_t block_size, std::int64_t sliding_window) {
  GroupSpec group = group_of(GroupKind::swa, block_size);
  group.sliding_window = sliding_window;
  return group;
}

constexpr GroupSpec mamba_group(std::int64_t block_size, MambaCacheMode mode = MambaCacheMode::none) {
  GroupSpec group = group_of(GroupKind::mamba, block_size);
  group.mamba_cache_mode = mode;
  return group;
}

// The same group, flagged as the one the drafter reads.
constexpr GroupSpec eagle_group(GroupSpec group) {
  group.is_eagle_group = true;
  return group;
}

// The scheduler block size is the least common multiple of the groups' block sizes.
template <class S>
constexpr Config<S> config_of_groups(std::int64_t num_blocks, std::int64_t hash_block_size,
                                     const GroupSpecList<S>& groups, std::int64_t max_model_len = 8192) {
  Config<S> config = single_group_config<S>(GroupKind::full, hash_block_size, num_blocks, max_model_len);
  config.groups = groups;
  for (const GroupSpec& group : groups) {
    config.scheduler_block_size = std::lcm(config.scheduler_block_size, group.block_size);
  }
  return config;
}

}  // namespace kvspec::seed
