// The whole of a small manager: four requests, three groups, sixteen blocks, in less than two kilobytes without a
// pointer, so that one thread of a device can hold it.
#pragma once

#include <cstdint>
#include <string_view>

#include "impl/cuda/small/block_word.hpp"
#include "impl/cuda/small/group.hpp"
#include "impl/cuda/small/pool.hpp"
#include "impl/cuda/small/prefix.hpp"
#include "spec/dump.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda::small {

inline constexpr std::uint32_t most_requests = 4;
inline constexpr std::uint32_t most_groups = 3;
inline constexpr std::uint32_t most_id_bytes = 8;
inline constexpr std::uint32_t most_step_keys = 24;
inline constexpr std::uint32_t most_step_keys_of_group = word_places;  // as many as a list of blocks can have

// The blocks of one request in one group.
struct Table {
  BlockWord blocks{};
  std::int8_t num_cached = -1;  // blocks; -1: none was taken from the cache or cached
  std::int8_t last_state = -1;  // aligned state: the place of the state before the running one; -1: none [MAMBA-06]
  bool has_state = false;       // aligned state: the running state has a block [MAMBA-04]
  bool exists = false;          // an empty table counts as one where tables are counted

  KVSPEC_EXEC constexpr bool is_known() const { return num_cached >= 0; }
  KVSPEC_EXEC constexpr std::uint32_t cached() const {
    return num_cached < 0 ? 0U : static_cast<std::uint32_t>(num_cached);
  }
};

// What the last look-up of a request found. [LOOK-06]
struct Hit {
  BlockWord blocks[most_groups]{};
  std::uint8_t num_tokens = 0;
  std::uint8_t num_queried = 0;
  bool is_preempted = false;
  bool is_recorded = true;  // in the statistics [STAT-01]
};

struct Request {
  Prefix tokens{};
  char id[most_id_bytes]{};
  std::uint8_t id_size = 0;
  std::uint8_t num_tokens = 0;
  std::uint8_t num_prompt_tokens = 0;
  bool is_live = false;
  bool skips_lookup = false;
  bool has_hit = false;
  Hit hit{};
  Table tables[most_groups]{};

  KVSPEC_EXEC constexpr std::string_view name() const { return {id, id_size}; }
};

// A state that was cached in this step. [MAMBA-02]
struct StepKey {
  Prefix hash{};
  GroupId group = 0;
};

struct State {
  Pool pool{};
  Request requests[most_requests]{};
  Group groups[most_groups]{};
  StepKey step_keys[most_step_keys]{};
  std::uint32_t num_step_keys = 0;
  std::uint32_t num_groups = 0;
  std::int32_t hash_block_size = 1;       // tokens
  std::int32_t scheduler_block_size = 1;  // tokens
  std::int32_t max_model_len = 1;         // tokens
  bool is_sound = true;
  bool caches = true;
  bool logs_stats = true;
  bool retains = false;   // a retention interval is set [CACHE-09]
  bool outgrown = false;  // a list had no room: what is said from then on means nothing
  PrefixCacheStats stats{};

  KVSPEC_EXEC constexpr std::uint32_t num_hashes(const Request& request) const {
    return caches ? request.num_tokens / static_cast<std::uint32_t>(hash_block_size) : 0U;
  }
  // The hash of block i of a request in a group. Precondition: its tokens are there.
  KVSPEC_EXEC constexpr Prefix block_hash(const Request& request, const Group& group, std::uint32_t i) const {
    return request.tokens.first((i + 1) * static_cast<std::uint32_t>(group.block_size));
  }
  // Lists of this scope are no longer than those of whoever answers beside this manager, so one that is full is said.
  KVSPEC_EXEC constexpr void add_step_key(Prefix hash, GroupId group) {
    std::uint32_t of_group = 0;
    for (std::uint32_t i = 0; i < num_step_keys; ++i) of_group += step_keys[i].group == group ? 1 : 0;
    outgrown = outgrown || num_step_keys == most_step_keys || of_group == most_step_keys_of_group;
    if (!outgrown) step_keys[num_step_keys++] = {hash, group};
  }
  KVSPEC_EXEC constexpr bool is_step_key(Prefix hash, GroupId group) const {
    for (std::uint32_t i = 0; i < num_step_keys; ++i) {
      if (step_keys[i].hash == hash && step_keys[i].group == group) return true;
    }
    return false;
  }
};

}  // namespace kvspec::cuda::small
