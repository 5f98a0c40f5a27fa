#include "fuzz/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "fuzz/page.hpp"
#include "fuzz/shortest.hpp"
#include "model/oracle/model_engine.hpp"
#include "spec/trace/print.hpp"

namespace kvspec::fuzz {

namespace {

constexpr std::size_t most_commands_shown = 24;

void show_clause(fmt::memory_buffer& out, const Failure& failure, const Origin& origin) {
  const Counterexample& found = failure.counterexample;
  const ClauseEntry& clause = describe(found.clause);
  const auto line = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
  };
  switch (found.kind) {
    case Disagreement::creation:
      line("difference: {} and {} disagree about the configuration [{}]\n", origin.left, origin.right, clause.id);
      break;
    case Disagreement::invariant:
      if (found.side == Side::both) {
        line("violation: {} and {} agree on what must not be at command {} [{}]\n", origin.left, origin.right,
             found.step + 1, clause.id);
        break;
      }
      line("violation: command {} leaves {} in a state that must not be [{}]\n", found.step + 1,
           found.side == Side::left ? origin.left : origin.right, clause.id);
      break;
    default:
      line("difference: the {} of {} and {} differ at command {} [{}]\n", to_text(found.kind), origin.left,
           origin.right, found.step + 1, clause.id);
  }
  line("  clause    {}: {}\n", clause.id, clause.sentence);
  if (!found.path.empty()) line("  path      {}\n", found.path);
  if (found.kind == Disagreement::invariant) {
    line("  found     {}\n", found.actual);
    return;
  }
  line("  expected  {} ({})\n", found.expected, origin.left);
  line("  actual    {} ({})\n", found.actual, origin.right);
}

void show_commands(fmt::memory_buffer& out, const Failure& failure, const Origin& origin) {
  const Commands& commands = failure.commands;
  auto end = std::back_inserter(out);
  if (origin.commands_before > commands.size()) {
    fmt::format_to(end, "commands: {}, shrunk from {} in {} replays\n", commands.size(), origin.commands_before,
                   failure.replays);
  } else {
    fmt::format_to(end, "commands: {}\n", commands.size());
  }
  if (failure.search && failure.search->complete) fmt::format_to(end, "  {}\n", to_text(*failure.search));
  const std::size_t first = commands.size() > most_commands_shown ? commands.size() - most_commands_shown : 0;
  if (first > 0) fmt::format_to(end, "  ... {} before these\n", first);
  for (std::size_t i = first; i < commands.size(); ++i) {
    const char mark = i == failure.counterexample.step ? '>' : ' ';
    fmt::format_to(end, "{} {:>4}  {}\n", mark, i + 1, to_text(commands[i]));
  }
}

void show_origin(fmt::memory_buffer& out, const Origin& origin) {
  auto end = std::back_inserter(out);
  if (!origin.preset.empty()) fmt::format_to(end, "seed: {}, configuration {}\n", origin.seed, origin.preset);
  if (!origin.trace_file.empty()) {
    fmt::format_to(end, "trace: {}\nrepeat: kvspec replay --on {} {}\n", origin.trace_file, origin.right,
                   origin.trace_file);
  }
  if (!origin.preset.empty()) {
    fmt::format_to(end, "again: kvspec lockstep --config {} --seed {} --operations {}{}{}{}\n", origin.preset,
                   origin.seed, origin.operations,
                   origin.semantics == Semantics::recorded ? " --semantics recorded" : "",
                   origin.tolerated.empty() ? "" : " --tolerate ", origin.tolerated);
  }
}

// Commands that read all of a state that a trace can hold.
Commands probes(Disagreement kind) {
  if (kind != Disagreement::view && kind != Disagreement::invariant) return {};
  return {DumpState<Growing>{}, TakeEvents<Growing>{}, TakeStats<Growing>{}, TakeNewBlockIds<Growing>{}};
}

}  // namespace

std::string report(const Failure& failure, const Origin& origin) {
  fmt::memory_buffer out;
  show_clause(out, failure, origin);
  fmt::format_to(std::back_inserter(out), "config: {}\n", to_text(failure.config));
  show_commands(out, failure, origin);
  if (!failure.commands.empty()) {
    const std::size_t at = std::min(failure.counterexample.step, failure.commands.size() - 1);
    fmt::format_to(std::back_inserter(out), "{}", page(failure.config, failure.commands, at, oracle::model_engine()));
  }
  show_origin(out, origin);
  return fmt::to_string(out);
}

Trace counterexample_trace(const Failure& failure, Refusals refusals) {
  Trace trace{.config = failure.config, .steps = {}, .after_error_state = {}};
  const Result<std::unique_ptr<oracle::Engine>> created = oracle::model_engine()(failure.config);
  if (!created) return trace;
  oracle::Engine& model = *created.value();
  Commands commands = failure.commands;
  std::ranges::copy(probes(failure.counterexample.kind), std::back_inserter(commands));
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const Result<Observation<Growing>> result = model.step(commands[i]);
    if (result) {
      trace.steps.push_back({.command = commands[i], .observation = result.value(), .error = {}});
    } else if (i + 1 == failure.commands.size()) {
      const ClauseEntry& clause = describe(result.error().clause);
      trace.steps.push_back({.command = commands[i],
                             .observation = {},
                             .error = RecordedError{std::string(clause.id), std::string(clause.sentence)}});
      trace.after_error_state = model.view().state;
      return trace;
    } else if (refusals == Refusals::kept) {
      trace.steps.push_back({.command = commands[i], .observation = {}, .error = {}});
    }
  }
  return trace;
}

bool write_counterexample(const Failure& failure, const std::string& file, Refusals refusals) {
  std::ofstream out(file, std::ios::binary);
  write_trace(out, counterexample_trace(failure, refusals));
  out.flush();
  return out.good();
}

}  // namespace kvspec::fuzz
