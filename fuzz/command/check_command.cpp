#include "fuzz/command/check_command.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/check/session.hpp"
#include "fuzz/command/whole_number.hpp"
#include "fuzz/scenario.hpp"

namespace kvspec::fuzz {

namespace {

constexpr const char* footer =
    "The engine is a program that answers on its standard output what docs/engine-protocol.md says. It is driven "
    "beside\n"
    "the model, with the traces first and then with random traffic within what it says it supports. A difference is\n"
    "shrunk against the engine itself and printed as a verdict: the clause, how bad it is, what was expected and what\n"
    "came, the shortest commands, and how to repeat it. There is one verdict per clause.\n"
    "Modes (docs/engine-protocol.md): exact; ids: block ids up to a renaming; order: ids, and any order among free "
    "blocks\n"
    "that hold nothing; eviction: order, and any choice of the cached block that makes room; no-events; no-hashes.\n"
    "Several with commas.\n"
    "An example: kvspec check --seconds 10 -- kvspec serve --on host\n"
    "Exit code: 0 no difference, 1 a verdict, 2 bad input, or nothing or too little was compared.";

}  // namespace

void add_check(CLI::App& command, const oracle::Registry&, int& exit_code) {
  CLI::App* check = command.add_subcommand("check", "Holds a running engine against the model");
  auto options = std::make_shared<CheckOptions>();
  std::vector<std::string> names{"all"};
  for (const Preset& preset : presets()) {
    if (preset.is_valid) names.emplace_back(preset.name);
  }
  const auto set_mode = [options](const std::string& modes) { options->tolerance = *Tolerance::from_text(modes); };
  const CLI::Validator is_mode(
      [](const std::string& modes) {
        return Tolerance::from_text(modes) ? std::string() : "unknown mode in " + modes + " (see --help)";
      },
      "MODES");
  check
      ->add_option_function<std::string>("--mode", set_mode,
                                         "Freedoms that are granted: exact, ids, order, eviction, no-events, no-hashes")
      ->check(is_mode);
  oracle::add_semantics(*check, options->semantics, "sound without it");
  check->add_option("--seconds", options->seconds, "Stop after this time (60 without any limit and without traces)")
      ->check(CLI::Range(0.0, 1e9));
  check->add_option("--operations", options->operations, "Stop after this many operations")->check(whole_number());
  check
      ->add_option("--least", options->least,
                   "Operations that have to be compared; with fewer, and no verdict, the exit code is 2")
      ->check(whole_number());
  check->add_option("--traces", options->traces, "Recorded traces whose commands are performed first")
      ->check(CLI::ExistingFile);
  check->add_option("--seed", options->seed, "Repeat the traffic of this seed")->check(whole_number());
  check->add_option("--config", options->preset, "Which configurations; those of kvspec lockstep")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  check->add_option("--time-limit", options->limits.answer, "Seconds for an answer")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  check->add_option("--start-limit", options->limits.start, "Seconds from the start of the engine to its hello")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  check->add_option("--shrink-seconds", options->shrink_seconds, "Time to shrink each difference")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  check->add_option("--trace-dir", options->trace_dir, "Where the trace of a verdict is written")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  check->add_option("--junit", options->junit, "Write the verdicts as JUnit XML");
  check->add_option("--json", options->json, "Write the verdicts as JSON");
  check->add_option("COMMAND", options->command, "The engine, after --")->required();
  check->footer(footer);
  check->callback([options, &exit_code] { exit_code = CheckSession(*options).run(); });
}

}  // namespace kvspec::fuzz
