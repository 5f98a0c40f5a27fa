#include "model/oracle/replay.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <utility>

#include "spec/trace/print.hpp"
#include "spec/trace/responsible_clause.hpp"
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

// A recording may or may not hold what is informative; what is not compared must not differ by being there.
void leave_out_informative(StateDump<Growing>& state) { state.null_block_ref_cnt_unmaintained.reset(); }

Observation<Growing> compared_part(Observation<Growing> observation) {
  if (auto* state = std::get_if<StateDump<Growing>>(&observation)) leave_out_informative(*state);
  return observation;
}

// The engine under test, and the model beside it as the judge of inputs that the engine refuses.
class Replay {
 public:
  Replay(std::string file, const NamedEngine& engine, const NamedEngine& model)
      : file_(std::move(file)), make_engine_(engine), make_model_(model), judged_(engine.name != model.name) {}

  Replayed run() {
    std::ifstream in(file_, std::ios::binary);
    Decoded<TraceReader, TraceProblem> reader = TraceReader::open(in, file_);
    if (!reader) {
      done_.problem = reader.error();
      return std::move(done_);
    }
    if (create(reader.value().config())) replay_steps(reader.value());
    return std::move(done_);
  }

 private:
  bool create(const Config<Growing>& config) {
    auto engine = make_engine_.make(config);
    if (judged_) {
      auto model = make_model_.make(config);
      if (model.ok() != engine.ok()) {
        const Error error = model.ok() ? engine.error() : model.error();
        differ(1, "config", {"", model.ok() ? "accepted" : to_text(error), model.ok() ? to_text(error) : "accepted"},
               error.clause);
        return false;
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
      last_line_ = next.value()->line;
    }
    if (reader.after_error_state()) compare_after_error(*reader.after_error_state());
  }

  // Whether the trace may go on.
  bool replay_step(const TraceStep& step) {
    const std::string op = op_of(step.command);
    const Result<Observation<Growing>> result = engine_->step(step.command);
    const Result<Observation<Growing>> judged = judged_ ? model_->step(step.command) : result;
    if (step.error) {
      ++done_.operations;
      if (!result) return true;
      return differ(step.line, op, {"err", step.error->type + ": " + step.error->msg, to_text(result.value())},
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

  void compare_after_error(StateDump<Growing> recorded) {
    leave_out_informative(recorded);
    if (auto found = first_difference(recorded, engine_->view().state)) {
      const Clause clause = clause_of_view(DumpState<Growing>{}, found->path);
      differ(last_line_ + 1, "after_error_state", std::move(*found), clause);
    }
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
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Engine> model_;
  std::size_t last_line_ = 1;
  Replayed done_;
};

}  // namespace

std::string to_text(const TraceDifference& found) {
  const std::string_view space = found.difference.path.empty() ? "" : " ";
  return fmt::format("{}:{}: {}{}{}: expected {}, actual {} [{}]", found.file, found.line, found.operation, space,
                     found.difference.path, found.difference.expected, found.difference.actual,
                     describe(found.clause).id);
}

Replayed replay_file(const std::string& file, const NamedEngine& engine, const NamedEngine& model) {
  return Replay(file, engine, model).run();
}

int replay_files(const std::vector<std::string>& files, const NamedEngine& engine, const NamedEngine& model) {
  std::uint64_t traces = 0;
  std::uint64_t operations = 0;
  std::uint64_t differences = 0;
  int exit_code = exit_equal;
  for (const std::string& file : files) {
    const Replayed replayed = replay_file(file, engine, model);
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
