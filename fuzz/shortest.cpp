#include "fuzz/shortest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "spec/trace/json.hpp"

namespace kvspec::fuzz {

namespace {

void add_distinct(Commands& commands, const Command<Growing>& command) {
  if (std::ranges::find(commands, command) == commands.end()) commands.push_back(command);
}

Commands commands_of(const Failure& failure) {
  Commands alphabet;
  for (const Command<Growing>& command : failure.commands) add_distinct(alphabet, command);
  return alphabet;
}

Commands with_simpler(Commands alphabet) {
  const std::size_t own = alphabet.size();
  for (std::size_t i = 0; i < own; ++i) {
    const Command<Growing> command = alphabet[i];
    for (const Command<Growing>& simpler : simpler_commands(command)) add_distinct(alphabet, simpler);
  }
  return alphabet;
}

class Search {
 public:
  Search(Failure failure, const Oracle& oracle, const oracle::MakeEngine& reference,
         const std::function<bool()>& may_go_on, std::size_t most_tried)
      : best_(std::move(failure)),
        oracle_(oracle),
        reference_(reference),
        may_go_on_(may_go_on),
        most_tried_(most_tried) {}

  Failure run() {
    ask(commands_of(best_));
    if (best_.search && best_.search->complete) ask(with_simpler(commands_of(best_)));
    return std::move(best_);
  }

 private:
  // Looks for fewer commands than the best has. What an alphabet has shown stays if a larger one takes too long.
  void ask(const Commands& alphabet) {
    const bool complete = is_searched(alphabet);
    if (complete || !best_.search) best_.search = Exhaustion{alphabet.size(), tried_, complete};
  }

  // Whether every shorter sequence was tried, or one was found.
  bool is_searched(const Commands& alphabet) {
    const bool past_matters = best_.counterexample.side == Side::both;
    std::unordered_set<std::string> seen{view_after({})};
    std::vector<Commands> sequences{{}};
    for (std::size_t length = 1; length < best_.commands.size(); ++length) {
      std::vector<Commands> longer;
      for (const Commands& sequence : sequences) {
        for (const Command<Growing>& command : alphabet) {
          if (tried_ == most_tried_ || !may_go_on_()) return false;
          Commands attempt = sequence;
          attempt.push_back(command);
          if (const auto differs = tried(attempt)) {
            if (!same_cause(*differs, best_.counterexample)) continue;
            best_.commands = std::move(attempt);
            best_.counterexample = *differs;
            return true;
          }
          const bool goes_on = length + 1 < best_.commands.size();
          if (goes_on && (past_matters ? is_performed(attempt) : seen.insert(view_after(attempt)).second)) {
            longer.push_back(std::move(attempt));
          }
        }
      }
      sequences = std::move(longer);
    }
    return true;
  }

  std::optional<Counterexample> tried(const Commands& attempt) {
    ++tried_;
    return oracle_(best_.config, attempt);
  }

  // Whether the last command is performed; one that is refused changes nothing.
  bool is_performed(const Commands& commands) const {
    const auto engine = reference_(best_.config);
    if (!engine) return false;
    bool performed = false;
    for (const Command<Growing>& command : commands) performed = engine.value()->step(command).ok();
    return performed;
  }

  std::string view_after(const Commands& commands) const {
    const auto engine = reference_(best_.config);
    if (!engine) return {};
    for (const Command<Growing>& command : commands) (void)engine.value()->step(command);
    return to_json(engine.value()->view());
  }

  Failure best_;
  const Oracle& oracle_;
  const oracle::MakeEngine& reference_;
  const std::function<bool()>& may_go_on_;
  std::size_t most_tried_;
  std::size_t tried_ = 0;
};

}  // namespace

Failure shortest(Failure failure, const Oracle& oracle, const oracle::MakeEngine& reference,
                 const std::function<bool()>& may_go_on, std::size_t most_tried) {
  std::size_t before = failure.commands.size() + 1;
  while (failure.commands.size() >= 2 && failure.commands.size() < before) {
    before = failure.commands.size();
    failure = Search(std::move(failure), oracle, reference, may_go_on, most_tried).run();
    if (failure.commands.size() == before) break;
    // What is left may be made simpler now.
    const std::size_t replays = failure.replays;
    Failure simpler = shrink(failure.config, failure.commands, oracle);
    // An oracle that gives no answers any more says nothing against what was found.
    if (!same_cause(simpler.counterexample, failure.counterexample)) break;
    failure = std::move(simpler);
    failure.replays += replays;
  }
  return failure;
}

std::string to_text(const Exhaustion& search) {
  if (!search.complete) return {};
  return fmt::format(
      "no shorter one was found: {} sequences of {} commands, these and simpler ones, were tried, states of the model "
      "that look alike taken once",
      search.sequences, search.alphabet);
}

}  // namespace kvspec::fuzz
