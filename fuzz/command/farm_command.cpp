#include "fuzz/command/farm_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/command/whole_number.hpp"
#include "fuzz/farm/session.hpp"

namespace kvspec::fuzz {

namespace {

std::string footer() {
  std::string text =
      "Runs are independent and small: the model and a manager of up to 16 blocks, 4 requests and 3 groups, in "
      "lockstep\n"
      "with the invariants checked after each command. A run follows from the seed and its number. The first "
      "difference\n"
      "is repeated on the host, shrunk, and printed as `kvspec lockstep` does. Under the recorded semantics each\n"
      "deviation that is found is named with the invariant it breaks, and the search goes on.\n\n"
      "Bugs that can be planted, to see that they are found:\n";
  for (const farm::NamedBug& bug : farm::named_bugs) text += fmt::format("  {:<12} {}\n", bug.name, bug.sentence);
  text += "\nExit code: 0 no difference, 1 a difference, 2 bad options or no device.";
  return text;
}

}  // namespace

void add_farm(CLI::App& command, const oracle::Registry&, int& exit_code) {
  CLI::App* app =
      command.add_subcommand("farm", "Runs model and small manager side by side, thousands of runs at once");
  auto options = std::make_shared<farm::FarmOptions>();
  const auto set_place = [options](const std::string& place) {
    options->place = place == "cuda" ? cuda::Place::device : cuda::Place::host;
  };
  app->add_option_function<std::string>("--on", set_place, "Where: host or cuda (host without it)")
      ->check(CLI::IsMember({"host", "cuda"}));
  app->add_option("--seconds", options->seconds, "Stop after this time (10 without any limit)")
      ->check(CLI::Range(0.0, 1e9));
  app->add_option("--runs", options->runs, "Stop after this many runs")->check(whole_number());
  app->add_option("--beats", options->beats, "Beats of a run: most make one command, some two, some none")
      ->check(CLI::Range(1U, farm::most_beats))
      ->capture_default_str();
  app->add_option("--seed", options->seed, "Repeat the runs of this seed")->check(whole_number());
  app->add_option("--run", options->run, "This run alone, on the host")->check(whole_number());
  oracle::add_semantics(*app, options->semantics, "sound without it");
  app->add_option("--threads", options->threads, "Of the host (as many as it has without it)")
      ->check(CLI::Range(1U, 4096U));
  std::vector<std::string> bugs;
  for (const farm::NamedBug& bug : farm::named_bugs) bugs.emplace_back(bug.name);
  const auto plant = [options](const std::string& name) {
    options->bug = std::ranges::find(farm::named_bugs, name, &farm::NamedBug::name)->bug;
  };
  app->add_option_function<std::string>("--plant", plant, "A bug for the small manager")->check(CLI::IsMember(bugs));
  app->add_option("--trace-dir", options->trace_dir, "Where the trace of a difference is written")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app->footer(footer());
  app->callback([options, &exit_code] { exit_code = farm::FarmSession(*options).perform(); });
}

}  // namespace kvspec::fuzz
