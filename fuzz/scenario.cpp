#include "fuzz/scenario.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace kvspec::fuzz {

namespace {

constexpr std::array<std::int64_t, 8> block_sizes{1, 2, 3, 4, 5, 8, 12, 16};

void resize_blocks(Config<Growing>& config, std::int64_t block_size) {
  config.groups[0].block_size = block_size;
  config.hash_block_size = config.effective_block_size(config.groups[0]);
  config.scheduler_block_size = config.hash_block_size;
}

void resize_model_len(Config<Growing>& config, Random& random, std::int64_t low_blocks, std::int64_t high_blocks) {
  const std::int64_t blocks = random.between(low_blocks, high_blocks);
  config.max_model_len = std::max<std::int64_t>(2, blocks * config.hash_block_size + random.between(-1, 1));
}

Digest random_digest(Random& random) {
  Digest digest;
  digest.size = random.chance(1, 2) ? 32 : 16;
  for (std::uint8_t i = 0; i < digest.size; ++i) digest.bytes[i] = static_cast<std::uint8_t>(random.below(256));
  return digest;
}

constexpr auto all_presets = std::to_array<Preset>({
    {"full", "Full attention with every feature of a plain server.",
     [](Scenario& s, Random&) {
       s.config.groups[0].kind = GroupKind::full;
       s.config.use_eagle = false;
       s.config.enable_caching = true;
     }},
    {"mla", "Multi-head latent attention.",
     [](Scenario& s, Random&) {
       s.config.groups[0].kind = GroupKind::mla;
       s.config.enable_caching = true;
     }},
    {"eagle", "EAGLE: drafts, look-ahead slots and the dropped last block of a hit.",
     [](Scenario& s, Random&) {
       s.config.use_eagle = true;
       s.config.enable_caching = true;
       s.features.add({Feature::drafts, Feature::lookahead, Feature::shared_prefixes});
     }},
    {"nocache", "Prefix caching off.", [](Scenario& s, Random&) { s.config.enable_caching = false; }},
    {"context_parallel", "Decode and prefill context parallelism, which widen the blocks.",
     [](Scenario& s, Random& random) {
       s.config.dcp_world_size = random.between(1, 3);
       s.config.pcp_world_size = s.config.dcp_world_size == 1 ? 2 : random.between(1, 2);
       resize_blocks(s.config, random.between(1, 4));
       resize_model_len(s.config, random, 4, 9);
     }},
    {"connector", "Tokens loaded from elsewhere, at once or while other requests run.",
     [](Scenario& s, Random&) {
       s.config.enable_caching = true;
       s.features.add({Feature::external_async, Feature::external_sync, Feature::eviction, Feature::chunked_prefill});
     }},
    {"async", "The next step is scheduled before the last one's token is known.",
     [](Scenario& s, Random&) {
       s.features.add({Feature::async_scheduling});
       s.features.set(Feature::drafts, false);
     }},
    {"multimodal", "Items that overlap block edges, LoRA, salts.",
     [](Scenario& s, Random&) {
       s.config.enable_caching = true;
       s.config.events = true;
       s.features.add({Feature::multimodal, Feature::lora, Feature::salts, Feature::shared_prefixes});
     }},
    {"embeddings", "Prompts given as embeddings.",
     [](Scenario& s, Random&) {
       s.config.enable_caching = true;
       s.features.add({Feature::embeddings, Feature::shared_prefixes});
     }},
    {"weak_hash", "Hashes of a few bits, so that different blocks share a key.",
     [](Scenario& s, Random& random) {
       s.config.enable_caching = true;
       s.config.hash_bits = random.between(2, 6);
     }},
    {"events", "Events on, as integers and as bytes, with everything that emits them.",
     [](Scenario& s, Random&) {
       s.config.events = true;
       s.config.enable_caching = true;
       s.features.add({Feature::eviction, Feature::preempt_all, Feature::lora});
     }},
    {"tiny", "Pools of a few blocks: nearly every allocation is refused or evicts.",
     [](Scenario& s, Random& random) {
       s.config.num_blocks = random.between(1, 5);
       resize_blocks(s.config, random.between(1, 3));
       resize_model_len(s.config, random, 1, 5);
     }},
    {"large", "Larger pools and longer sequences.",
     [](Scenario& s, Random& random) {
       s.config.num_blocks = random.between(40, 100);
       resize_model_len(s.config, random, 8, 20);
     }},
    {"pool", "A caller beside the requests, and many mistakes.",
     [](Scenario& s, Random&) {
       s.features.add({Feature::pool_level, Feature::mistakes, Feature::eviction, Feature::stale_hits});
     }},
});

}  // namespace

std::span<const Preset> presets() { return all_presets; }

const Preset* find_preset(std::string_view name) {
  const auto found = std::ranges::find(all_presets, name, &Preset::name);
  return found == all_presets.end() ? nullptr : &*found;
}

Config<Growing> random_config(Random& random) {
  Config<Growing> config = single_group_config<Growing>(random.chance(1, 4) ? GroupKind::mla : GroupKind::full, 1, 1);
  config.num_blocks = random.chance(1, 8) ? random.between(2, 6) : random.between(6, 32);
  if (random.chance(1, 8)) config.dcp_world_size = random.between(1, 3);
  if (random.chance(1, 12)) config.pcp_world_size = 2;
  resize_blocks(config, block_sizes[random.below(static_cast<std::uint32_t>(block_sizes.size()))]);
  resize_model_len(config, random, 2, 10);
  // A hit of a single group is a multiple of its own blocks, whatever the scheduler's are. [I10]
  if (random.chance(1, 8)) config.scheduler_block_size *= random.between(2, 3);
  config.use_eagle = random.chance(1, 4);
  if (random.chance(1, 8)) config.groups[0].is_eagle_group = random.chance(1, 2);
  if (random.chance(1, 8)) config.groups[0].head_size = random.between(1, 128);
  if (random.chance(1, 8)) config.none_hash = random_digest(random);
  if (random.chance(1, 8)) config.groups[0].is_eagle_group = random.chance(1, 2);
  config.enable_caching = !random.chance(1, 10);
  config.events = random.chance(2, 3);
  config.events_int_hashes = random.chance(2, 3);
  config.hash_fn = random.chance(1, 2) ? HashFunction::sha256 : HashFunction::sha256_cbor;
  if (random.chance(1, 6)) config.hash_bits = random.between(2, 8);
  if (random.chance(1, 8)) config.log_stats = random.chance(1, 2);
  if (random.chance(1, 2)) {
    config.max_num_batched_tokens = random.between(1, 4 * config.hash_block_size + 2);
  }
  return config;
}

Features random_features(Random& random) {
  Features features;
  for (unsigned i = 0; i < static_cast<unsigned>(Feature::count); ++i) {
    features.set(static_cast<Feature>(i), random.chance(3, 4));
  }
  // These silence most of what other features would show, so they are on less often.
  for (const Feature rare : {Feature::mistakes, Feature::stale_hits, Feature::async_scheduling, Feature::embeddings,
                             Feature::pool_level, Feature::preempt_all, Feature::rare_drains}) {
    if (random.chance(1, 2)) features.set(rare, false);
  }
  return features;
}

Scenario make_scenario(const Preset& preset, std::uint64_t seed) {
  Random random(seed);
  Scenario scenario{.config = random_config(random), .features = random_features(random), .seed = random.next()};
  preset.shape(scenario, random);
  scenario.config.name = std::string(preset.name);
  return scenario;
}

std::uint64_t seed_of_run(std::uint64_t master, std::uint64_t number) {
  if (number == 0) return master;  // so that --seed with the seed of a run repeats that run first
  return mix(mix(master) + number);
}

}  // namespace kvspec::fuzz
