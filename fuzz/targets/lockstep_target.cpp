// Coverage-guided lockstep: model against implementation on commands that a fuzzer breeds.
//
// The environment variable KVSPEC_ON says what stands against the model: host, which it is without, cuda or
// cuda-on-host.
//
// Not covered here: pools of more than 64 blocks, forced hash collisions, with which a hit can list a block twice,
// which no caller may take, and invariants that a caller can break (fuzz/owed.hpp).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>

#include "fuzz/expected.hpp"
#include "fuzz/host_engine.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/owed.hpp"
#include "fuzz/reach/reach.hpp"
#include "fuzz/report.hpp"
#include "fuzz/shrink.hpp"
#include "fuzz/targets/commands_input.hpp"
#include "fuzz/targets/targets.hpp"

namespace kvspec::fuzz {

namespace {

constexpr std::uint32_t view_period = 4;
constexpr std::size_t most_replays = 2000;  // of shrinking

Implementation implementation() {
  const char* const name = std::getenv("KVSPEC_ON");
  if (name == nullptr) return Implementation::host;
  const std::optional<Implementation> on = implementation_of(name);
  const std::string absence = on == Implementation::cuda ? absence_of(cuda::Place::device) : "";
  if (on && absence.empty()) return *on;
  std::fprintf(stderr, "KVSPEC_ON: no engine %s %s\n", name, absence.c_str());
  std::exit(2);
}

ClauseSet tolerated(const Config<Growing>& config) {
  ClauseSet clauses = owed_by_callers();
  if (!config.is_sound()) {
    for (const Breach& breach : all_breaches()) clauses.add(breach.invariant);
  }
  return clauses;
}

[[noreturn]] void report_and_abort(const CommandsInput& input, const ClauseSet& owed, Implementation on) {
  const Failure failure =
      shrink(input.config, input.commands, model_host_oracle({.tolerated = owed}, on), most_replays);
  const Origin origin{
      .right = to_text(on), .commands_before = input.commands.size(), .trace_file = "lockstep_fuzzer.jsonl"};
  write_counterexample(failure, origin.trace_file);
  std::fputs(report(failure, origin).c_str(), stderr);
  std::abort();
}

}  // namespace

void run_lockstep_input(InputBytes bytes, StateCounters& counters) {
  static const Implementation on = implementation();
  const CommandsInput input = decode_input(bytes);
  const ClauseSet owed = tolerated(input.config);
  Reached reached;
  Reach reach(reached);
  const std::span all(counters);
  StateFeatures features(all.first<StateFeatures::num_counters>());
  const Onlookers onlookers{.reach = &reach, .features = &features};
  if (run_model_and_host(input.config, input.commands, {.view_period = view_period, .tolerated = owed}, onlookers,
                         on)) {
    report_and_abort(input, owed, on);
  }
  for (const GoalEntry& entry : goal_registry) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint8_t>::max();
    counters[StateFeatures::num_counters + static_cast<std::size_t>(entry.goal)] =
        static_cast<std::uint8_t>(std::min(reached.count(entry.goal), most));
  }
}

}  // namespace kvspec::fuzz
