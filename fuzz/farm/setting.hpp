// What the runs of one warp have in common: the configuration and the habits of their callers. Both follow from the
// seed and a number, so that a run is repeated from (seed, run).
#pragma once

#include <algorithm>
#include <cstdint>

#include "fuzz/farm/draw.hpp"
#include "fuzz/farm/storage.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/result.hpp"

namespace kvspec::fuzz::farm {

inline constexpr std::uint32_t runs_per_setting = 32;  // neighbours: a warp
inline constexpr std::uint32_t num_settings = 4096;

// What a caller does; tokens where nothing else is said.
struct Habits {
  std::uint32_t most_tokens = 0;  // of a request, drafts included
  std::uint32_t budget = 0;       // per step
  std::uint32_t chunk = 0;        // of one request per step
  std::uint32_t drafts = 0;       // per step at most
  std::uint32_t lookahead = 0;
  std::uint32_t num_blocks = 0;
  std::uint32_t longest_prompt = 0;
  std::uint32_t beats_per_step = 0;  // on average
  bool loads = false;                // external tokens
  bool delays = false;               // caches them later
  bool must_fit = false;
  bool evicts = false;
  bool drains = false;  // the list of new blocks, each step
  bool errs = false;    // makes mistakes on purpose
  bool asks_log_probabilities = false;
};

template <class S>
struct Setting {
  Config<S> config{};
  Habits habits{};
};

// The setting of a run.
KVSPEC_EXEC constexpr std::uint32_t setting_of(std::uint64_t run) {
  return static_cast<std::uint32_t>(run / runs_per_setting % num_settings);
}

namespace detail {

template <class S>
constexpr GroupSpec draw_group(Draw& draw, std::int64_t block_size, GroupKind kind) {
  GroupSpec group{};
  group.kind = kind;
  group.block_size = block_size;
  if (is_sliding_window(kind)) group.sliding_window = draw.between(1, 6);
  if (kind == GroupKind::chunked) group.attention_chunk_size = block_size * draw.between(1, 3);
  if (kind == GroupKind::mamba) {
    constexpr MambaCacheMode modes[] = {MambaCacheMode::align, MambaCacheMode::align, MambaCacheMode::all,
                                        MambaCacheMode::none};
    group.mamba_cache_mode = modes[draw.below(4)];
    if (draw.chance(2, 3)) group.num_speculative_blocks = draw.below(3);
  }
  return group;
}

// The kinds of the groups: each mix once, so that none is rare.
template <class S>
constexpr void draw_groups(Draw& draw, Config<S>& config, std::uint32_t number) {
  using enum GroupKind;
  struct Mix {
    std::uint32_t size;
    GroupKind kinds[3];
  };
  constexpr Mix mixes[] = {
      {1, {full, full, full}},    {2, {full, swa, full}},   {2, {full, mamba, full}}, {3, {full, swa, mamba}},
      {1, {swa, full, full}},     {2, {full, mamba, full}}, {3, {full, swa, swa}},    {2, {swa, mamba, full}},
      {1, {mamba, full, full}},   {3, {full, full, swa}},   {2, {full, mla, full}},   {2, {full, swa_mla, full}},
      {2, {full, chunked, full}}, {3, {mla, full, mamba}},  {2, {swa, swa, full}},    {3, {full, mamba, mamba}},
  };
  const Mix& mix = mixes[number % std::size(mixes)];
  const std::int64_t size = draw.between(1, 2);
  for (std::uint32_t i = 0; i < mix.size; ++i) {
    // The same spec twice shares its look-ups.
    const bool again = i > 0 && mix.kinds[i] == mix.kinds[i - 1] && draw.chance(1, 2);
    const std::int64_t own = mix.size > 1 && draw.chance(1, 3) ? 2 * size : size;
    const GroupSpec group = again ? config.groups.back() : draw_group<S>(draw, own, mix.kinds[i]);
    config.groups.push_back(group);
    config.scheduler_block_size = std::max(config.scheduler_block_size, group.block_size);
  }
  config.hash_block_size = mix.size == 1 ? config.groups[0].block_size : size;
}

template <class S>
constexpr Config<S> draw_config(Draw& draw, std::uint32_t number, Semantics semantics) {
  Config<S> config{};
  draw_groups<S>(draw, config, number);
  config.scheduler_block_size = std::max(config.scheduler_block_size, config.hash_block_size);
  if (draw.chance(1, 8) && config.groups.size() > 1) config.scheduler_block_size *= 2;
  config.num_blocks = draw.between(4 + 2 * static_cast<std::uint32_t>(config.groups.size()), 16);
  const std::int64_t longest = config.hash_block_size * static_cast<std::int64_t>(most_hashes);
  config.max_model_len = std::min<std::int64_t>(longest, static_cast<std::int64_t>(most_tokens));
  if (draw.chance(1, 4)) config.max_model_len = draw.between(6, static_cast<std::uint32_t>(config.max_model_len));
  if (draw.chance(1, 2)) config.max_num_batched_tokens = draw.between(2, 12);
  const bool windowed = std::any_of(config.groups.begin(), config.groups.end(),
                                    [](const GroupSpec& group) { return is_sliding_window(group.kind); });
  if (windowed && draw.chance(1, 5)) config.retention_interval = config.scheduler_block_size * draw.below(4);
  config.dcp_world_size = 1;
  config.pcp_world_size = 1;
  config.use_eagle = draw.chance(2, 5);
  if (draw.chance(1, 5))
    config.groups[draw.below(static_cast<std::uint32_t>(config.groups.size()))].is_eagle_group = true;
  config.enable_caching = !draw.chance(1, 24);
  config.events_int_hashes = true;
  config.hash_fn = HashFunction::sha256_cbor;
  if (draw.chance(1, 16)) config.log_stats = false;
  config.semantics = semantics;
  return config;
}

template <class S>
constexpr Habits draw_habits(Draw& draw, const Config<S>& config) {
  Habits habits{};
  const std::uint32_t longest = static_cast<std::uint32_t>(config.max_model_len);
  std::uint32_t speculative = 0;
  for (const GroupSpec& group : config.groups) {
    speculative = std::max(speculative, static_cast<std::uint32_t>(group.num_speculative_blocks.value_or(0)));
  }
  habits.most_tokens = longest;
  habits.budget = static_cast<std::uint32_t>(config.max_num_batched_tokens.value_or(config.max_model_len));
  habits.chunk = draw.chance(1, 2) ? longest : draw.between(1, 6);
  const bool has_state = std::any_of(config.groups.begin(), config.groups.end(),
                                     [](const GroupSpec& group) { return group.kind == GroupKind::mamba; });
  habits.drafts = has_state ? speculative : draw.below(4);
  habits.lookahead = config.use_eagle || draw.chance(1, 4) ? draw.below(3) : 0;
  habits.num_blocks = static_cast<std::uint32_t>(config.num_blocks);
  habits.longest_prompt = draw.chance(1, 2) ? longest - 1 : std::max(longest / 2, 2U);
  habits.beats_per_step = draw.between(3, 6);
  habits.loads = draw.chance(2, 5);
  habits.delays = habits.loads && draw.chance(1, 2);
  habits.must_fit = draw.chance(1, 2);
  habits.drains = !config.is_sound() || draw.chance(3, 4);
  habits.evicts = draw.chance(1, 4);
  habits.errs = draw.chance(1, 4);
  habits.asks_log_probabilities = draw.chance(1, 8);
  return habits;
}

}  // namespace detail

// A setting that is valid, of the scope of the farm's managers.
template <class S>
constexpr Setting<S> draw_setting(std::uint64_t seed, std::uint32_t number, Semantics semantics) {
  for (std::uint64_t attempt = 0;; ++attempt) {
    Draw draw(seed ^ 0x5e771265U, number, attempt);
    Setting<S> setting{};
    setting.config = detail::draw_config<S>(draw, number, semantics);
    if (!validate(setting.config)) continue;
    setting.habits = detail::draw_habits(draw, setting.config);
    return setting;
  }
}

}  // namespace kvspec::fuzz::farm
