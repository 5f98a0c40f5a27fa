#include "fuzz/command/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "fuzz/cuda/parts_use.hpp"
#include "fuzz/expected.hpp"
#include "fuzz/precise_clause.hpp"
#include "fuzz/reach/reach.hpp"
#include "fuzz/report.hpp"
#include "fuzz/shortest.hpp"
#include "fuzz/shrink.hpp"
#include "fuzz/usual.hpp"
#include "model/oracle/command.hpp"
#include "model/oracle/model_engine.hpp"

namespace kvspec::fuzz {

namespace {

// Long enough for a pool to fill and for old blocks to be evicted, short enough to meet many configurations.
constexpr std::uint64_t operations_per_run = 2000;
// Looking out for goals takes a quarter of a run's time. Most are reached early, the others now and then: after the
// first rounds through the configurations one round in so many does.
constexpr std::uint64_t first_rounds = 16;
constexpr std::uint64_t rounds_between = 8;

}  // namespace

Session::Session(const LockstepOptions& options)
    : options_(options),
      seed_(options.seed ? *options.seed : random_seed()),
      semantics_(options.semantics.value_or(Semantics::sound)) {
  for (const Preset& preset : presets()) {
    if (options.preset == "all" || options.preset == preset.name) chosen_.push_back(&preset);
  }
}

int Session::run() {
  const bool recorded = semantics_ == Semantics::recorded;
  const std::string on = options_.on == Implementation::host ? "" : fmt::format(", on {}", to_text(options_.on));
  fmt::print("seed {}, configuration {}{}{}\n", seed_, options_.preset, recorded ? ", recorded semantics" : "", on);
  std::fflush(stdout);
  bool equal = true;
  for (std::uint64_t number = 0; equal && more(); ++number) {
    const std::uint64_t round = number / chosen_.size();
    const bool looks_out = options_.goals || round < first_rounds || round % rounds_between == 0;
    equal = perform({chosen_[number % chosen_.size()], seed_of_run(seed_, number), next_operations(), looks_out});
    if (equal) progress_.show(traffic_, sketch_);
  }
  if (equal) progress_.finish(traffic_, sketch_);
  if (recorded) fmt::print("{}", log_.summary());
  if (options_.goals) fmt::print("{}", reached_.table());
  fmt::print("{}\n", reached_.summary());
  if (options_.on != Implementation::host) {
    const PartsUse use = use_of_parts();
    fmt::print("parts: {} digests, {} look-ups, {} readings of pages; {} left out\n", use.digests, use.look_ups,
               use.readings, use.left_out);
  }
  const double seconds = progress_.seconds();
  fmt::print("{} operations, {:.1f} seconds, {:.0f} operations/s, {} differences\n", traffic_.operations, seconds,
             static_cast<double>(traffic_.operations) / (seconds > 0 ? seconds : 1), equal ? 0 : 1);
  return equal ? oracle::exit_equal : oracle::exit_different;
}

bool Session::more() const {
  if (options_.operations && performed_ >= *options_.operations) return false;
  if (options_.seconds) return progress_.seconds() < *options_.seconds;
  return options_.operations.has_value() || progress_.seconds() < usual_seconds;
}

std::uint64_t Session::next_operations() const {
  if (!options_.operations) return operations_per_run;
  return std::min(operations_per_run, *options_.operations - performed_);
}

bool Session::perform(const Run& run) {
  const Scenario scenario = make_scenario(*run.preset, run.seed, semantics_);
  // What a run has shown is tolerated from then on, and the run is repeated to see what lies behind it.
  bool again = false;
  for (bool first = true; first || again; first = false) {
    again = false;
    Reach reach(reached_);
    const Outcome outcome =
        run_model_and_host(scenario, run.operations,
                           {.view_period = usual_view_period, .tolerated = tolerated(scenario), .sketch = &sketch_},
                           {.reach = run.looks_out ? &reach : nullptr}, options_.on);
    traffic_.add(outcome.traffic);
    // A configuration that is rejected has no operations, but a session of such must end too.
    if (first) performed_ += outcome.traffic.rejected_configs > 0 ? 1 : run.operations;
    if (!outcome.counterexample) return true;
    if (is_expected(run, scenario, *outcome.counterexample, again)) continue;
    progress_.finish(traffic_, sketch_);
    explain_difference(run, scenario, *outcome.counterexample);
    return false;
  }
  return true;
}

bool Session::is_expected(const Run& run, const Scenario& scenario, const Counterexample& found, bool& new_one) {
  if (semantics_ != Semantics::recorded || found.kind != Disagreement::invariant) return false;
  if (log_.is_known(found.clause, scenario.config)) return true;
  Failure as_found{.config = scenario.config, .commands = {}, .counterexample = found};
  repeat(run, scenario, as_found.commands);
  const Oracle oracle =
      model_host_oracle({.view_period = period_to_replay(found.kind), .tolerated = tolerated(scenario)}, options_.on);
  const auto [failure, breach] = shrink_and_explain(as_found, oracle, replays_of_non_theorem);
  if (!breach) {
    const bool follows = follows_from_breach(failure, model_host_oracle({}, options_.on));
    if (follows) log_.nothing_new(found.clause);
    return follows;
  }
  if (log_.has(*breach, failure.commands.size())) {
    log_.nothing_new(*breach);
    return true;
  }
  Origin origin = origin_of(run, scenario);
  origin.commands_before = as_found.commands.size();
  save(failure, origin, fmt::format("{}-{}", describe(breach->deviation).id, describe(breach->invariant).id));
  progress_.interrupt();
  fmt::print("{}", log_.add(*breach, failure, origin, progress_.seconds()));
  std::fflush(stdout);
  new_one = tolerated(scenario).has(found.clause);
  return true;
}

void Session::explain_difference(const Run& run, const Scenario& scenario, const Counterexample& first_seen) const {
  Commands commands;
  Origin origin = origin_of(run, scenario);
  Failure failure{.config = scenario.config, .commands = {}, .counterexample = first_seen};
  if (const auto again = repeat(run, scenario, commands).counterexample) {
    const std::uint32_t period = period_to_replay(again->kind);
    const Oracle oracle = model_host_oracle({.view_period = period, .tolerated = tolerated(scenario)}, options_.on);
    failure = shortest(shrink(scenario.config, commands, oracle), oracle, oracle::model_engine());
    failure.counterexample.clause = precise_clause(failure);
  } else {
    fmt::print("the difference did not come back when the run was repeated: something is not deterministic\n");
  }
  origin.commands_before = commands.size();
  save(failure, origin, fmt::format("{}-{}", run.preset->name, run.seed));
  fmt::print("{}", report(failure, origin));
}

Outcome Session::repeat(const Run& run, const Scenario& scenario, Commands& commands) const {
  return run_model_and_host(scenario, run.operations, {.tolerated = tolerated(scenario), .recording = &commands}, {},
                            options_.on);
}

Origin Session::origin_of(const Run& run, const Scenario& scenario) const {
  Origin origin;
  origin.preset = run.preset->name;
  origin.right = to_text(options_.on);
  origin.seed = run.seed;
  origin.operations = run.operations;
  origin.semantics = semantics_;
  origin.tolerated = tolerated(scenario).ids();
  return origin;
}

ClauseSet Session::tolerated(const Scenario& scenario) const {
  ClauseSet clauses = options_.tolerate;
  clauses.add(log_.tolerated(scenario.config));
  return clauses;
}

void Session::save(const Failure& failure, Origin& origin, const std::string& name) const {
  const std::string file = fmt::format("{}/kvspec-{}.jsonl", options_.trace_dir, name);
  if (write_counterexample(failure, file)) {
    origin.trace_file = file;
  } else {
    fmt::print(stderr, "kvspec lockstep: cannot write {}\n", file);
  }
}

}  // namespace kvspec::fuzz
