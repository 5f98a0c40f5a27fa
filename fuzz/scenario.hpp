// What a random run starts from: a configuration, the features that are on, and the seed of its commands. All three
// follow from a preset and one number, so that the number is all that must be kept to repeat the run.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fuzz/features.hpp"
#include "fuzz/random.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

struct Scenario {
  Config<Growing> config{};
  Features features{};
  std::uint64_t seed = 0;  // of the commands
};

// A named family of scenarios.
struct Preset {
  std::string_view name;
  std::string_view sentence;  // what it is for
  void (*shape)(Scenario&, Random&);
};

std::span<const Preset> presets();

// The preset of that name; null if there is none.
const Preset* find_preset(std::string_view name);

// A valid configuration of one full attention or MLA group, small enough that its pool is often full.
Config<Growing> random_config(Random& random);

// Each feature on three times in four.
Features random_features(Random& random);

// The scenario of a preset that belongs to `seed`.
Scenario make_scenario(const Preset& preset, std::uint64_t seed);

// The seed of the `number`-th run (from 0) of a session that was started with `master`.
std::uint64_t seed_of_run(std::uint64_t master, std::uint64_t number);

}  // namespace kvspec::fuzz
