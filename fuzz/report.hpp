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

// What a trace holds of commands that the model refuses, other than the last one. Such a command changes nothing there,
// and the record of an error would end the trace.
enum class Refusals : std::uint8_t {
  left_out,  // for `kvspec replay`, to which an input alone that is refused is a fault of the file
  kept,      // as inputs alone, for `kvspec check`: an engine may go wrong by what it should refuse
};

// The failure as a trace with the model's observations. Where the answers agree but the states do not, commands that
// read the state follow.
Trace counterexample_trace(const Failure& failure, Refusals refusals = Refusals::left_out);

// Writes the trace. False if the file cannot be written.
bool write_counterexample(const Failure& failure, const std::string& file, Refusals refusals = Refusals::left_out);

}  // namespace kvspec::fuzz
