// A verdict: a difference between the model and an engine, shrunk, with what its reader wants to know. And the reports
// of all verdicts of a run: for people, as JSON, as JUnit's XML.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/check/severity.hpp"
#include "fuzz/report.hpp"
#include "fuzz/shrink.hpp"
#include "spec/trace/protocol.hpp"

namespace kvspec::fuzz {

struct Verdict {
  Failure failure{};
  Severity severity = Severity::protocol;
  std::optional<Clause> deviation{};  // that explains it, by being there or by not being there
  bool has_it = true;                 // the engine, that deviation
  bool in_part = false;               // elsewhere it behaves the other way round
  std::size_t commands_before = 0;    // before shrinking
  std::string trace_file{};           // empty if none was written
  std::string repeat{};               // the command that shows it again
  std::string found_in{};             // the trace or the random run
  std::uint64_t times = 1;            // that it was met
  bool comes_back = true;             // when the commands are performed again, if they could be
};

struct Verdicts {
  EngineHello engine{};
  std::uint64_t operations = 0;  // whose answers were compared
  std::uint64_t least = 0;       // operations that have to be compared for the check to mean anything
  std::uint64_t refused = 0;     // configurations that the engine called unsupported
  std::uint64_t left_out = 0;    // runs beyond what the engine's hello offers
  std::uint64_t starts = 0;      // of the engine
  double seconds = 0;
  std::string mode{};
  std::string semantics{};
  std::vector<Verdict> all{};
};

// Several lines, each with its newline.
std::string to_text(const Verdict& verdict);

std::string to_json(const Verdicts& verdicts);
std::string to_junit(const Verdicts& verdicts);

}  // namespace kvspec::fuzz
