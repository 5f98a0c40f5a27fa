#include "model/oracle/replay.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <new>
#include <utility>

#include "spec/trace/print.hpp"
#include "spec/trace/responsible_clause.hpp"
#include "spec/trace/text.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec::oracle {

namespace {

std::string op_of(const Command<Growing>& command) {
  return std::visit([](const auto& c) { return std::string(c.op); }, command);
}

// What is wrong with an input that breaks a clause.
TraceError broken(const std::string& where, Error error) {
  const ClauseEntry& clause = describe(error.clause);
  return trace_error(error.clause, fmt::format("{}: {} (offending: {})", where, clause.sentence, error.offending));
}

// The engine under test, and the model beside it as the judge of inputs that the engine refuses.
class Replay {
 public:
  Replay(std::string file, const NamedEngine& engine, const NamedEngine& model, std::optional<Semantics> semantics)
      : file_(std::move(file)),
        make_engine_(engine),
        make_model_(model),
        judged_(engine.name != model.name),
        semantics_(semantics) {}

  Replayed run() {
    std::ifstream in(file_, std::ios::binary);
    Decoded<TraceReader, TraceProblem> reader = TraceReader::open(in, file_);
    if (!reader) {
      done_.problem = reader.error();
      return std::move(done_);
    }
    Config<Growing> config = reader.value().config();
    config.semantics = semantics_.value_or(config.semantics.value_or(Semantics::recorded));
    try {
      if (create(config)) replay_steps(reader.value());
    } catch (const std::bad_alloc&) {
      engine_.reset();
      model_.reset();
      problem(line_, trace_error(Clause::trace_07, "out of memory"));
    }
    return std::move(done_);
  }

 private:
  bool create(const Config<Growing>& config) {
    auto engine = make_engine_.make(config);
    if (judged_) {
      auto model = make_model_.make(config);
      const auto outcome = [](const auto& made) { return made.ok() ? "accepted" : to_text(made.error()); };
      if (outcome(model) != outcome(engine)) {
        return differ(1, "config", {"", outcome(model), outcome(engine)},
                      model.ok() ? engine.error().clause : model.error().clause);
      }
      if (model) model_ = std::move(model.value());
    }
    if (!engine) {
      problem(1, broken("config", engine.error()));
      return false;
    }
    engine_ = std::move(engine.value());
    return true;
  }

  void replay_steps(TraceReader& reader) {
    for (;;) {
      Decoded<std::optional<TraceStep>, TraceProblem> next = reader.next();
      if (!next) {
        done_.problem = next.error();
        return;
      }
      if (!next.value()) break;
      if (!replay_step(*next.value())) return;
    }
  }

  // Whether the trace may go on.
  bool replay_step(const TraceStep& step) {
    line_ = step.line;
    const std::string op = op_of(step.command);
    const std::optional<View<Growing>> before = step.error ? std::optional(engine_->view()) : std::nullopt;
    const Result<Observation<Growing>> result = engine_->step(step.command);
    const Result<Observation<Growing>> judged = judged_ ? model_->step(step.command) : result;
    if (!judged && !result && !(judged.error() == result.error())) {
      ++done_.operations;
      return differ(step.line, op, {"", to_text(judged.error()), to_text(result.error())}, judged.error().clause);
    }
    if (step.error) {
      ++done_.operations;
      const std::string recorded = step.error->type + ": " + step.error->msg;
      if (judged && !result)
        return differ(step.line, op, {"", "performed", to_text(result.error())}, result.error().clause);
      if (!result) return is_unchanged(step.line, op, *before);
      return differ(step.line, op, {"err", recorded, to_text(result.value())},
                    judged ? clause_of_observation(step.command, "") : judged.error().clause);
    }
    if (!result && !judged) return problem(step.line, broken(op, result.error()));
    ++done_.operations;
    if (!result) {
      return differ(step.line, op,
                    {"", step.observation ? to_text(*step.observation) : "performed", to_text(result.error())},
                    result.error().clause);
    }
    if (!step.observation) return true;
    if (auto found = first_difference(compared_part(*step.observation), compared_part(result.value()))) {
      const Clause clause = clause_of_observation(step.command, found->path);
      return differ(step.line, op, std::move(*found), clause);
    }
    return true;
  }

  // An error changes nothing. What the recorded system was left with when it failed halfway is not compared.
  bool is_unchanged(std::size_t line, const std::string& op, const View<Growing>& before) {
    const View<Growing> after = engine_->view();
    if (after == before) return true;
    Difference found{"", "unchanged by an error", "changed"};
    if (auto in_state = first_difference(before.state, after.state)) found = std::move(*in_state);
    const Clause clause = clause_of_view(DumpState<Growing>{}, found.path);
    return differ(line, op, std::move(found), clause);
  }

  bool differ(std::size_t line, std::string operation, Difference difference, Clause clause) {
    done_.difference = TraceDifference{file_, line, std::move(operation), std::move(difference), clause};
    return false;
  }
  bool problem(std::size_t line, TraceError error) {
    done_.problem = TraceProblem{file_, line, std::move(error)};
    return false;
  }

  std::string file_;
  const NamedEngine& make_engine_;
  const NamedEngine& make_model_;
  bool judged_;
  std::optional<Semantics> semantics_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Engine> model_;
  std::size_t line_ = 1;
  Replayed done_;
};

}  // namespace

std::string to_text(const TraceDifference& found) {
  const std::string_view space = found.difference.path.empty() ? "" : " ";
  const auto shown = [](std::string_view text) { return printable(text, max_error_bytes); };
  return fmt::format("{}:{}: {}{}{}: expected {}, actual {} [{}]", shown(found.file), found.line, found.operation,
                     space, shown(found.difference.path), shown(found.difference.expected),
                     shown(found.difference.actual), describe(found.clause).id);
}

Replayed replay_file(const std::string& file, const NamedEngine& engine, const NamedEngine& model,
                     std::optional<Semantics> semantics) {
  return Replay(file, engine, model, semantics).run();
}

int replay_files(const std::vector<std::string>& files, const NamedEngine& engine, const NamedEngine& model,
                 std::optional<Semantics> semantics) {
  std::uint64_t traces = 0;
  std::uint64_t operations = 0;
  std::uint64_t differences = 0;
  int exit_code = exit_equal;
  for (const std::string& file : files) {
    const Replayed replayed = replay_file(file, engine, model, semantics);
    operations += replayed.operations;
    if (replayed.problem) {
      exit_code = exit_bad_input;
      std::fflush(stdout);
      fmt::print(stderr, "{}\n", kvspec::to_text(*replayed.problem));
      continue;
    }
    ++traces;
    if (!replayed.difference) continue;
    ++differences;
    if (exit_code == exit_equal) exit_code = exit_different;
    fmt::print("{}\n", to_text(*replayed.difference));
  }
  fmt::print("{} traces, {} operations, {} differences\n", traces, operations, differences);
  return exit_code;
}

}  // namespace kvspec::oracle
