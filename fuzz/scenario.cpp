#include "fuzz/scenario.hpp"

#include <algorithm>
#include <string>

namespace kvspec::fuzz {

const Preset* find_preset(std::string_view name) {
  const auto found = std::ranges::find(presets(), name, &Preset::name);
  return found == presets().end() ? nullptr : &*found;
}

Features random_features(Random& random) {
  Features features;
  for (unsigned i = 0; i < static_cast<unsigned>(Feature::count); ++i) {
    features.set(static_cast<Feature>(i), random.chance(3, 4));
  }
  // These silence most of what other features would show, so they are on less often.
  for (const Feature rare :
       {Feature::mistakes, Feature::stale_hits, Feature::async_scheduling, Feature::embeddings, Feature::pool_level,
        Feature::preempt_all, Feature::rare_drains, Feature::external_async, Feature::external_sync}) {
    if (random.chance(1, 2)) features.set(rare, false);
  }
  return features;
}

Scenario make_scenario(const Preset& preset, std::uint64_t seed, Semantics semantics) {
  Random random(seed);
  Scenario scenario{.config = random_config(random), .features = random_features(random), .seed = random.next()};
  preset.shape(scenario, random);
  scenario.config.name = std::string(preset.name);
  scenario.config.semantics = semantics;
  return scenario;
}

std::uint64_t seed_of_run(std::uint64_t master, std::uint64_t number) {
  if (number == 0) return master;  // so that --seed with the seed of a run repeats that run first
  return mix(mix(master) + number);
}

}  // namespace kvspec::fuzz
