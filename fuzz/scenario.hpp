// What a random run starts from: a configuration, the features that are on, and the seed of its commands. All three
// follow from a preset and one number, so that the number is all that must be kept to repeat the run.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fuzz/configuration.hpp"
#include "fuzz/features.hpp"
#include "fuzz/random.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

struct Scenario {
  Config<Growing> config{};
  Features features{};
  std::uint64_t seed = 0;          // of the commands
  std::uint64_t num_requests = 0;  // live at once; 0: the commands' seed says, 2 to 7
};

// A named family of scenarios.
struct Preset {
  std::string_view name;
  std::string_view sentence;  // what it is for
  void (*shape)(Scenario&, Random&);
  bool is_valid = true;  // whether validate() accepts every configuration of the family
};

// In the order in which a session takes them. (fuzz/presets.cpp)
std::span<const Preset> presets();

// The preset of that name; null if there is none.
const Preset* find_preset(std::string_view name);

// Each feature on three times in four.
Features random_features(Random& random);

// The scenario of a preset that belongs to `seed`, under the sound semantics.
Scenario make_scenario(const Preset& preset, std::uint64_t seed, Semantics semantics = Semantics::sound);

// The seed of the `number`-th run (from 0) of a session that was started with `master`.
std::uint64_t seed_of_run(std::uint64_t master, std::uint64_t number);

}  // namespace kvspec::fuzz
