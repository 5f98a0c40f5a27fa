#include "fuzz/command/explain_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/command/whole_number.hpp"
#include "fuzz/page.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec::fuzz {

namespace {

struct ExplainOptions {
  std::string engine = "model";
  std::optional<Semantics> semantics;
  std::optional<std::size_t> at;  // from 1
  std::size_t most_shown = 24;
  std::string file;
};

// The traces that lockstep and check write end with commands that read the state.
bool is_reader(const Command<Growing>& command) {
  using S = Growing;
  return std::holds_alternative<DumpState<S>>(command) || std::holds_alternative<TakeEvents<S>>(command) ||
         std::holds_alternative<TakeStats<S>>(command) || std::holds_alternative<TakeNewBlockIds<S>>(command);
}

// The last command that may have changed a table or the queue, if there is one.
std::size_t last_of_interest(const Commands& commands) {
  const auto last = std::find_if_not(commands.rbegin(), commands.rend(), is_reader);
  return (last == commands.rend() ? commands.size() : static_cast<std::size_t>(commands.rend() - last)) - 1;
}

int explain_file(const ExplainOptions& options, const oracle::MakeEngine& make) {
  Decoded<Trace, TraceProblem> read = read_trace_file(options.file);
  if (!read) {
    fmt::print(stderr, "{}\n", to_text(read.error()));
    return oracle::exit_bad_input;
  }
  Trace& trace = read.value();
  if (trace.steps.empty()) {
    fmt::print(stderr, "kvspec explain: {} has no operations\n", options.file);
    return oracle::exit_bad_input;
  }
  if (options.at && *options.at > trace.steps.size()) {
    fmt::print(stderr, "kvspec explain: {} has {} operations, --at is {}\n", options.file, trace.steps.size(),
               *options.at);
    return oracle::exit_bad_input;
  }
  trace.config.semantics = options.semantics.value_or(trace.config.semantics.value_or(Semantics::recorded));
  Commands commands;
  for (TraceStep& step : trace.steps) commands.push_back(std::move(step.command));
  const std::size_t at = options.at ? *options.at - 1 : last_of_interest(commands);
  fmt::print("config: {}\n{}", to_text(trace.config), page(trace.config, commands, at, make, options.most_shown));
  return oracle::exit_equal;
}

}  // namespace

void add_explain(CLI::App& command, const oracle::Registry& registry, int& exit_code) {
  CLI::App* explain = command.add_subcommand("explain", "Tells a trace in words and draws the pool around a command");
  auto options = std::make_shared<ExplainOptions>();
  std::vector<std::string> names;
  for (const oracle::NamedEngine& engine : registry.engines()) names.push_back(engine.name);
  explain->add_option("--on", options->engine, "What answers")->check(CLI::IsMember(names))->capture_default_str();
  oracle::add_semantics(*explain, options->semantics, "without: what the trace names, or recorded");
  explain
      ->add_option("--at", options->at,
                   "The command that the pool is drawn around, from 1 (without: the last that does not only read)")
      ->check(whole_number(1));
  explain->add_option("--last", options->most_shown, "So many commands up to that one")
      ->check(whole_number(1))
      ->capture_default_str();
  explain->add_option("FILE", options->file, "A trace")->required();
  explain->footer(
      "3=r0[1]x2 is block 3, which holds what block 1 of request r0 has and has two references; - is the null block;\n"
      "a bar stands behind the blocks of a table that count as cached. Recorded outputs are not compared: see replay.\n"
      "Exit code: 0, or 2 for bad input.");
  explain->callback(
      [options, &registry, &exit_code] { exit_code = explain_file(*options, registry.find(options->engine)->make); });
}

}  // namespace kvspec::fuzz
