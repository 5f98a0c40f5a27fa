#include "tests/mutants/hunter/hunt.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "fuzz/expected.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/precise_clause.hpp"
#include "fuzz/report.hpp"
#include "fuzz/shortest.hpp"
#include "fuzz/shrink.hpp"
#include "model/oracle/model_engine.hpp"
#include "spec/trace/responsible_clause.hpp"
#include "tests/mutants/hunter/isolation.hpp"
#include "tests/mutants/hunter/pair.hpp"
#include "tests/mutants/hunter/seed_cases.hpp"
#include "tests/seed/table.hpp"

namespace kvspec::mutants {
namespace {

using fuzz::Commands;
using fuzz::Counterexample;
using fuzz::Disagreement;
using Json = nlohmann::json;

constexpr std::uint64_t operations_per_run = 2000;
constexpr std::size_t most_replays = 20000;
// Shares of a round of lockstep, in seconds. Most of what there is to find is found in the first.
constexpr double sound_seconds = 1.0;
constexpr double recorded_seconds = 0.5;

// Where a hunt is: kept in shared memory, so that it outlives a subject that takes its process down.
struct Position {
  enum class Source : std::uint8_t { scenario, trace, seed_case };
  Source source = Source::scenario;
  Semantics semantics = Semantics::sound;
  std::size_t index = 0;  // of the preset, the trace or the case
  std::uint64_t run_seed = 0;
  std::uint64_t operations = 0;
  double seconds = 0;
};

std::string_view text_of(Semantics semantics) { return semantics == Semantics::sound ? "sound" : "recorded"; }

// What deviations break is not looked for under the recorded semantics.
fuzz::ClauseSet tolerated(Semantics semantics) {
  fuzz::ClauseSet clauses;
  if (semantics == Semantics::sound) return clauses;
  for (const fuzz::Breach& breach : fuzz::all_breaches()) clauses.add(breach.invariant);
  return clauses;
}

// Whether the model does the same: then it says nothing about the subject.
bool is_of_the_model(const Counterexample& found) {
  return found.kind == Disagreement::invariant && found.side != fuzz::Side::right;
}

// What a hunt replays: a configuration and its commands, and how they were come by.
struct Suspicion {
  Config<Growing> config{};
  Commands commands{};
  fuzz::Origin origin{.right = "subject"};
  std::string found_by{};
};

class Hunter {
 public:
  Hunter(const HuntOptions& options, Position& at) : options_(options), at_(at), start_(processor_seconds()) {}

  // In a process of its own.
  std::optional<Kill> run() {
    if (auto kill = lockstep(Semantics::sound, sound_seconds)) return kill;
    if (auto kill = lockstep(Semantics::recorded, recorded_seconds)) return kill;
    if (auto kill = traces()) return kill;
    if (auto kill = seed_cases()) return kill;
    while (seconds() < options_.seconds) {
      if (auto kill = lockstep(Semantics::sound, 3 * sound_seconds)) return kill;
      if (auto kill = lockstep(Semantics::recorded, recorded_seconds)) return kill;
    }
    return {};
  }

  // In the process that started it, after it has died at `at`.
  Kill died(int signal);

 private:
  double seconds() const { return processor_seconds() - start_; }
  std::optional<Kill> lockstep(Semantics semantics, double share);
  std::optional<Kill> traces();
  std::optional<Kill> seed_cases();
  fuzz::Scenario scenario() const {
    return fuzz::make_scenario(fuzz::presets()[at_.index], at_.run_seed, at_.semantics);
  }
  Suspicion suspicion() const;
  Kill kill_of_case(std::string how, const std::string& expression) const;
  fuzz::Oracle oracle(std::uint32_t view_period) const;
  template <class MakeOracle>
  Kill shrunk(Suspicion suspicion, MakeOracle&& oracle_with) const;

  const HuntOptions& options_;
  Position& at_;
  double start_;
  std::uint64_t number_ = 0;  // of the next run of random traffic
};

// Every preset once at least, whatever the share.
std::optional<Kill> Hunter::lockstep(Semantics semantics, double share) {
  at_.source = Position::Source::scenario;
  at_.semantics = semantics;
  const auto presets = fuzz::presets();
  const double end = seconds() + share;
  for (std::size_t i = 0; i < presets.size() || seconds() < end; ++i, ++number_) {
    at_.index = i % presets.size();
    at_.run_seed = fuzz::seed_of_run(options_.seed, number_);
    at_.seconds = seconds();
    if (at_.seconds > options_.seconds) return {};
    may_run_for(options_.hang_seconds);
    const fuzz::Outcome outcome = mutants::run(
        scenario(), operations_per_run, {.view_period = fuzz::usual_view_period, .tolerated = tolerated(semantics)});
    at_.operations += outcome.traffic.operations;
    at_.seconds = seconds();
    if (!outcome.counterexample || is_of_the_model(*outcome.counterexample)) continue;
    return shrunk(suspicion(), [&](std::uint32_t period) { return oracle(period); });
  }
  return {};
}

std::optional<Kill> Hunter::traces() {
  at_.source = Position::Source::trace;
  at_.semantics = Semantics::recorded;
  for (at_.index = 0; at_.index < options_.traces.size(); ++at_.index) {
    const RecordedTrace& trace = options_.traces[at_.index];
    at_.seconds = seconds();
    may_run_for(options_.hang_seconds);
    std::size_t reached = 0;
    const auto found = replay(trace.config, trace.commands, fuzz::usual_view_period, tolerated(at_.semantics), reached);
    at_.operations += reached;
    at_.seconds = seconds();
    if (!found || is_of_the_model(*found)) continue;
    return shrunk(suspicion(), [&](std::uint32_t period) { return oracle(period); });
  }
  return {};
}

std::optional<Kill> Hunter::seed_cases() {
  at_.source = Position::Source::seed_case;
  const auto cases = mutants::seed_cases();
  for (at_.index = 0; at_.index < cases.size(); ++at_.index) {
    const SeedCase& one = cases[at_.index];
    at_.semantics = one.semantics;
    at_.seconds = seconds();
    may_run_for(options_.hang_seconds);
    const seed::Verdict verdict = one.run();
    at_.seconds = seconds();
    if (verdict.passed() == one.must_fail) return kill_of_case("assertion", std::string(verdict.expression));
  }
  return {};
}

Suspicion Hunter::suspicion() const {
  Suspicion suspicion;
  suspicion.origin.semantics = at_.semantics;
  if (at_.source == Position::Source::trace) {
    const RecordedTrace& trace = options_.traces[at_.index];
    suspicion.config = trace.config;
    suspicion.commands = trace.commands;
    suspicion.found_by = "recorded trace " + trace.name;
    return suspicion;
  }
  const fuzz::Scenario drawn = scenario();
  suspicion.config = drawn.config;
  suspicion.commands = commands_of(drawn, operations_per_run);
  suspicion.origin.preset = fuzz::presets()[at_.index].name;
  suspicion.origin.seed = at_.run_seed;
  suspicion.origin.operations = operations_per_run;
  suspicion.found_by = "lockstep, " + std::string(text_of(at_.semantics));
  return suspicion;
}

// The clause that a broken invariant or an unexpected error names, and those that the case says it covers.
Kill Hunter::kill_of_case(std::string how, const std::string& expression) const {
  const SeedCase& one = mutants::seed_cases()[at_.index];
  Kill kill{.found_by = "seed case " + one.name, .how = std::move(how)};
  const auto is_id = [&](const ClauseEntry& entry) { return entry.id == expression; };
  if (std::ranges::any_of(clause_registry, is_id)) kill.clauses.push_back(expression);
  for (const seed::CaseRow& row : seed::case_rows(KVSPEC_SOURCE_DIR)) {
    if (row.name != one.base) continue;
    for (std::string_view rest = row.clauses; !rest.empty();) {
      const std::size_t end = std::min(rest.find(", "), rest.size());
      kill.clauses.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 2, rest.size()));
    }
  }
  kill.report =
      "seed case " + one.name + ", " + std::string(text_of(one.semantics)) + " semantics: " + expression + "\n";
  return kill;
}

// Replays in this process.
fuzz::Oracle Hunter::oracle(std::uint32_t view_period) const {
  return [=, this](const Config<Growing>& config, const Commands& commands) {
    may_run_for(options_.hang_seconds);
    std::size_t reached = 0;
    return replay(config, commands, view_period, tolerated(at_.semantics), reached);
  };
}

// Views are compared after every command of the first replay, so that a difference is seen where it arises.
template <class MakeOracle>
Kill Hunter::shrunk(Suspicion suspicion, MakeOracle&& oracle_with) const {
  const double start = processor_seconds();
  fuzz::Oracle oracle = oracle_with(1);
  const auto in_time = [&](const Config<Growing>& config, const Commands& commands) -> std::optional<Counterexample> {
    if (processor_seconds() - start > options_.shrink_seconds) return {};
    return oracle(config, commands);
  };
  Kill kill{.found_by = suspicion.found_by};
  const auto first = oracle(suspicion.config, suspicion.commands);
  if (!first) {
    kill.how = "not repeatable";
    return kill;
  }
  oracle = oracle_with(fuzz::period_to_replay(first->kind));
  kill.commands_before = std::min(first->step + 1, suspicion.commands.size());
  suspicion.origin.commands_before = kill.commands_before;
  fuzz::Failure failure{.config = suspicion.config, .commands = suspicion.commands, .counterexample = *first};
  if (options_.shrinks) {
    failure =
        fuzz::shortest(fuzz::shrink(suspicion.config, suspicion.commands, in_time, most_replays), in_time,
                       oracle::model_engine(), [&] { return processor_seconds() - start <= options_.shrink_seconds; });
    failure.counterexample.clause = fuzz::precise_clause(failure, oracle);
  }
  const Counterexample& found = failure.counterexample;
  kill.how = found.kind == Disagreement::protocol ? found.actual : std::string(fuzz::to_text(found.kind));
  kill.clauses.emplace_back(describe(found.clause).id);
  kill.commands = std::min(found.step + 1, failure.commands.size());
  kill.shrink_seconds = processor_seconds() - start;
  if (options_.shrinks) kill.report = fuzz::report(failure, suspicion.origin);
  return kill;
}

// ---- replays in processes of their own ------------------------------------------------------------------------------

Json to_json(const Counterexample& found) {
  return {{"step", found.step},
          {"kind", static_cast<int>(found.kind)},
          {"clause", static_cast<int>(found.clause)},
          {"side", static_cast<int>(found.side)},
          {"path", found.path},
          {"expected", found.expected},
          {"actual", found.actual}};
}

Counterexample counterexample_from(const Json& json, const Commands& commands) {
  Counterexample found;
  found.step = json["step"];
  if (found.step < commands.size()) found.command = commands[found.step];
  found.kind = static_cast<Disagreement>(json["kind"].get<int>());
  found.clause = static_cast<Clause>(json["clause"].get<int>());
  found.side = static_cast<fuzz::Side>(json["side"].get<int>());
  found.path = json["path"];
  found.expected = json["expected"];
  found.actual = json["actual"];
  return found;
}

// The clause is that of what the command should have done.
Counterexample deadly(const Commands& commands, std::size_t reached, int signal) {
  Counterexample found;
  found.step = std::min(reached, commands.size() - 1);
  found.command = commands[found.step];
  found.kind = Disagreement::protocol;
  found.clause = clause_of_observation(*found.command, "");
  found.expected = "an answer";
  found.actual = text_of_signal(signal);
  return found;
}

fuzz::Oracle isolated_oracle(Semantics semantics, double seconds, std::uint32_t view_period) {
  auto reached = std::make_shared<Shared<std::size_t>>();
  return [=](const Config<Growing>& config, const Commands& commands) -> std::optional<Counterexample> {
    if (commands.empty()) return {};
    const Ending ending = isolated(seconds, [&] {
      const auto found = replay(config, commands, view_period, tolerated(semantics), **reached);
      return found && !is_of_the_model(*found) ? to_json(*found).dump() : std::string();
    });
    if (!ending.answered) return deadly(commands, **reached, ending.signal);
    if (ending.answer.empty()) return {};
    return counterexample_from(Json::parse(ending.answer), commands);
  };
}

Kill Hunter::died(int signal) {
  if (at_.source == Position::Source::seed_case) return kill_of_case(text_of_signal(signal), "");
  Kill kill = shrunk(suspicion(), [&](std::uint32_t view_period) {
    return isolated_oracle(at_.semantics, options_.hang_seconds / 2, view_period);
  });
  if (kill.clauses.empty()) kill.how = text_of_signal(signal);
  return kill;
}

// ---- from one process to the other ----------------------------------------------------------------------------------

Json to_json(const Kill& kill) {
  return {{"found_by", kill.found_by},
          {"how", kill.how},
          {"clauses", kill.clauses},
          {"commands", kill.commands},
          {"commands_before", kill.commands_before},
          {"shrink_seconds", kill.shrink_seconds},
          {"report", kill.report}};
}

Kill kill_from(const Json& json) {
  return {.found_by = json["found_by"],
          .how = json["how"],
          .clauses = json["clauses"],
          .commands = json["commands"],
          .commands_before = json["commands_before"],
          .shrink_seconds = json["shrink_seconds"],
          .report = json["report"]};
}

}  // namespace

Hunt hunt(const HuntOptions& options) {
  const Shared<Position> at;
  Hunt hunt;
  const Ending ending = isolated(options.hang_seconds, [&] {
    const std::optional<Kill> kill = Hunter(options, *at).run();
    return kill ? to_json(*kill).dump() : std::string();
  });
  if (!ending.answered) {
    hunt.kill = Hunter(options, *at).died(ending.signal);
  } else if (!ending.answer.empty()) {
    hunt.kill = kill_from(Json::parse(ending.answer));
  }
  hunt.seconds = at->seconds;
  hunt.operations = at->operations + (hunt.kill && !ending.answered ? hunt.kill->commands_before : 0);
  return hunt;
}

}  // namespace kvspec::mutants
