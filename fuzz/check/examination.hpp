// An examination: one configuration, one manager of the model and one of an engine, the same commands to both. In the
// place of the model may stand another reference.
//
// The model is asked first. What it answers is what the engine should answer, so the engine can be asked ahead: several
// requests are written before their answers are read and compared. The traffic may follow from the model's answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/check/remote.hpp"
#include "fuzz/check/renaming.hpp"
#include "fuzz/check/severity.hpp"
#include "fuzz/check/tolerance.hpp"
#include "fuzz/counterexample.hpp"
#include "model/oracle/engine.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::fuzz {

class Examination {
 public:
  // Requests that are written before an answer is read.
  static constexpr std::size_t usual_window = 32;
  static constexpr std::size_t usual_state_period = 16;

  enum class Status : std::uint8_t {
    going,      // commands may follow
    refused,    // the engine has no means for the configuration
    over,       // what follows is not defined: the engine failed as it should [ALLOC-18], or chose for itself [MODE-05]
    different,  // counterexample() says how
  };

  // Asks for a manager. `remote` is ready and outlives this. `reference` makes the model. state_period: operations from
  // one comparison of the state to the next, at least 1; the engine's dump is asked for, if it has one. window:
  // requests that are written before an answer is read, at least 1; with 1 the model is not ahead when an answer is
  // judged, and what a difference means is told from its state.
  Examination(Remote& remote, const Config<Growing>& config, const Tolerance& tolerance,
              const oracle::MakeEngine& reference, std::size_t state_period = usual_state_period,
              std::size_t window = usual_window);

  Status status() const { return status_; }
  // Why the configuration was refused.
  const std::string& refusal() const { return refusal_; }

  // What becomes of a command.
  enum class Asked : std::uint8_t {
    both,     // the answers are compared, now or later
    model,    // only the model performed it: the engine does not list it, and need not know
    neither,  // the engine does not list it, or could do anything then
  };
  // Performs a command; `result` is what the model answered, unless neither performed it. Precondition: going.
  Asked apply(const Command<Growing>& command, Result<Observation<Growing>>& result);

  // Reads the answers that are outstanding, and compares the state once more if the engine shows it.
  void finish();

  // Operations whose answers were compared.
  std::uint64_t compared() const { return compared_; }
  const std::optional<Counterexample>& counterexample() const { return counterexample_; }
  Severity severity() const { return severity_; }

 private:
  struct Pending {
    Command<Growing> command;
    Result<Observation<Growing>> expected;
    std::vector<bool> equals{};                // [MODE-02]
    std::size_t step = 0;                      // index of the command
    std::optional<Command<Growing>> before{};  // a dump that nobody asked for: the command it comes after
    bool counts_only = false;                  // which blocks are given is the engine's choice [MODE-05]
  };

  void begin(const Config<Growing>& config, const oracle::MakeEngine& reference);
  Asked way_of(const Command<Growing>& command) const;
  std::vector<bool> equals() const;
  std::optional<Command<Growing>> unseen_blocks(const Command<Growing>& command,
                                                const Result<Observation<Growing>>& result) const;
  void ask(Pending pending);
  void ask_for_state();
  void flush();
  void end();
  void compare(const Pending& pending, std::string_view line);
  void compare(const Pending& pending, const Observation<Growing>& actual);
  void differ(Counterexample found, Severity severity);
  void broken(Fault fault, const Pending* pending);

  Remote& remote_;
  Tolerance tolerance_;
  std::vector<GroupSpec> groups_;
  std::size_t state_period_;
  std::size_t window_;
  std::unique_ptr<oracle::Engine> model_{};
  Renaming renaming_;
  Status status_ = Status::going;
  std::string refusal_{};
  std::string requests_{};
  std::vector<Pending> pending_{};
  std::size_t steps_ = 0;                   // commands that were given
  std::size_t since_state_ = 0;             // operations asked since the last dump
  std::optional<Command<Growing>> last_{};  // asked, but for dumps
  std::size_t step_of_last_ = 0;
  std::uint64_t compared_ = 0;
  std::optional<Counterexample> counterexample_{};
  Severity severity_ = Severity::protocol;
};

}  // namespace kvspec::fuzz
