// What is said about a counterexample: the clause, expected and actual, the commands in words, and how to repeat it.
// And the trace that `kvspec replay` repeats it from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/shrink.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec::fuzz {

// Where a failure came from, for the reader who wants to see it again.
struct Origin {
  std::string_view left = "model";
  std::string_view right = "host";
  std::string preset{};             // empty if the commands came from elsewhere
  std::uint64_t seed = 0;           // of the run
  std::uint64_t operations = 0;     // of the run
  std::size_t commands_before = 0;  // before shrinking
  std::string trace_file{};         // empty if none was written
  Semantics semantics = Semantics::sound;
  std::string tolerated{};  // invariants that the run was allowed to break: their ids with commas
};

// Several lines of text, each with its newline.
std::string report(const Failure& failure, const Origin& origin);

// The failure as a trace with the model's observations. A command that the model refuses changes nothing there and ends
// a trace, so it is left out unless it is the last one. Where the answers agree but the states do not, commands that
// read the state follow.
Trace counterexample_trace(const Failure& failure);

// Writes the trace. False if the file cannot be written.
bool write_counterexample(const Failure& failure, const std::string& file);

}  // namespace kvspec::fuzz
