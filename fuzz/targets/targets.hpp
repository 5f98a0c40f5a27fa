// The fuzz targets: what is done with an input, apart from where inputs come from. Each is linked with libFuzzer in a
// file NAME_fuzzer.cpp of this folder, and all of them into `replay_inputs`, which runs files.
//
// A target that finds something prints it to standard error and aborts: that is how a fuzzer learns of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/reach/goals.hpp"
#include "fuzz/reach/state_features.hpp"

namespace kvspec::fuzz {

using InputBytes = std::span<const std::uint8_t>;

// What lockstep shows a fuzzer of the model's states beside the code that was executed: features, then goals.
using StateCounters = std::array<std::uint8_t, StateFeatures::num_counters + goal_registry.size()>;

// Model and host in lockstep on a configuration and commands (commands_input.hpp).
void run_lockstep_input(InputBytes bytes, StateCounters& counters);
// Any configuration: validated as the clauses say, written and read again, built by both or by none, and served.
void run_config_input(InputBytes bytes);
// A request with all that its hashes cover: model and host against writers of CBOR and pickle of their own, and
// OpenSSL.
void run_hashing_input(InputBytes bytes);
// The stream of events of a configuration and commands: what a consumer knows from it alone.
void run_events_input(InputBytes bytes);
// Any bytes as a trace, and as binary commands.
void run_trace_input(InputBytes bytes);

// The input as a trace, or as what it is, for a reader.
std::string show_config_input(InputBytes bytes);
std::string show_hashing_input(InputBytes bytes);

struct Target {
  std::string_view name;  // of its folder in the corpus too
  void (*run)(InputBytes bytes);
  std::string (*show)(InputBytes bytes);
};
std::span<const Target> targets();
// Null if there is none.
const Target* find_target(std::string_view name);

// Aborts with the sentence and the detail unless it holds.
void require(bool holds, std::string_view what, const std::string& detail = "");

}  // namespace kvspec::fuzz
