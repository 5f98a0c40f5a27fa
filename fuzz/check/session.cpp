#include "fuzz/check/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <utility>

#include "fuzz/check/capabilities.hpp"
#include "fuzz/host_engine.hpp"
#include "fuzz/precise_clause.hpp"
#include "fuzz/report.hpp"
#include "fuzz/scheduler.hpp"
#include "fuzz/shortest.hpp"
#include "fuzz/usual.hpp"
#include "model/oracle/command.hpp"
#include "model/oracle/model_engine.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/text.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;

// Long enough for a pool to fill, short enough to meet many configurations with an engine of a few thousand
// operations per second.
constexpr std::uint64_t operations_per_run = 500;
constexpr double usual_check_seconds = 60;

// Of differences that look the same before they are shrunk; each shrinking takes seconds.
constexpr std::size_t most_shrunk = 4;

// A run in which no operation reaches the engine takes no time and counts for nothing: a session of such runs alone
// would not end. So many in a row are taken to be all that is left; far more than there are configurations.
constexpr std::uint64_t most_barren = 2000;

// The argument as a shell reads it back.
std::string quoted(const std::string& argument) {
  const bool is_plain = !argument.empty() && argument.find_first_not_of(
                                                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                                 "-_./=:,+@%") == argument.npos;
  if (is_plain) return argument;
  std::string text = "'";
  for (const char c : argument) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::vector<Clause> deviations_of(Semantics semantics) {
  std::vector<Clause> deviations;
  for (const ClauseEntry& entry : clause_registry) {
    if (semantics == Semantics::recorded && entry.kind == ClauseKind::deviation) deviations.push_back(entry.clause);
  }
  return deviations;
}

// The list with the clause if it had none, or without it.
std::vector<Clause> toggled(std::vector<Clause> clauses, Clause clause) {
  if (std::erase(clauses, clause) == 0) clauses.push_back(clause);
  return clauses;
}

bool is_of_time(Clause clause) { return clause == Clause::engine_04 || clause == Clause::engine_05; }

// What breaks the protocol does so whatever the groups are.
std::set<GroupKind> kinds_of(const Config<S>& config, Disagreement kind) {
  std::set<GroupKind> kinds;
  if (kind == Disagreement::protocol) return kinds;
  for (const GroupSpec& group : config.groups) kinds.insert(group.kind);
  return kinds;
}

// How often to compare the state to see it again.
std::size_t period_of(const Counterexample& found) {
  return found.kind == Disagreement::view ? 1 : Examination::usual_state_period;
}

bool write(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.flush();
  return out.good();
}

}  // namespace

CheckSession::CheckSession(const CheckOptions& options)
    : options_(options),
      seed_(options.seed ? *options.seed : random_seed()),
      semantics_(options.semantics.value_or(Semantics::sound)),
      remote_(options.command, options.limits),
      deviations_(deviations_of(semantics_)),
      reference_(oracle::model_engine()) {
  for (const Preset& preset : presets()) {
    if (!preset.is_valid) continue;
    if (options.preset == "all" || options.preset == preset.name) chosen_.push_back(&preset);
  }
}

bool CheckSession::more() const {
  if (gone_ || is_hopeless_) return false;
  if (options_.operations && performed_ >= *options_.operations) return false;
  if (options_.seconds) return seconds() < *options_.seconds;
  if (options_.operations) return true;
  return options_.traces.empty() && seconds() < usual_check_seconds;
}

int CheckSession::run() {
  fmt::print("seed {}, configuration {}, mode {}, {} semantics\n", seed_, options_.preset, options_.tolerance.to_text(),
             name_of(semantics_));
  std::fflush(stdout);
  if (!ready()) return finish();
  verdicts_.engine = remote_.hello();
  fmt::print("engine {} {}\n", printable(verdicts_.engine.engine, 80), printable(verdicts_.engine.version, 80));
  std::fflush(stdout);
  progress_.begin();
  for (const std::string& file : options_.traces) {
    if (!gone_) check_trace(file);
  }
  std::uint64_t barren = 0;  // runs in a row
  for (std::uint64_t number = 0; more() && barren < most_barren; ++number) {
    const std::uint64_t before = performed_;
    check_scenario(number);
    barren = performed_ == before ? barren + 1 : 0;
  }
  is_barren_ = barren == most_barren;
  return finish();
}

bool CheckSession::ready() {
  const std::optional<Fault> fault = remote_.ready();
  if (!fault) return true;
  gone_ = true;
  Verdict verdict;
  verdict.failure.counterexample.kind = Disagreement::protocol;
  verdict.failure.counterexample.clause = fault->clause;
  verdict.failure.counterexample.expected = describe(fault->clause).sentence;
  verdict.failure.counterexample.actual = fault->what;
  verdict.found_in = "the start of the engine";
  verdict.repeat = repeat_command("");
  add(std::move(verdict));
  return false;
}

template <class Next>
void CheckSession::examine(const Config<Growing>& config, const Source& source, Next&& next) {
  if (!ready()) return;
  Examination examination(remote_, config, options_.tolerance, reference_);
  Commands commands;
  if (examination.status() == Examination::Status::refused) {
    ++verdicts_.refused;
    refusal_ = examination.refusal();
    return;
  }
  while (examination.status() == Examination::Status::going && next(examination, commands)) {
    if (progress_.is_due()) progress_.show(progress());
  }
  examination.finish();
  verdicts_.operations += examination.compared();
  if (examination.counterexample()) judge(config, std::move(commands), examination, source);
}

void CheckSession::check_trace(const std::string& file) {
  Decoded<Trace, TraceProblem> trace = read_trace_file(file);
  if (!trace) {
    fmt::print(stderr, "{}\n", to_text(trace.error()));
    bad_input_ = true;
    return;
  }
  trace.value().config.semantics = semantics_;
  const std::optional<Config<S>> config = within(trace.value().config, verdicts_.engine, options_.tolerance);
  if (!config) {
    ++verdicts_.left_out;
    return;
  }
  // Behind a deviation that was found there may be more.
  std::vector<Clause> known;
  do {
    known = deviations_;
    std::size_t at = 0;
    examine(*config, {file, "--traces " + quoted(file)}, [&](Examination& examination, Commands& commands) {
      if (at == trace.value().steps.size()) return false;
      const Command<S>& command = trace.value().steps[at++].command;
      Result<Observation<S>> result{Observation<S>{}};
      commands.push_back(command);
      examination.apply(command, result);
      ++performed_;
      return true;
    });
  } while (deviations_ != known);
}

void CheckSession::check_scenario(std::uint64_t number) {
  const Preset& preset = *chosen_[number % chosen_.size()];
  const std::uint64_t seed = seed_of_run(seed_, number);
  const std::optional<Scenario> scenario =
      within(make_scenario(preset, seed, semantics_), verdicts_.engine, options_.tolerance);
  if (!scenario) {
    ++verdicts_.left_out;
    return;
  }
  std::uint64_t operations = operations_per_run;
  if (options_.operations) operations = std::min(operations, *options_.operations - performed_);
  const Source source{fmt::format("configuration {}, seed {}", preset.name, seed),
                      fmt::format("--config {} --seed {} --operations {}", preset.name, seed, operations)};
  Scheduler scheduler(*scenario);
  std::uint64_t given = 0;
  examine(scenario->config, source, [&](Examination& examination, Commands& commands) {
    if (given == operations) return false;
    const Command<S>& command = scheduler.next();
    Result<Observation<S>> result{Observation<S>{}};
    commands.push_back(command);
    const Examination::Asked asked = examination.apply(command, result);
    if (asked != Examination::Asked::neither) scheduler.observe(command, result);
    ++given;
    ++performed_;
    return true;
  });
}

std::optional<Counterexample> CheckSession::replay(const Config<Growing>& config, const Commands& commands,
                                                   const oracle::MakeEngine& reference, std::size_t state_period,
                                                   Severity* severity) {
  // The shrinker also tries what the engine has not said it can.
  const std::optional<Config<S>> supported = within(config, verdicts_.engine, options_.tolerance);
  if (!supported || !(*supported == config) || !ready()) return {};
  const std::size_t window = severity == nullptr ? Examination::usual_window : 1;
  Examination examination(remote_, config, options_.tolerance, reference, state_period, window);
  Result<Observation<S>> result{Observation<S>{}};
  for (const Command<S>& command : commands) {
    if (examination.status() != Examination::Status::going) break;
    examination.apply(command, result);
  }
  examination.finish();
  if (severity != nullptr) *severity = examination.severity();
  return examination.counterexample();
}

Failure CheckSession::shrink(const Config<Growing>& config, const Commands& commands, const Counterexample& found) {
  const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                   std::chrono::duration<double>(options_.shrink_seconds));
  const std::size_t period = period_of(found);
  // What is waited for in vain is waited for once per replay: no longer than an answer takes with ample room.
  const double limit = remote_.answer_limit();
  const bool of_time = is_of_time(found.clause);
  if (of_time) remote_.set_answer_limit(std::min(limit, std::max(0.1, 10 * remote_.slowest())));
  // What has a verdict and looks like what was found is often simpler: shrinking would slide into it.
  const auto has_verdict = [&](const Config<S>& of, const Commands& with, const Counterexample& what) {
    Verdict named{.failure = {.config = of, .commands = with, .counterexample = what}};
    named.failure.counterexample.clause = precise_clause(named.failure);
    return same_as(named) != nullptr;
  };
  const bool is_new = !has_verdict(config, commands, found);
  const Oracle oracle = [&](const Config<S>& tried, const Commands& attempt) -> std::optional<Counterexample> {
    if (Clock::now() > end) return {};
    std::optional<Counterexample> again = replay(tried, attempt, reference_, period);
    if (again && is_new && has_verdict(tried, attempt, *again)) return {};
    // With less time to answer, late is silent.
    if (again && of_time && is_of_time(again->clause)) again->clause = found.clause;
    return again;
  };
  Failure failure = fuzz::shrink(config, commands, oracle);
  if (!same_cause(failure.counterexample, found)) {
    // There was no time, or the engine did not do it again: what was found belongs to the commands it was found with.
    failure = {.config = config, .commands = commands, .counterexample = found};
  } else if (!of_time) {
    failure = shortest(std::move(failure), oracle, reference_, [&] { return !gone_ && Clock::now() <= end; });
  }
  if (of_time) {
    remote_.lose();
    remote_.set_answer_limit(limit);
    failure.counterexample.actual = found.actual;
  }
  return failure;
}

void CheckSession::judge(const Config<Growing>& config, Commands commands, const Examination& examination,
                         const Source& source) {
  const Counterexample& seen = *examination.counterexample();
  const std::uint64_t most_faults = is_of_time(seen.clause) ? 3 : 20;
  Met& met = met_[{seen.clause, seen.kind}];
  if (++met.times == most_faults && seen.kind == Disagreement::protocol) is_hopeless_ = true;
  const std::set<GroupKind> kinds = kinds_of(config, seen.kind);
  if (Verdict* const known = repeated(met, kinds)) return void(++known->times);
  Verdict verdict{.severity = examination.severity(), .commands_before = commands.size(), .found_in = source.text};
  verdict.failure = {.config = config, .commands = commands, .counterexample = seen};
  // Which command the state differs after.
  std::optional<Counterexample> found = seen;
  if (seen.kind == Disagreement::view) found = replay(config, commands, reference_, 1);
  if (found) verdict.failure = shrink(config, commands, *found);
  if (!is_of_time(seen.clause)) {
    Severity severity = verdict.severity;
    const auto again = replay(verdict.failure.config, verdict.failure.commands, reference_,
                              period_of(verdict.failure.counterexample), &severity);
    const bool is_seen_again = again && same_cause(*again, verdict.failure.counterexample);
    verdict.comes_back = gone_ || is_seen_again;  // of an engine that is gone nothing more is known
    if (is_seen_again) {
      verdict.severity = severity;
      verdict.deviation = deviation_behind(verdict.failure);
      if (!verdict.deviation && retract_behind(verdict.failure)) return;  // it was no difference
    }
  }
  verdict.failure.counterexample.clause = precise_clause(verdict.failure);
  if (Verdict* const known = same_as(verdict)) {
    ++known->times;
    met.shrunk.push_back({kinds, static_cast<std::size_t>(known - verdicts_.all.data())});
    return;
  }
  met.shrunk.push_back({kinds, verdicts_.all.size()});
  const std::string file = trace_file_of(verdict);
  std::string arguments = source.arguments;
  if (write_counterexample(verdict.failure, file, Refusals::kept)) {
    verdict.trace_file = file;
    arguments = "--traces " + quoted(file);
  }
  verdict.repeat = repeat_command(arguments);
  if (verdict.deviation) {
    named_.push_back(*verdict.deviation);
    deviations_ = toggled(deviations_, *verdict.deviation);
    verdict.has_it = std::ranges::find(deviations_, *verdict.deviation) != deviations_.end();
    reference_ = host_engine(deviations_);
  }
  add(std::move(verdict));
}

Verdict* CheckSession::repeated(const Met& met, const std::set<GroupKind>& kinds) {
  Verdict* alike = nullptr;
  bool is_of_kinds = false;
  std::size_t shrunk = 0;
  for (const Met::Shrunk& earlier : met.shrunk) {
    Verdict& verdict = verdicts_.all[earlier.verdict];
    const bool is_behind = verdict.deviation && !verdict.in_part;  // from then on the comparison has the deviation
    if (is_behind) continue;
    ++shrunk;
    if (alike == nullptr || (earlier.kinds == kinds && !is_of_kinds)) alike = &verdict;
    is_of_kinds = is_of_kinds || earlier.kinds == kinds;
  }
  return is_of_kinds || shrunk >= most_shrunk ? alike : nullptr;
}

std::optional<Clause> CheckSession::deviation_behind(const Failure& failure) {
  if (failure.counterexample.kind == Disagreement::protocol) return {};
  for (const ClauseEntry& entry : clause_registry) {
    // An engine may have a part of a deviation: what is behind the other part is not named, or the two would take
    // turns.
    const bool is_named = std::ranges::find(named_, entry.clause) != named_.end();
    if (entry.kind != ClauseKind::deviation || is_named) continue;
    const bool explains = is_explained_by(toggled(deviations_, entry.clause), failure);
    if (gone_) return {};
    if (explains) return entry.clause;
  }
  return {};
}

bool CheckSession::retract_behind(const Failure& failure) {
  if (failure.counterexample.kind == Disagreement::protocol) return false;
  for (Verdict& verdict : verdicts_.all) {
    if (!verdict.deviation || verdict.in_part) continue;
    std::vector<Clause> before = toggled(deviations_, *verdict.deviation);
    const bool explains = is_explained_by(before, failure);
    if (gone_) return false;
    if (!explains) continue;
    verdict.in_part = true;
    deviations_ = std::move(before);
    reference_ = host_engine(deviations_);
    fmt::print("{} is known as {}{} in part only: elsewhere the engine behaves the other way round\n\n",
               describe(verdict.failure.counterexample.clause).id, verdict.has_it ? "" : "not ",
               describe(*verdict.deviation).id);
    std::fflush(stdout);
    return true;
  }
  return false;
}

bool CheckSession::is_explained_by(const std::vector<Clause>& deviations, const Failure& failure) {
  const Counterexample& found = failure.counterexample;
  const auto differs = replay(failure.config, failure.commands, host_engine(deviations), period_of(found));
  if (!differs) return !gone_;
  // What has a verdict already may be in the same commands.
  if (differs->step < found.step || same_cause(*differs, found)) return false;
  return std::ranges::any_of(verdicts_.all, [&](const Verdict& verdict) {
    return !verdict.deviation && same_cause(verdict.failure.counterexample, *differs);
  });
}

std::string CheckSession::trace_file_of(const Verdict& verdict) const {
  std::string name(describe(verdict.failure.counterexample.clause).id);
  if (verdict.deviation) name += "-" + std::string(describe(*verdict.deviation).id);
  const auto file_of = [&](const std::string& suffix) {
    return fmt::format("{}/kvspec-check-{}{}.jsonl", options_.trace_dir, name, suffix);
  };
  const auto is_taken = [&](const std::string& file) {
    return std::ranges::any_of(verdicts_.all, [&](const Verdict& other) { return other.trace_file == file; });
  };
  std::string file = file_of("");
  for (int number = 2; is_taken(file); ++number) file = file_of(fmt::format("-{}", number));
  return file;
}

Verdict* CheckSession::same_as(const Verdict& verdict) {
  const Counterexample& found = verdict.failure.counterexample;
  for (Verdict& known : verdicts_.all) {
    if (same_cause(known.failure.counterexample, found) && known.deviation == verdict.deviation) return &known;
  }
  return nullptr;
}

void CheckSession::add(Verdict verdict) {
  if (Verdict* const known = same_as(verdict)) return void(++known->times);
  progress_.clear();
  fmt::print("{}\n", to_text(verdict));
  std::fflush(stdout);
  verdicts_.all.push_back(std::move(verdict));
}

std::string CheckSession::progress() const {
  return fmt::format("{:.0f} s: {} operations, {:.0f} operations/s, {} configurations refused, {} starts, {} verdicts",
                     seconds(), performed_, static_cast<double>(performed_) / std::max(seconds(), 1e-3),
                     verdicts_.refused, remote_.starts(), verdicts_.all.size());
}

std::string CheckSession::repeat_command(const std::string& arguments) const {
  std::string text = "kvspec check";
  if (!options_.tolerance.to_text().starts_with("exact")) text += " --mode " + options_.tolerance.to_text();
  if (semantics_ == Semantics::recorded) text += " --semantics recorded";
  if (options_.limits.answer != TimeLimits{}.answer) text += fmt::format(" --time-limit {}", options_.limits.answer);
  if (!arguments.empty()) text += " " + arguments;
  text += " --";
  for (const std::string& word : options_.command) text += " " + quoted(word);
  return text;
}

int CheckSession::finish() {
  verdicts_.seconds = seconds();
  verdicts_.mode = options_.tolerance.to_text();
  verdicts_.semantics = name_of(semantics_);
  verdicts_.least = options_.least;
  verdicts_.starts = remote_.starts();
  progress_.finish(progress());
  for (const Verdict& verdict : verdicts_.all) {
    const Counterexample& found = verdict.failure.counterexample;
    fmt::print("  {:<9} {:<10} {} times, {} commands{}{}{}\n", describe(found.clause).id, to_text(verdict.severity),
               verdict.times, verdict.failure.commands.size(),
               !verdict.deviation ? ""
               : verdict.has_it   ? ", has "
                                  : ", has not ",
               verdict.deviation ? describe(*verdict.deviation).id : "", verdict.in_part ? " in part" : "");
  }
  if (is_hopeless_) fmt::print("stopped early: the engine breaks the protocol again and again\n");
  if (is_barren_) fmt::print("stopped early: no operation was performed in {} runs in a row\n", most_barren);
  if (verdicts_.left_out > 0) {
    fmt::print("{} runs left out: the engine does not manage their groups\n", verdicts_.left_out);
  }
  if (verdicts_.refused > 0) {
    fmt::print("{} configurations refused, the last: {}\n", verdicts_.refused, printable(refusal_, 200));
  }
  fmt::print("{} operations, {:.1f} seconds, {:.0f} operations/s, {} verdicts\n", verdicts_.operations,
             verdicts_.seconds, static_cast<double>(verdicts_.operations) / std::max(verdicts_.seconds, 1e-3),
             verdicts_.all.size());
  for (const auto& [file, text] :
       {std::pair(options_.json, to_json(verdicts_)), std::pair(options_.junit, to_junit(verdicts_))}) {
    if (file.empty() || write(file, text)) continue;
    fmt::print(stderr, "kvspec check: cannot write {}\n", file);
    bad_input_ = true;
  }
  if (!verdicts_.all.empty()) return oracle::exit_different;
  if (verdicts_.operations == 0) {
    fmt::print(stderr, "kvspec check: nothing was compared\n");
    return oracle::exit_bad_input;
  }
  if (verdicts_.operations < verdicts_.least) {
    fmt::print(stderr, "kvspec check: {} operations were compared, at least {} were asked for\n", verdicts_.operations,
               verdicts_.least);
    return oracle::exit_bad_input;
  }
  return bad_input_ ? oracle::exit_bad_input : oracle::exit_equal;
}

}  // namespace kvspec::fuzz
