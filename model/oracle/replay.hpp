// Replay: a recorded trace against an engine. Every field of every recorded output is compared with what the engine
// returns; what the format calls informative is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/oracle/command.hpp"
#include "spec/clauses.hpp"
#include "spec/trace/diff.hpp"
#include "spec/trace/error.hpp"

namespace kvspec::oracle {

// The first difference of a trace.
struct TraceDifference {
  std::string file;
  std::size_t line = 0;
  std::string operation;
  Difference difference{};
  Clause clause{};
};

// "file:line: operation path: expected X, actual Y [clause]"
std::string to_text(const TraceDifference& found);

// What became of one file: at most one of difference and problem.
struct Replayed {
  std::uint64_t operations = 0;
  std::optional<TraceDifference> difference{};
  std::optional<TraceProblem> problem{};  // the input makes no sense; the file counts for nothing
};

// Replays a file up to its first difference or problem. An input that breaks a precondition is a problem of the file,
// unless the trace records that it failed, or the model performs it: then the engine is wrong.
//
// `semantics` overrides what the trace names; a trace that names none is one of the recorded system.
Replayed replay_file(const std::string& file, const NamedEngine& engine, const NamedEngine& model,
                     std::optional<Semantics> semantics = {});

// Replays all files, whatever becomes of each, and prints differences and the summary on standard output, problems on
// standard error. Returns the exit code.
int replay_files(const std::vector<std::string>& files, const NamedEngine& engine, const NamedEngine& model,
                 std::optional<Semantics> semantics = {});

}  // namespace kvspec::oracle
