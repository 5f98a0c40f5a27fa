#include "fuzz/farm/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "fuzz/counterexample.hpp"
#include "fuzz/lockstep.hpp"
#include "fuzz/usual.hpp"
#include "model/oracle/command.hpp"
#include "spec/trace/print.hpp"

namespace kvspec::fuzz::farm {

namespace {

constexpr double seconds_between_lines = 2;
// Finds of one invariant that turn out to be known already, before no more are looked at.
constexpr std::ptrdiff_t most_tries = 12;

std::uint32_t host_threads(const FarmOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

std::string_view name_of(Bug bug) {
  for (const NamedBug& named : named_bugs) {
    if (named.bug == bug) return named.name;
  }
  return "none";
}

// Whatever was asked for, a session without a command has not tried anything.
int nothing_performed() {
  fmt::print(stderr, "kvspec farm: no operation was performed, which shows nothing\n");
  return oracle::exit_bad_input;
}

}  // namespace

std::string shortfall(const Harvest& harvest) {
  const std::uint64_t performed = harvest.totals.of(Met::runs);
  if (performed == harvest.asked) return "";
  return fmt::format("{} runs were asked for and {} performed: the place does not do what it is asked", harvest.asked,
                     performed);
}

std::string absence_of_farm(cuda::Place place, const Error& error) {
  if (place == cuda::Place::device && cuda::built_with_cuda() && !Farm::built_for_device()) {
    return "this build has no farm for a device, as nvcc takes minutes for it: -D KVSPEC_CUDA=ON compiles it";
  }
  return to_text(error);
}

FarmSession::FarmSession(const FarmOptions& options)
    : options_(options),
      semantics_(options.semantics.value_or(Semantics::sound)),
      rules_{.seed = options.seed ? *options.seed : random_seed(),
             .beats = options.beats,
             .view_period = usual_view_period,
             .bug = options.bug},
      start_(std::chrono::steady_clock::now()) {}

int FarmSession::perform() {
  if (options_.run) return perform_one(*options_.run);
  Farm farm;
  const Result<Done> opened = farm.open(options_.place, rules_.seed, semantics_, host_threads(options_));
  if (!opened) {
    fmt::print(stderr, "kvspec farm: {}\n", absence_of_farm(options_.place, opened.error()));
    return oracle::exit_bad_input;
  }
  fmt::print("seed {}, {} semantics, on {}{}{}\n", rules_.seed, semantics_ == Semantics::sound ? "sound" : "recorded",
             cuda::describe(options_.place),
             options_.bug == Bug::none ? "" : ", planted: ", options_.bug == Bug::none ? "" : name_of(options_.bug));
  std::fflush(stdout);
  const double before = seconds();
  for (;;) {
    while (farm.batches_under_way() < most_batches_under_way && more()) {
      std::uint64_t count = farm.batch();
      if (options_.runs) count = std::min(count, *options_.runs - next_run_);
      farm.begin(rules_, next_run_, count);
      next_run_ += count;
    }
    if (farm.batches_under_way() == 0) break;
    const Result<Harvest> harvest = farm.finish();
    if (!harvest) {
      fmt::print(stderr, "kvspec farm: {}\n", to_text(harvest.error()));
      return oracle::exit_bad_input;
    }
    seconds_of_runs_ = seconds() - before;
    totals_.add(harvest.value().totals);
    show_progress();
    const std::string lacking = shortfall(harvest.value());
    if (!lacking.empty()) fmt::print(stderr, "kvspec farm: {}\n", lacking);
    if (!lacking.empty() || !explain(harvest.value().finds)) {
      summarise();
      return oracle::exit_different;
    }
  }
  summarise();
  return totals_.of(Met::operations) == 0 ? nothing_performed() : oracle::exit_equal;
}

int FarmSession::perform_one(std::uint64_t run) {
  const Repeated repeated = repeat(rules_, semantics_, run, options_.place);
  if (!repeated.difference) {
    fmt::print("run {} of seed {}: {} commands, no difference\n", run, rules_.seed, repeated.commands.size());
    return repeated.commands.empty() ? nothing_performed() : oracle::exit_equal;
  }
  Find find{.kind = repeated.difference->kind, .run = run, .command = repeated.difference->command};
  if (find.kind == Disagreement::invariant) find.invariant = repeated.difference->clause;
  explain(find);
  return oracle::exit_different;
}

bool FarmSession::explain(const std::vector<Find>& finds) {
  for (const Find& find : finds) {
    if (!explain(find)) return false;
  }
  return true;
}

bool FarmSession::explain(const Find& find) {
  const bool is_expected = semantics_ == Semantics::recorded && find.kind == Disagreement::invariant;
  const Config<Growing> config = draw_setting<Growing>(rules_.seed, setting_of(find.run), semantics_).config;
  if (is_expected && !may_be_new(find, config)) return true;
  const Repeated repeated = repeat(rules_, semantics_, find.run, options_.place);
  const bool is_repeated = repeated.difference && repeated.difference->kind == find.kind &&
                           repeated.difference->command == find.command &&
                           (!find.invariant || repeated.difference->clause == *find.invariant);
  if (!is_repeated) {
    fmt::print("run {}, command {}: {}, which the host does not see there: something is not deterministic\n", find.run,
               find.command, to_text(find));
    return false;
  }
  const Oracle oracle = oracle_of(find, rules_.bug);
  const std::optional<Counterexample> found = oracle(repeated.config, repeated.commands);
  if (is_expected && found) {
    const Failure as_found{.config = repeated.config, .commands = repeated.commands, .counterexample = *found};
    if (!recorded_only(oracle)(as_found.config, as_found.commands)) {
      // The same commands break something without any deviation: no help in naming one.
      tries_.push_back(*find.invariant);
      return true;
    }
    const auto [failure, breach] = shrink_and_explain(as_found, oracle, replays_of_non_theorem);
    if (!breach || std::ranges::find(seen_, *breach) != seen_.end()) {
      tries_.push_back(*find.invariant);
      if (breach || follows_from_breach(failure, oracle_of({.kind = find.kind, .invariant = {}}, rules_.bug)))
        return true;
    } else {
      seen_.push_back(*breach);
      fmt::print("{} breaks {}, found after {:.1f} s\n", describe(breach->deviation).id, describe(breach->invariant).id,
                 seconds());
      show(failure, find, repeated.commands.size(),
           fmt::format("{}-{}", describe(breach->deviation).id, describe(breach->invariant).id));
      return true;
    }
  }
  const std::optional<Failure> failure = shrink_if_shown(repeated, oracle);
  if (!failure) {
    show_unshared(repeated, find);
    return false;
  }
  fmt::print("found after {:.1f} s\n", seconds());
  show(*failure, find, repeated.commands.size(), fmt::format("farm-{}-{}", rules_.seed, find.run));
  return false;
}

// There is no counterexample to shrink or to print, so what there is are the lane's word and the commands.
void FarmSession::show_unshared(const Repeated& repeated, const Find& find) const {
  fmt::print("found after {:.1f} s: {}, and the host's lockstep finds nothing in the same commands\n", seconds(),
             to_text(find));
  Failure failure{.config = repeated.config, .commands = repeated.commands};
  failure.counterexample.kind = find.kind;
  save(failure, find, fmt::format("farm-{}-{}", rules_.seed, find.run));
}

bool FarmSession::may_be_new(const Find& find, const Config<Growing>& config) {
  if (std::ranges::count(tries_, *find.invariant) >= most_tries) return false;
  return std::ranges::any_of(all_breaches(), [&](const Breach& breach) {
    return breach.invariant == *find.invariant && can_deviate(breach.deviation, config) &&
           std::ranges::find(seen_, breach) == seen_.end();
  });
}

void FarmSession::show(const Failure& failure, const Find& find, std::size_t commands_before,
                       const std::string& name) const {
  Origin origin;
  origin.right = "small";
  origin.semantics = semantics_;
  origin.commands_before = commands_before;
  fmt::print("{}", report(failure, origin));
  save(failure, find, name);
}

void FarmSession::save(const Failure& failure, const Find& find, const std::string& name) const {
  const std::string file = fmt::format("{}/kvspec-{}.jsonl", options_.trace_dir, name);
  if (!write_counterexample(failure, file)) fmt::print(stderr, "kvspec farm: cannot write {}\n", file);
  fmt::print("trace: {}\nagain: kvspec farm --run {} --seed {} --beats {}{}{}{}\n", file, find.run, rules_.seed,
             rules_.beats, semantics_ == Semantics::recorded ? " --semantics recorded" : "",
             rules_.bug == Bug::none ? "" : " --plant ", rules_.bug == Bug::none ? "" : name_of(rules_.bug));
  fmt::print("run {}, command {}: repeated on the host\n", find.run, find.command);
  std::fflush(stdout);
}

bool FarmSession::more() const {
  if (options_.runs && next_run_ >= *options_.runs) return false;
  if (next_run_ + (std::uint64_t{1} << 32) >= most_runs) return false;
  if (options_.seconds) return seconds() < *options_.seconds;
  return options_.runs.has_value() || seconds() < usual_seconds;
}

double FarmSession::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void FarmSession::show_progress() {
  if (seconds() < next_progress_) return;
  next_progress_ = seconds() + seconds_between_lines;
  fmt::print(stderr, "{:.0f} s: {} runs, {} operations, {:.3g} operations/s\n", seconds(), totals_.of(Met::runs),
             totals_.of(Met::operations), static_cast<double>(totals_.of(Met::operations)) / seconds_of_runs_);
}

void FarmSession::summarise() const {
  for (std::size_t i = 0; i < num_met; ++i) {
    fmt::print("  {:>16} {}\n", totals_.counts[i], names_of_met[i]);
  }
  if (semantics_ == Semantics::recorded) {
    fmt::print("{} pairs of a deviation and an invariant that it breaks\n", seen_.size());
  }
  const Farm::Bytes bytes = Farm::bytes_of_run();
  fmt::print("{} bytes a run, of which {} are the model and {} the small manager\n", bytes.lane, bytes.model,
             bytes.small);
  fmt::print("{} operations, {:.1f} seconds, {:.4g} operations/s while runs were under way\n",
             totals_.of(Met::operations), seconds(),
             static_cast<double>(totals_.of(Met::operations)) / std::max(seconds_of_runs_, 1e-9));
}

}  // namespace kvspec::fuzz::farm
