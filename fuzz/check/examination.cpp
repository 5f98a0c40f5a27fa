#include "fuzz/check/examination.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "fuzz/check/policy.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/responsible_clause.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;

std::string_view op_of(const Command<S>& command) {
  return std::visit([](const auto& c) { return std::string_view(c.op); }, command);
}

// Commands that change nothing that any other answer shows, or only what the engine then never shows. The common prefix
// is none of them: asking for it can give a request a block table. [DEV-06]
bool only_reads(const Command<S>& command) {
  return std::visit(
      []<class C>(const C&) {
        return std::is_same_v<C, NewStepStarts<S>> || std::is_same_v<C, TakeNewBlockIds<S>> ||
               std::is_same_v<C, TakeEvents<S>> || std::is_same_v<C, GetBlockIds<S>> ||
               std::is_same_v<C, TakeStats<S>> || std::is_same_v<C, DumpState<S>>;
      },
      command);
}

bool gives_out_blocks(const Command<S>& command) {
  return std::holds_alternative<AllocateSlots<S>>(command) || std::holds_alternative<PoolGetNewBlocks<S>>(command);
}

bool names_blocks(const Command<S>& command) {
  return std::visit([](const auto& c) { return requires { c.block_ids; }; }, command);
}

bool shows_hashes(const Command<S>& command) {
  return std::holds_alternative<DumpState<S>>(command) || std::holds_alternative<PoolGetCachedBlock<S>>(command);
}

// What an answer has given out is not free in the next one.
void leave_out_given(const Observation<S>& answer, std::vector<bool>& equals) {
  const auto* allocated = std::get_if<AllocateSlots<S>::Observation>(&answer);
  if (allocated == nullptr || !allocated->result) return;
  for (const BlockList<S>& blocks : *allocated->result) {
    for (const BlockId b : blocks) {
      if (b < equals.size()) equals[b] = false;
    }
  }
}

// Without what the mode no-hashes leaves out. [MODE-04]
void leave_out_hashes(Observation<S>& observation) {
  if (auto* added = std::get_if<AddRequest<S>::Observation>(&observation)) added->block_hashes.clear();
  if (auto* appended = std::get_if<AppendTokens<S>::Observation>(&observation)) appended->new_block_hashes.clear();
}

std::string to_text(const RecordedError& error) { return "an error, " + error.type + ": " + error.msg; }

}  // namespace

Examination::Examination(Remote& remote, const Config<Growing>& config, const Tolerance& tolerance,
                         const oracle::MakeEngine& reference, std::size_t state_period, std::size_t window)
    : remote_(remote),
      tolerance_(tolerance),
      groups_(config.groups.begin(), config.groups.end()),
      state_period_(state_period),
      window_(window),
      renaming_(tolerance) {
  begin(config, reference);
}

void Examination::begin(const Config<Growing>& config, const oracle::MakeEngine& reference) {
  Result<std::unique_ptr<oracle::Engine>> made = reference(config);
  const std::string requests = reset_request() + "\n" + config_request(config) + "\n";
  std::optional<Decoded<Done>> reset;
  std::optional<Decoded<ConfigAnswer>> answer;
  std::size_t answered = 0;
  const auto take = [&](std::string_view line) {
    if (!reset) {
      reset.emplace(reset_from_answer(line));
    } else {
      answer.emplace(config_from_answer(line));
    }
  };
  if (auto fault = remote_.exchange(requests, 2, take, answered)) return broken(std::move(*fault), nullptr);
  if (!*reset) return broken({reset->error().clause, reset->error().what}, nullptr);
  if (!*answer) return broken({answer->error().clause, answer->error().what}, nullptr);
  if (const Unsupported* unsupported = std::get_if<Unsupported>(&answer->value())) {
    status_ = Status::refused;
    refusal_ = unsupported->why;
    return;
  }
  const RecordedError* error = std::get_if<RecordedError>(&answer->value());
  if (made && error != nullptr && !remote_.hello().errors) {
    // Whose errors mean nothing in particular has no better way to say what it does not support.
    status_ = Status::refused;
    refusal_ = to_text(*error);
    return;
  }
  if (made && error == nullptr) {
    model_ = std::move(made.value());
    return;
  }
  if (!made && error != nullptr) {
    status_ = Status::over;
    return;
  }
  Counterexample found;
  found.kind = Disagreement::creation;
  found.clause = made ? Clause::engine_07 : made.error().clause;
  found.expected = made ? "accepted" : kvspec::to_text(made.error());
  found.actual = error == nullptr ? "accepted" : to_text(*error);
  differ(std::move(found), made ? Severity::wedge : Severity::wrong_data);
}

Examination::Asked Examination::way_of(const Command<Growing>& command) const {
  if (!remote_.hello().understands(command)) return Asked::neither;
  if (tolerance_.no_hashes && shows_hashes(command)) return Asked::neither;
  if (remote_.hello().has(op_of(command))) return Asked::both;
  return only_reads(command) ? Asked::model : Asked::neither;
}

// Which blocks are free and hold nothing, where the mode lets them stand for one another.
std::vector<bool> Examination::equals() const {
  const StateDump<S> state = model_->view().state;
  std::vector<bool> equals(state.free_queue.size() + state.ref_cnt.size() + 1);
  for (const BlockId b : state.free_queue) equals[b] = true;
  for (const auto& entry : state.hashes) equals[entry.block] = false;
  return equals;
}

Examination::Asked Examination::apply(const Command<Growing>& given, Result<Observation<Growing>>& result) {
  const std::size_t step = steps_++;
  const Asked way = way_of(given);
  if (way == Asked::neither) return way;
  // Names are learned from answers.
  if (tolerance_.ids && names_blocks(given)) flush();
  if (status_ != Status::going) return Asked::neither;
  Command<S> command = renaming_.without_unnamed(given);
  std::vector<bool> equals;
  if (tolerance_.order && gives_out_blocks(command)) equals = this->equals();
  if (PoolTouch<S>* touch = std::get_if<PoolTouch<S>>(&command); touch != nullptr && tolerance_.order) {
    // One that holds nothing, taken from the middle of the queue, leaves a gap whose place depends on their order.
    std::erase_if(touch->block_ids, [among = this->equals()](BlockId b) { return b < among.size() && among[b]; });
  }
  std::optional<StateDump<S>> before;
  if (tolerance_.eviction) before = model_->view().state;
  result = model_->step(command);
  const Choice choice = before ? choice_of(command, *before, model_->view().state) : Choice::none;
  if (choice == Choice::copy) {
    end();
    return Asked::neither;
  }
  // Many engines may do anything where a precondition is broken; what the recorded system fails at is no such thing.
  const bool fails_as_recorded = !result && result.error().clause == Clause::alloc_18;
  if (way == Asked::model || (!result && !remote_.hello().errors && !fails_as_recorded)) return Asked::model;
  // A dump shows what the command before it did.
  if (std::holds_alternative<DumpState<S>>(command) && last_) {
    ask_for_state();
    return Asked::both;
  }
  last_ = command;
  step_of_last_ = step;
  const std::optional<Command<S>> shows_rest = unseen_blocks(command, result);
  ask({std::move(command), result, equals, step, {}, choice == Choice::victim});
  if (choice == Choice::victim) {
    end();
    return Asked::both;
  }
  if (shows_rest) {
    leave_out_given(result.value(), equals);
    ask({*shows_rest, model_->step(*shows_rest), std::move(equals), step, {}});
  }
  if (!result && !remote_.hello().errors) {
    flush();
    if (status_ == Status::going) status_ = Status::over;
    return Asked::both;
  }
  if (++since_state_ >= state_period_) ask_for_state();
  if (pending_.size() >= window_) flush();
  return Asked::both;
}

// An answer does not name the blocks for external tokens. Where blocks have to be named to be known, the table is asked
// for. [ALLOC-11, MODE-01]
std::optional<Command<Growing>> Examination::unseen_blocks(const Command<Growing>& command,
                                                           const Result<Observation<Growing>>& result) const {
  const AllocateSlots<S>* allocation = std::get_if<AllocateSlots<S>>(&command);
  if (!tolerance_.ids || allocation == nullptr || allocation->num_external_computed_tokens == 0 || !result) return {};
  if (!std::get_if<AllocateSlots<S>::Observation>(&result.value())->result) return {};
  GetBlockIds<S> table{};
  table.req = allocation->req;
  return remote_.hello().has(table.op) ? std::optional<Command<S>>(table) : std::nullopt;
}

void Examination::ask(Pending pending) {
  requests_ += command_request(renaming_.for_engine(pending.command));
  requests_ += '\n';
  pending_.push_back(std::move(pending));
}

// Nothing more is compared than what was asked.
void Examination::end() {
  flush();
  if (status_ == Status::going) status_ = Status::over;
}

void Examination::ask_for_state() {
  since_state_ = 0;
  const Command<S> dump = DumpState<S>{};
  if (way_of(dump) == Asked::both) ask({dump, model_->step(dump), {}, step_of_last_, last_});
}

void Examination::finish() {
  if (status_ != Status::going) return;
  if (since_state_ > 0) ask_for_state();
  flush();
}

void Examination::flush() {
  if (pending_.empty()) return;
  std::size_t next = 0;
  std::size_t answered = 0;
  // After a difference the other answers are read and not looked at, so that the engine can be asked again.
  const auto take = [&](std::string_view line) {
    const Pending& pending = pending_[next++];
    if (status_ == Status::going) compare(pending, line);
  };
  const std::optional<Fault> fault = remote_.exchange(requests_, pending_.size(), take, answered);
  if (fault && status_ == Status::going) broken(*fault, &pending_[std::min(answered, pending_.size() - 1)]);
  requests_.clear();
  pending_.clear();
}

void Examination::compare(const Pending& pending, std::string_view line) {
  const Decoded<CommandAnswer> answer = observation_from_answer(line, pending.command);
  if (!answer) return broken({answer.error().clause, answer.error().what}, &pending);
  if (const auto* unsupported = std::get_if<Unsupported>(&answer.value())) {
    return broken({Clause::engine_07, "unsupported: " + unsupported->why}, &pending);
  }
  const auto* error = std::get_if<RecordedError>(&answer.value());
  ++compared_;
  if (error == nullptr && pending.expected) return compare(pending, *std::get_if<Observation<S>>(&answer.value()));
  if (error != nullptr && !pending.expected) return;
  Counterexample found;
  found.kind = Disagreement::error;
  found.step = pending.step;
  found.command = pending.command;
  found.clause = pending.expected ? clause_of_observation(pending.command, "") : pending.expected.error().clause;
  found.expected =
      pending.expected ? kvspec::to_text(pending.expected.value()) : kvspec::to_text(pending.expected.error());
  found.actual = error != nullptr ? to_text(*error) : kvspec::to_text(*std::get_if<Observation<S>>(&answer.value()));
  // What fails, and what waits for what can never be, makes a scheduler stop. [ALLOC-19]
  const bool stops = error != nullptr || found.clause == Clause::alloc_19;
  differ(std::move(found), stops ? Severity::wedge : Severity::wrong_data);
}

void Examination::compare(const Pending& pending, const Observation<Growing>& answered) {
  Observation<S> actual = renaming_.for_model(pending.expected.value(), answered, pending.equals);
  // Informative, and therefore not compared.
  if (auto* state = std::get_if<StateDump<S>>(&actual)) state->null_block_ref_cnt_unmaintained.reset();
  Observation<S> expected = renaming_.compared(pending.expected.value());
  for (Observation<S>* side : {&expected, &actual}) {
    if (tolerance_.no_hashes) leave_out_hashes(*side);
    if (pending.counts_only) leave_out_names(*side);
  }
  if (expected == actual) return;
  Counterexample found = differing_results(pending.step, pending.command, expected, actual, groups_);
  if (pending.before) {
    found.kind = Disagreement::view;
    found.command = *pending.before;
    found.clause = clause_of_view(*pending.before, found.path);
  }
  const std::optional<StateDump<S>> after = window_ == 1 ? std::optional(model_->view().state) : std::nullopt;
  differ(std::move(found), severity_of(expected, actual, after ? &*after : nullptr));
}

void Examination::differ(Counterexample found, Severity severity) {
  counterexample_ = std::move(found);
  severity_ = severity;
  status_ = Status::different;
}

void Examination::broken(Fault fault, const Pending* pending) {
  Counterexample found;
  found.kind = Disagreement::protocol;
  found.clause = fault.clause;
  if (pending != nullptr) {
    found.step = pending->step;
    found.command = pending->command;
  }
  found.expected = describe(fault.clause).sentence;
  found.actual = std::move(fault.what);
  const bool stops = fault.clause == Clause::engine_05 || fault.clause == Clause::engine_06;
  differ(std::move(found), stops ? Severity::wedge : Severity::protocol);
}

}  // namespace kvspec::fuzz
