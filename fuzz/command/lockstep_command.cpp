#include "fuzz/command/lockstep_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/command/progress.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/report.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/shrink.hpp"
#include "fuzz/sketch.hpp"

namespace kvspec::fuzz {

namespace {

// Long enough for a pool to fill and for old blocks to be evicted, short enough to meet many configurations.
constexpr std::uint64_t operations_per_run = 2000;
constexpr double usual_seconds = 10;

std::uint64_t random_seed() {
  std::random_device device;
  return device();  // 32 bits: short enough to be typed
}

struct Run {
  const Preset* preset = nullptr;
  std::uint64_t seed = 0;
  std::uint64_t operations = 0;
};

class Session {
 public:
  explicit Session(const LockstepOptions& options)
      : options_(options), seed_(options.seed ? *options.seed : random_seed()) {
    for (const Preset& preset : presets()) {
      if (options.preset == "all" || options.preset == preset.name) chosen_.push_back(&preset);
    }
  }

  int run() {
    fmt::print("seed {}, configuration {}\n", seed_, options_.preset);
    std::fflush(stdout);
    std::uint64_t differences = 0;
    Progress progress;
    for (std::uint64_t number = 0; more(progress); ++number) {
      const Run run{chosen_[number % chosen_.size()], seed_of_run(seed_, number), next_operations()};
      const Scenario scenario = make_scenario(*run.preset, run.seed);
      const Outcome outcome = run_model_and_host(scenario, run.operations, usual_view_period, &sketch_);
      traffic_.add(outcome.traffic);
      progress.show(traffic_, sketch_);
      if (!outcome.counterexample) continue;
      ++differences;
      progress.finish(traffic_, sketch_);
      explain(run, scenario, *outcome.counterexample);
      break;
    }
    if (differences == 0) progress.finish(traffic_, sketch_);
    const double seconds = progress.seconds();
    fmt::print("{} operations, {:.1f} seconds, {:.0f} operations/s, {} differences\n", traffic_.operations, seconds,
               static_cast<double>(traffic_.operations) / (seconds > 0 ? seconds : 1), differences);
    return differences == 0 ? oracle::exit_equal : oracle::exit_different;
  }

 private:
  bool more(const Progress& progress) const {
    if (options_.operations && traffic_.operations >= *options_.operations) return false;
    if (options_.seconds) return progress.seconds() < *options_.seconds;
    return options_.operations.has_value() || progress.seconds() < usual_seconds;
  }

  std::uint64_t next_operations() const {
    if (!options_.operations) return operations_per_run;
    return std::min(operations_per_run, *options_.operations - traffic_.operations);
  }

  // Repeats the run with its commands recorded and the views compared each time, shrinks, prints and writes the trace.
  void explain(const Run& run, const Scenario& scenario, const Counterexample& first_seen) const {
    Commands commands;
    const Outcome again = run_model_and_host(scenario, run.operations, 1, nullptr, &commands);
    Origin origin;
    origin.preset = run.preset->name;
    origin.seed = run.seed;
    origin.operations = run.operations;
    origin.commands_before = commands.size();
    Failure failure{.config = scenario.config, .commands = {}, .counterexample = first_seen};
    if (again.counterexample) {
      failure = shrink(scenario.config, commands, model_host_oracle());
    } else {
      fmt::print("the difference did not come back when the run was repeated: something is not deterministic\n");
    }
    const std::string file = fmt::format("{}/kvspec-{}-{}.jsonl", options_.trace_dir, run.preset->name, run.seed);
    if (write_counterexample(failure, file)) {
      origin.trace_file = file;
    } else {
      fmt::print(stderr, "kvspec lockstep: cannot write {}\n", file);
    }
    fmt::print("{}", report(failure, origin));
  }

  const LockstepOptions& options_;
  std::uint64_t seed_;
  std::vector<const Preset*> chosen_;
  Traffic traffic_;
  Sketch sketch_;
};

std::string preset_list() {
  std::string text = "Configurations:\n";
  for (const Preset& preset : presets()) text += fmt::format("  {:<17} {}\n", preset.name, preset.sentence);
  text += "  all               all of them in turn\n\n";
  text +=
      "A difference is shrunk, printed with the clause that decides it, and written as a trace for `kvspec replay`.\n"
      "Exit code: 0 no difference, 1 a difference, 2 bad options.";
  return text;
}

}  // namespace

int run_lockstep(const LockstepOptions& options) { return Session(options).run(); }

void add_lockstep(CLI::App& command, const oracle::Registry&, int& exit_code) {
  CLI::App* lockstep = command.add_subcommand("lockstep", "Runs model and host side by side on random traffic");
  auto options = std::make_shared<LockstepOptions>();
  std::vector<std::string> names{"all"};
  for (const Preset& preset : presets()) names.emplace_back(preset.name);
  lockstep->add_option("--seconds", options->seconds, "Stop after this time (10 without any limit)")
      ->check(CLI::Range(0.0, 1e9));
  lockstep->add_option("--operations", options->operations, "Stop after this many operations")
      ->check(CLI::NonNegativeNumber);
  lockstep->add_option("--seed", options->seed, "Repeat the traffic of this seed")->check(CLI::NonNegativeNumber);
  lockstep->add_option("--config", options->preset, "Which configurations")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  lockstep->add_option("--trace-dir", options->trace_dir, "Where the trace of a difference is written")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  lockstep->footer(preset_list());
  lockstep->callback([options, &exit_code] { exit_code = run_lockstep(*options); });
}

}  // namespace kvspec::fuzz
