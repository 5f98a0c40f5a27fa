// The configuration of a manager and what makes one valid. A configuration that validate() accepts can be built by
// the model and by every implementation; one that it rejects is built by none.
#pragma once

#include <algorithm>
#include <boost/hana/define_struct.hpp>
#include <cstdint>
#include <optional>

#include "spec/execution.hpp"
#include "spec/result.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec {

enum class GroupKind : std::uint8_t {
  full,     // full attention
  mla,      // multi-head latent attention; allocates and hits as full attention does
  swa,      // sliding window
  swa_mla,  // sliding window over MLA
  chunked,  // chunked local attention
  mamba,    // state-space model
  cross,    // cross attention to an encoder
};

enum class MambaCacheMode : std::uint8_t { none, align, all };

// One group: layers that share block tables. Numbers are tokens unless said otherwise; a parameter is absent unless
// the kind has it. [CONF-10]
struct GroupSpec {
  BOOST_HANA_DEFINE_STRUCT(GroupSpec,
    (GroupKind, kind),
    (std::int64_t, block_size),
    (std::optional<std::int64_t>, sliding_window),
    (std::optional<std::int64_t>, attention_chunk_size),
    (std::optional<MambaCacheMode>, mamba_cache_mode),
    (std::optional<std::int64_t>, num_speculative_blocks),
    (std::optional<bool>, is_eagle_group),
    (std::optional<std::int64_t>, head_size));

  bool operator==(const GroupSpec&) const = default;

  // Two groups have the same spec when all but the EAGLE flag is equal; no speculative blocks are 0 of them.
  KVSPEC_EXEC constexpr bool same_spec(const GroupSpec& other) const {
    if (num_speculative_blocks.value_or(0) != other.num_speculative_blocks.value_or(0)) return false;
    GroupSpec copy = other;
    copy.is_eagle_group = is_eagle_group;
    copy.num_speculative_blocks = num_speculative_blocks;
    return copy == *this;
  }
};

// Which rules hold where the recorded system has a defect. [DEV-01 .. DEV-14]
enum class Semantics : std::uint8_t {
  recorded,  // those of the recorded system, defects included
  sound,     // each defect corrected
};

template <class S>
using GroupSpecList = typename S::template list<GroupSpec, Bound::groups>;

// Members have the names of the trace format. Optional members may be absent; the comment says what absence means.
template <class S>
struct Config {
  BOOST_HANA_DEFINE_STRUCT(Config,
    (GroupSpecList<S>, groups),
    (std::int64_t, num_blocks),                             // blocks in the pool, the null block included
    (std::int64_t, hash_block_size),                        // tokens per digest of a request
    (std::int64_t, scheduler_block_size),                   // tokens; with several groups, hits are multiples of it
    (std::int64_t, max_model_len),                          // tokens
    (std::optional<std::int64_t>, max_num_batched_tokens),  // tokens per step; absent: max_model_len
    (std::optional<std::int64_t>, retention_interval),      // tokens; absent: segments are scheduler blocks [CACHE-08]
    (std::int64_t, dcp_world_size),                         // decode context parallelism
    (std::int64_t, pcp_world_size),                         // prefill context parallelism
    (bool, use_eagle),
    (bool, enable_caching),
    (bool, events),
    (bool, events_int_hashes),                              // [EVENT-03]
    (HashFunction, hash_fn),
    (std::optional<Digest>, none_hash),                     // absent: seeded with "0" [HASH-04]
    (std::optional<std::int64_t>, hash_bits),               // absent: all of them [HASH-13]
    (std::optional<bool>, log_stats),                       // absent: true [STAT-03]
    (std::optional<Semantics>, semantics),                  // absent: sound
    (std::optional<Text<S>>, name),                         // informative
    (std::optional<Text<S>>, driver));  // informative: members the format does not know, as JSON

  bool operator==(const Config&) const = default;

  // The block size a group really works with, in tokens. [ALLOC-14]
  KVSPEC_EXEC constexpr std::int64_t effective_block_size(const GroupSpec& group) const {
    return group.block_size * dcp_world_size * pcp_world_size;
  }

  KVSPEC_EXEC constexpr bool is_sound() const { return semantics.value_or(Semantics::sound) == Semantics::sound; }

  // Whether hits of the group drop their last block: the flag counts even if use_eagle is off, and use_eagle without
  // any flag means every group. [LOOK-04]
  KVSPEC_EXEC constexpr bool is_eagle(const GroupSpec& group) const {
    if (group.is_eagle_group.value_or(false)) return true;
    for (const GroupSpec& other : groups) {
      if (other.is_eagle_group.value_or(false)) return false;
    }
    return use_eagle;
  }
};

// A valid configuration of one group with the usual defaults: no EAGLE, caching and integer event hashes on, events
// off, no context parallelism.
template <class S>
KVSPEC_EXEC constexpr Config<S> single_group_config(GroupKind kind, std::int64_t block_size, std::int64_t num_blocks,
                                                    std::int64_t max_model_len = 8192) {
  Config<S> config{};
  GroupSpec group{};
  group.kind = kind;
  group.block_size = block_size;
  config.groups.push_back(group);
  config.num_blocks = num_blocks;
  config.hash_block_size = block_size;
  config.scheduler_block_size = block_size;
  config.max_model_len = max_model_len;
  config.dcp_world_size = 1;
  config.pcp_world_size = 1;
  config.enable_caching = true;
  config.events_int_hashes = true;
  config.hash_fn = HashFunction::sha256;
  return config;
}

namespace config_limits {
inline constexpr std::int64_t max_blocks = std::int64_t{1} << 24;
inline constexpr std::int64_t max_block_size = std::int64_t{1} << 20;
inline constexpr std::int64_t max_tokens = (std::int64_t{1} << 31) - 1;
inline constexpr std::int64_t max_world_size = 1024;
inline constexpr std::int64_t max_hash_blocks = std::int64_t{1} << 32;  // of a whole pool
}  // namespace config_limits

KVSPEC_EXEC constexpr bool within(std::int64_t value, std::int64_t low, std::int64_t high) {
  return low <= value && value <= high;
}

KVSPEC_EXEC constexpr bool is_sliding_window(GroupKind kind) {
  return kind == GroupKind::swa || kind == GroupKind::swa_mla;
}

KVSPEC_EXEC constexpr bool is_full_attention(GroupKind kind) {
  return kind == GroupKind::full || kind == GroupKind::mla;
}

// [CONF-10]
KVSPEC_EXEC constexpr bool has_parameters_of_kind(const GroupSpec& group) {
  const bool window = is_sliding_window(group.kind);
  const bool chunk = group.kind == GroupKind::chunked;
  const bool mamba = group.kind == GroupKind::mamba;
  if (group.sliding_window.has_value() != window) return false;
  if (group.attention_chunk_size.has_value() != chunk) return false;
  if (group.mamba_cache_mode.has_value() != mamba) return false;
  if (group.num_speculative_blocks.has_value() && !mamba) return false;
  return within(group.sliding_window.value_or(1), 1, config_limits::max_tokens) &&
         within(group.attention_chunk_size.value_or(1), 1, config_limits::max_tokens) &&
         within(group.num_speculative_blocks.value_or(0), 0, config_limits::max_block_size) &&
         within(group.head_size.value_or(1), 1, config_limits::max_tokens);
}

// Done, or the first clause the configuration breaks with the number that breaks it. Ranges come first, so that no
// later product can overflow.
template <class S>
KVSPEC_EXEC constexpr Result<Done> validate(const Config<S>& config) {
  using namespace config_limits;
  if (!within(config.num_blocks, 1, max_blocks)) return Error{Clause::conf_01, config.num_blocks};
  if (!within(config.dcp_world_size, 1, max_world_size)) return Error{Clause::conf_09, config.dcp_world_size};
  if (!within(config.pcp_world_size, 1, max_world_size)) return Error{Clause::conf_09, config.pcp_world_size};
  if (!within(config.hash_block_size, 1, max_block_size)) return Error{Clause::conf_02, config.hash_block_size};
  if (!within(config.scheduler_block_size, 1, max_tokens)) return Error{Clause::conf_05, config.scheduler_block_size};
  if (!within(config.max_model_len, 1, max_tokens)) return Error{Clause::conf_08, config.max_model_len};
  if (config.max_num_batched_tokens && !within(*config.max_num_batched_tokens, 1, max_tokens)) {
    return Error{Clause::conf_08, *config.max_num_batched_tokens};
  }
  if (config.none_hash && config.none_hash->size != 16 && config.none_hash->size != 32) {
    return Error{Clause::conf_11, config.none_hash->size};
  }
  if (!within(config.hash_bits.value_or(256), 1, 256)) return Error{Clause::conf_12, *config.hash_bits};

  const std::int64_t world = config.dcp_world_size * config.pcp_world_size;
  if (config.scheduler_block_size % config.hash_block_size != 0) {
    return Error{Clause::conf_05, config.scheduler_block_size};
  }
  bool sliding_window = false;
  bool one_spec = true;
  for (const GroupSpec& group : config.groups) {
    if (!within(group.block_size, 1, max_block_size)) return Error{Clause::conf_02, group.block_size};
    if (!within(group.block_size * world, 1, max_block_size)) return Error{Clause::conf_02, group.block_size};
    if (config.scheduler_block_size % group.block_size != 0) return Error{Clause::conf_05, group.block_size};
    if (!has_parameters_of_kind(group)) return Error{Clause::conf_10, static_cast<std::int64_t>(group.kind)};
    if (world > 1 && !is_full_attention(group.kind)) return Error{Clause::conf_09, world};
    sliding_window = sliding_window || is_sliding_window(group.kind);
    one_spec = one_spec && group.same_spec(config.groups[0]);
  }
  const std::int64_t num_groups = static_cast<std::int64_t>(config.groups.size());
  if (config.enable_caching) {
    if (num_groups == 0) return Error{Clause::conf_06, 0};
    if (num_groups > 1 && one_spec) return Error{Clause::conf_06, num_groups};
    for (const GroupSpec& group : config.groups) {
      const std::int64_t block_size = config.effective_block_size(group);
      if (world > 1 && num_groups > 1) return Error{Clause::conf_09, world};
      if (group.kind == GroupKind::cross) return Error{Clause::conf_13, block_size};
      if (group.kind == GroupKind::chunked) {
        const bool has_own_size = num_groups > 1 && group.block_size != config.scheduler_block_size;
        if (config.is_eagle(group) || has_own_size) return Error{Clause::conf_13, block_size};
      }
      if (num_groups == 1 && block_size != config.hash_block_size) return Error{Clause::conf_03, block_size};
      if (block_size % config.hash_block_size != 0) return Error{Clause::conf_04, block_size};
      if (config.num_blocks > max_hash_blocks / (block_size / config.hash_block_size)) {
        return Error{Clause::conf_04, block_size};
      }
    }
  }
  if (config.retention_interval) {
    const std::int64_t interval = *config.retention_interval;
    if (!sliding_window || interval < 0 || interval % config.scheduler_block_size != 0) {
      return Error{Clause::conf_07, interval};
    }
  }
  return Done{};
}

}  // namespace kvspec
