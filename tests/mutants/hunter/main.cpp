// The hunter as a program: loads a shared object with a host implementation and hunts it, once or once for each change
// that was compiled in. Prints a JSON object per hunt, one a line.
//
// Exit code: 0 whatever the hunts found, 2 bad options or files.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "spec/trace/trace.hpp"
#include "tests/mutants/hunter/hunt.hpp"
#include "tests/mutants/hunter/loaded.hpp"

namespace kvspec::mutants {
namespace {

constexpr int bad_input = 2;

int refuse(const std::string& why) {
  fmt::print(stderr, "mutant_hunter: {}\n", why);
  return bad_input;
}

// The commands of a recorded trace; empty if it cannot be read.
std::optional<RecordedTrace> recorded_trace(const std::string& file) {
  const Decoded<Trace, TraceProblem> trace = read_trace_file(file);
  if (!trace) return {};
  RecordedTrace recorded{.name = std::filesystem::path(file).stem().string(), .config = trace.value().config};
  recorded.config.semantics = Semantics::recorded;
  for (const TraceStep& step : trace.value().steps) recorded.commands.push_back(step.command);
  return recorded;
}

void print(int change, const Hunt& hunt) {
  nlohmann::ordered_json line{{"change", change},
                              {"killed", hunt.kill.has_value()},
                              {"seconds", hunt.seconds},
                              {"operations", hunt.operations}};
  if (hunt.kill) {
    line["found_by"] = hunt.kill->found_by;
    line["how"] = hunt.kill->how;
    line["clauses"] = hunt.kill->clauses;
    line["commands"] = hunt.kill->commands;
    line["commands_before"] = hunt.kill->commands_before;
    line["shrink_seconds"] = hunt.kill->shrink_seconds;
    line["report"] = hunt.kill->report;
  }
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

int hunt_all(const HuntOptions& options, const std::vector<int>& changes) {
  if (changes.empty()) {
    print(0, hunt(options));
    return 0;
  }
  if (library().activate == nullptr) return refuse("no changes were compiled in");
  for (const int change : changes) {
    library().activate(change);
    print(change, hunt(options));
  }
  return 0;
}

int main_of(int argc, char** argv) {
  CLI::App app("Hunts a host implementation in a shared object");
  HuntOptions options;
  std::string subject;
  std::vector<std::string> traces;
  std::vector<int> changes;
  bool as_found = false;
  app.add_option("--subject", subject, "The shared object")->required()->check(CLI::ExistingFile);
  app.add_option("--changes", changes, "Switch on these of the changes compiled in, one after the other")
      ->delimiter(',');
  app.add_option("--seed", options.seed, "Of the random traffic")->capture_default_str();
  app.add_option("--seconds", options.seconds, "Processor time for each hunt")->capture_default_str();
  app.add_option("--hang-seconds", options.hang_seconds, "Processor time for 2000 commands")->capture_default_str();
  app.add_option("--shrink-seconds", options.shrink_seconds, "Processor time to shrink")->capture_default_str();
  app.add_option("--traces", traces, "Recorded traces")->check(CLI::ExistingFile);
  app.add_flag("--as-found", as_found, "Shrink nothing");
  CLI11_PARSE(app, argc, argv);
  options.shrinks = !as_found;
  for (const std::string& file : traces) {
    std::optional<RecordedTrace> trace = recorded_trace(file);
    if (!trace) return refuse("cannot read the trace " + file);
    options.traces.push_back(std::move(*trace));
  }
  if (const std::string problem = load(subject); !problem.empty()) return refuse(problem);
  return hunt_all(options, changes);
}

}  // namespace
}  // namespace kvspec::mutants

int main(int argc, char** argv) { return kvspec::mutants::main_of(argc, argv); }
