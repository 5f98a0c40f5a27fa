// The hunt for a mutant: everything this repository has to find a defect of an implementation with, in the order in
// which it is cheap, until the first kill. What was found is shrunk and named.
//
//   1. lockstep on random traffic, sound semantics and then recorded
//   2. the recorded traces, in lockstep
//   3. the cases of the seed
//   4. lockstep again until the time is used up
//
// The subject runs in a process of its own; one that crashes or hangs is killed by that, and its commands are found
// again and shrunk with a process for each replay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/run.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::mutants {

struct RecordedTrace {
  std::string name;
  Config<Growing> config{};
  fuzz::Commands commands{};
};

// All seconds are of processor time, so that other work on the machine does not matter.
struct HuntOptions {
  std::uint64_t seed = 1;
  double seconds = 60;         // until the hunt is given up
  double hang_seconds = 2;     // without an end to 2000 commands
  double shrink_seconds = 30;  // what is smallest then is it
  bool shrinks = true;
  std::vector<RecordedTrace> traces{};
};

struct Kill {
  std::string found_by{};              // "lockstep, sound semantics" and the like
  std::string how{};                   // observations, states, errors, invariant, ...; crash, hang, abort
  std::vector<std::string> clauses{};  // the one that decides; of a seed case all that it covers
  std::size_t commands = 0;            // of the counterexample; 0 if it is a seed case
  std::size_t commands_before = 0;     // shrinking
  double shrink_seconds = 0;
  std::string report{};
};

struct Hunt {
  std::optional<Kill> kill{};  // nothing: the subject survived
  double seconds = 0;          // until the kill, without shrinking, or until the end
  std::uint64_t operations = 0;
};

// Hunts what load() has loaded.
Hunt hunt(const HuntOptions& options);

}  // namespace kvspec::mutants
