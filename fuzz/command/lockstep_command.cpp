#include "fuzz/command/lockstep_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/command/session.hpp"
#include "fuzz/command/whole_number.hpp"
#include "fuzz/scenario.hpp"

namespace kvspec::fuzz {

namespace {

std::string footer() {
  std::string text = "Configurations:\n";
  for (const Preset& preset : presets()) text += fmt::format("  {:<22} {}\n", preset.name, preset.sentence);
  text += "  all                    all of them in turn\n\n";
  text +=
      "A difference is shrunk, printed with the clause that decides it, and written as a trace for `kvspec replay`.\n"
      "Under the recorded semantics the invariants that deviations break are expected: each is named once, with the\n"
      "deviation and a trace, and the search goes on.\n"
      "Exit code: 0 no difference, 1 a difference, 2 bad options.";
  return text;
}

std::vector<std::string> invariant_ids() {
  std::vector<std::string> ids;
  for (const ClauseEntry& clause : clause_registry) {
    if (clause.kind == ClauseKind::invariant) ids.emplace_back(clause.id);
  }
  return ids;
}

// As register.cpp enters them.
std::vector<std::string> implementation_names() {
  std::vector<std::string> names;
  for (const auto on : {Implementation::host, Implementation::cuda, Implementation::cuda_on_host}) {
    names.emplace_back(to_text(on));
  }
  return names;
}

}  // namespace

void add_lockstep(CLI::App& command, const oracle::Registry& registry, int& exit_code) {
  CLI::App* lockstep =
      command.add_subcommand("lockstep", "Runs model and implementation side by side on random traffic");
  auto options = std::make_shared<LockstepOptions>();
  std::vector<std::string> names{"all"};
  for (const Preset& preset : presets()) names.emplace_back(preset.name);
  lockstep->add_option("--seconds", options->seconds, "Stop after this time (10 without any limit)")
      ->check(CLI::Range(0.0, 1e9));
  lockstep
      ->add_option("--operations", options->operations,
                   "Stop after this many operations; a configuration that is rejected counts as one")
      ->check(whole_number());
  const auto set_on = [options](const std::string& name) { options->on = *implementation_of(name); };
  lockstep->add_option_function<std::string>("--on", set_on, "What stands against the model (host without it)")
      ->check(CLI::IsMember(implementation_names()));
  lockstep->add_option("--seed", options->seed, "Repeat the traffic of this seed")->check(whole_number());
  oracle::add_semantics(*lockstep, options->semantics, "sound without it");
  const auto tolerate = [options](const std::vector<std::string>& ids) {
    for (const std::string& id : ids)
      options->tolerate.add(std::ranges::find(clause_registry, id, &ClauseEntry::id)->clause);
  };
  lockstep->add_option_function<std::vector<std::string>>("--tolerate", tolerate, "Invariants that may be broken")
      ->delimiter(',')
      ->check(CLI::IsMember(invariant_ids()));
  lockstep->add_option("--config", options->preset, "Which configurations")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  lockstep->add_option("--trace-dir", options->trace_dir, "Where the trace of a difference is written")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  lockstep->add_flag("--goals", options->goals, "Show how often each reachability goal was reached");
  lockstep->footer(footer());
  lockstep->callback([options, &registry, &exit_code] {
    const std::string absence = registry.find(to_text(options->on))->absence();
    if (!absence.empty()) fmt::print(stderr, "kvspec lockstep: no engine {}: {}\n", to_text(options->on), absence);
    exit_code = absence.empty() ? Session(*options).run() : oracle::exit_bad_input;
  });
}

}  // namespace kvspec::fuzz
