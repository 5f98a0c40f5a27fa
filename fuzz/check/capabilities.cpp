#include "fuzz/check/capabilities.hpp"

#include <algorithm>
#include <utility>

namespace kvspec::fuzz {

std::optional<Config<Growing>> within(Config<Growing> config, const EngineHello& engine, const Tolerance& tolerance) {
  const auto manages = [&](const GroupSpec& group) {
    return std::ranges::find(engine.group_kinds, group.kind) != engine.group_kinds.end();
  };
  if (!std::ranges::all_of(config.groups, manages)) return {};
  if (std::ranges::find(engine.hash_fn, config.hash_fn) == engine.hash_fn.end()) {
    // A none hash belongs to its function: as long as the function's digests are.
    config.hash_fn = engine.hash_fn.front();
    config.none_hash.reset();
  }
  config.hash_bits.reset();  // weak hashes are this repository's own [HASH-13]
  if (!engine.events || tolerance.no_events) config.events = false;
  return config;
}

std::optional<Scenario> within(Scenario scenario, const EngineHello& engine, const Tolerance& tolerance) {
  std::optional<Config<Growing>> config = within(std::move(scenario.config), engine, tolerance);
  if (!config) return {};
  scenario.config = std::move(*config);
  if (!engine.errors) scenario.features.remove({Feature::mistakes});
  const bool has_pool = engine.has("pool_get_new_blocks") && engine.has("pool_touch") &&
                        engine.has("pool_free_blocks") && engine.has("pool_cache_full_blocks");
  if (!has_pool) scenario.features.remove({Feature::pool_level});
  if (!engine.has("evict_blocks")) scenario.features.remove({Feature::eviction, Feature::stale_hits});
  // Blocks that are loaded into are named by nothing else.
  const bool may_load = !tolerance.ids || engine.has("get_block_ids");
  if (!may_load) scenario.features.remove({Feature::external_sync, Feature::external_async});
  const auto needs = [&](std::string_view option, Features features) {
    if (!engine.understands(option)) scenario.features.remove(features);
  };
  needs("lora", {Feature::lora});
  needs("cache_salt", {Feature::salts});
  needs("mm", {Feature::multimodal});
  needs("prompt_embeds", {Feature::embeddings});
  needs("prompt_logprobs", {Feature::prompt_logprobs});
  needs("num_lookahead_tokens", {Feature::lookahead});
  needs("num_external_computed_tokens", {Feature::external_sync, Feature::external_async});
  needs("delay_cache_blocks", {Feature::delays, Feature::external_async});
  needs("full_sequence_must_fit", {Feature::gate});
  if (!engine.has("cache_blocks")) scenario.features.remove({Feature::delays, Feature::external_async});
  return scenario;
}

}  // namespace kvspec::fuzz
