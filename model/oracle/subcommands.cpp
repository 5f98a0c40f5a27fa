// The subcommands that need nothing but the model: replay, serve and clauses.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/oracle/command.hpp"
#include "model/oracle/replay.hpp"
#include "model/oracle/serve.hpp"
#include "spec/clauses.hpp"
#include "spec/trace/names.hpp"

namespace kvspec::oracle {

namespace {

struct ReplayOptions {
  std::string engine = "model";
  std::optional<Semantics> semantics;
  std::vector<std::string> files;
};

int print_clauses(const std::vector<std::string>& ids) {
  const auto print = [](const ClauseEntry& clause) {
    fmt::print("{:<9} {:<9}  {} ({})\n", clause.id, name_of(clause.kind), clause.sentence, clause.origin);
  };
  if (ids.empty()) {
    for (const ClauseEntry& clause : clause_registry) print(clause);
    return exit_equal;
  }
  int exit_code = exit_equal;
  for (const std::string& id : ids) {
    std::string upper = id;
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto clause = std::ranges::find(clause_registry, upper, &ClauseEntry::id);
    if (clause != clause_registry.end()) {
      print(*clause);
    } else {
      fmt::print(stderr, "kvspec clauses: no clause is called '{}'\n", id);
      exit_code = exit_bad_input;
    }
  }
  return exit_code;
}

// Says why an engine cannot be had here, if it cannot.
bool is_absent(const NamedEngine& engine, const char* subcommand) {
  const std::string reason = engine.absence();
  if (!reason.empty()) fmt::print(stderr, "kvspec {}: no engine {}: {}\n", subcommand, engine.name, reason);
  return !reason.empty();
}

}  // namespace

void add_semantics(CLI::App& command, std::optional<Semantics>& semantics, const std::string& without) {
  const auto set = [&semantics](const std::string& name) { semantics = enumerator_of<Semantics>(name); };
  command
      .add_option_function<std::string>(
          "--semantics", set, "Those of the recorded system, or with each of its defects corrected (" + without + ")")
      ->check(CLI::IsMember(enum_names<Semantics>));
}

void add_replay(CLI::App& command, const Registry& registry, int& exit_code) {
  CLI::App* replay = command.add_subcommand("replay", "Replays recorded traces and compares every recorded output");
  auto options = std::make_shared<ReplayOptions>();
  std::vector<std::string> names;
  for (const NamedEngine& engine : registry.engines()) names.push_back(engine.name);
  replay->add_option("--on", options->engine, "What replays them")->check(CLI::IsMember(names))->capture_default_str();
  add_semantics(*replay, options->semantics, "without: what the trace names, or recorded");
  replay->add_option("FILE", options->files, "Traces: one JSON value per line, the configuration first")->required();
  replay->footer(
      "Prints the first difference of each trace as\n"
      "  file:line: operation path: expected X, actual Y [clause]\n"
      "and what is wrong with an input that makes no sense as\n"
      "  file:line: what is wrong [clause]\n"
      "Exit code: 0 no difference, 1 a difference, 2 bad input.");
  replay->callback([options, &registry, &exit_code] {
    const NamedEngine& engine = *registry.find(options->engine);
    exit_code = is_absent(engine, "replay")
                    ? exit_bad_input
                    : replay_files(options->files, engine, *registry.find("model"), options->semantics);
  });
}

void add_serve(CLI::App& command, const Registry& registry, int& exit_code) {
  CLI::App* serving = command.add_subcommand("serve", "Answers as an engine of the engine protocol");
  auto name = std::make_shared<std::string>("host");
  auto semantics = std::make_shared<std::optional<Semantics>>();
  std::vector<std::string> names;
  for (const NamedEngine& engine : registry.engines()) names.push_back(engine.name);
  serving->add_option("--on", *name, "What answers")->check(CLI::IsMember(names))->capture_default_str();
  add_semantics(*serving, *semantics, "without: what a configuration names, or sound");
  serving->footer(
      "Reads requests from standard input and answers on standard output, a line each, until the input ends; see\n"
      "docs/engine-protocol.md. It is what `kvspec check` is tried with: kvspec check -- kvspec serve");
  serving->callback([name, semantics, &registry, &exit_code] {
    std::ios::sync_with_stdio(false);  // a buffer of our own, so that it is known what has been asked
    std::cin.tie(nullptr);
    const NamedEngine& engine = *registry.find(*name);
    exit_code = is_absent(engine, "serve") ? exit_bad_input : serve(std::cin, std::cout, engine, *semantics);
  });
}

void add_clauses(CLI::App& command, const Registry&, int& exit_code) {
  CLI::App* clauses = command.add_subcommand("clauses", "Lists the clauses of the specification");
  auto ids = std::make_shared<std::vector<std::string>>();
  clauses->add_option("ID", *ids, "Only these, for example POOL-06; all without");
  clauses->callback([ids, &exit_code] { exit_code = print_clauses(*ids); });
}

}  // namespace kvspec::oracle
